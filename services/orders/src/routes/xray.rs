//! `GET /v1/internal/xray/{order_id}`

use axum::extract::State;
use common::types::OrderId;
use service_kit::{Answer, Caller, Path, Problem, Services, xray::Xray};

use crate::App;

/// Tells which steps an order took, what was asked and answered, what the kitchen did and what is trouble,
/// as three lanes of the order's X-ray. An order that is not known here has empty lanes.
#[utoipa::path(
    get, path = "/v1/internal/xray/{order_id}", operation_id = "xray_saga", tag = "internal",
    params(("order_id" = OrderId, Path)),
    responses((status = 200, body = Xray), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Services>,
    Path(order): Path<OrderId>,
) -> Result<Answer<Xray>, Problem> {
    Ok(Answer::ok(app.xray(order).await?))
}

#[cfg(test)]
mod live {
    use serde_json::{Value, json};
    use sqlx::PgPool;
    use uuid::Uuid;

    use crate::bench::{ANNA, Bench};

    fn whats(lane: &Value) -> Vec<&str> {
        let entries = lane["entries"].as_array().unwrap();
        entries.iter().map(|entry| entry["what"].as_str().unwrap()).collect()
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_lanes_tell_the_whole_life_of_an_order(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = bench.a_confirmed_order().await;
        bench.neighbours.tell("/void", 409, "already-captured", 1);
        bench.cancel(id).await.is(202);
        bench.becomes(id, "CANCELLED").await;

        let path = format!("/v1/internal/xray/{id}");
        let answer = bench.service.as_service("gateway").get(&path).send().await;

        let lanes = &answer.is(200).json["lanes"];
        let names: Vec<_> = (0..3).map(|n| lanes[n]["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["saga", "kitchen", "incidents"]);
        let saga = whats(&lanes[0]);
        for what in ["RESERVING", "reserve may be asked", "reserve OK", "authorize OK", "CONFIRMED"]
        {
            assert!(saga.contains(&what), "{what}: {saga:?}");
        }
        assert_eq!(saga.last(), Some(&"CANCELLED"));
        assert_eq!(whats(&lanes[1]), ["ACCEPTED", "CANCELLED"]);
        assert_eq!(whats(&lanes[2]), ["refused void"]);
        let entries = lanes[0]["entries"].as_array().unwrap();
        let refused = entries.iter().find(|entry| entry["what"] == "void REFUSED").unwrap();
        assert_eq!(refused["cause"], "already-captured");
        let cancelling = entries.iter().find(|entry| entry["what"] == "CANCELLING").unwrap();
        let said = (&cancelling["actor"], &cancelling["cause"]);
        assert_eq!(said, (&json!("customer"), &json!("customer_changed_mind")));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_order_under_way_says_what_it_waits_for_and_a_stranger_learns_nothing(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = bench.a_confirmed_order().await;
        let gateway = bench.service.as_service("gateway");

        let known = gateway.get(&format!("/v1/internal/xray/{id}")).send().await;
        let last = known.json["lanes"][0]["entries"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["what"], "waits");
        assert!(last["detail"]["deadline_at"].is_string());

        let unknown =
            gateway.get(&format!("/v1/internal/xray/{}", Uuid::from_u128(7))).send().await;
        assert_eq!(unknown.is(200).json["lanes"][0]["entries"], json!([]));
        let anna =
            bench.service.as_customer(ANNA).get(&format!("/v1/internal/xray/{id}")).send().await;
        anna.is_problem(403, "role-not-allowed");
    }
}
