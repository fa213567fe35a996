//! `POST /v1/internal/deliveries`

use axum::extract::State;
use service_kit::{Caller, Created, Problem, Services, ValidJson};

use super::wire;
use crate::App;

/// Asks for an order to be brought. The order is the key: asked again, the answer is the delivery that is
/// there. An order whose delivery was called off first is refused.
#[utoipa::path(
    post, path = "/v1/internal/deliveries", operation_id = "create_delivery", tag = "internal",
    request_body = wire::CreateDelivery,
    responses((status = 201, body = wire::Delivery), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Services>,
    ValidJson(body): ValidJson<wire::CreateDelivery>,
) -> Result<Created<wire::Delivery>, Problem> {
    let actor = format!("service:{}", caller.service());
    let make = |id, now| wire::errand(&body, id, now);
    let delivery = app.create_delivery(&actor, make).await?;
    let location = format!("/v1/deliveries/{}", delivery.errand.id);
    Ok(Created::at(location, wire::Delivery::from(&delivery)).etag(delivery.version()))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_order_is_brought_once_however_often_it_is_asked_for(db: PgPool) {
        let bench = Bench::new(db);

        let (one, two) = tokio::join!(bench.asks_for_delivery(), bench.asks_for_delivery());

        assert_eq!(one.is(201).json["state"], "PENDING");
        assert_eq!(one.json["delivery_id"], two.is(201).json["delivery_id"]);
        bench.has_told(&["delivery_planned"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_delivery_called_off_before_it_was_asked_for_is_refused(db: PgPool) {
        let bench = Bench::new(db);
        bench.cancels_delivery().await.is(200);

        bench.asks_for_delivery().await.is_problem(409, "already-cancelled");

        assert_eq!(bench.count("delivery").await, 0);
        bench.has_told(&[]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn bad_input_changes_nothing(db: PgPool) {
        let bench = Bench::new(db);
        let post = async |change: (&str, serde_json::Value)| {
            let mut body = Bench::errand(1);
            body[change.0] = change.1;
            bench.as_service().post("/v1/internal/deliveries", body).send().await
        };

        let off_the_globe = json!({"lat": 91.0, "lon": 0.0});
        post(("dropoff", off_the_globe)).await.is_problem(422, "invalid-body");
        post(("order_id", json!("x"))).await.is_problem(422, "invalid-body");
        post(("price", json!(1))).await.is_problem(422, "unknown-field");
        let body = Bench::errand(1);
        let people = bench.as_dispatcher().post("/v1/internal/deliveries", body).send().await;
        people.is_problem(403, "role-not-allowed");
        assert_eq!(bench.count("delivery").await, 0);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_database_refuses_a_step_that_is_not_legal(db: PgPool) {
        let bench = Bench::new(db.clone());
        bench.asks_for_delivery().await.is(201);

        let skipped = "UPDATE delivery SET state = 'CANCELLED', version = version + 2";
        assert!(sqlx::query(skipped).execute(&db).await.is_err(), "a version is skipped");
        let revived = "UPDATE delivery SET state = 'CANCELLED', version = version + 1";
        sqlx::query(revived).execute(&db).await.unwrap();
        let revived = "UPDATE delivery SET state = 'PENDING', version = version + 1";
        assert!(sqlx::query(revived).execute(&db).await.is_err(), "it has ended");

        let seqs: Vec<i64> = sqlx::query_scalar("SELECT seq FROM delivery_transition ORDER BY seq")
            .fetch_all(&db)
            .await
            .unwrap();
        assert_eq!(seqs, [1, 2]);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_database_and_the_domain_know_the_same_legal_steps(db: PgPool) {
        let mut stored: Vec<(String, String)> =
            sqlx::query_as("SELECT from_state, to_state FROM delivery_legal")
                .fetch_all(&db)
                .await
                .unwrap();
        let legal = crate::domain::State::LEGAL.iter();
        let mut legal: Vec<(String, String)> =
            legal.map(|(a, b)| (a.name().to_owned(), b.name().to_owned())).collect();
        stored.sort();
        legal.sort();
        assert_eq!(stored, legal);
    }
}
