//! `PUT /v1/deliveries/{delivery_id}/assignment`

use axum::extract::State;
use common::types::DeliveryId;
use service_kit::{Answer, Caller, Dispatchers, IfMatch, Path, Problem, ValidJson};

use super::{versions, wire};
use crate::App;

/// Gives a delivery to a courier who is free; the one who had it is free then.
#[utoipa::path(
    put, path = "/v1/deliveries/{delivery_id}/assignment",
    operation_id = "assign_delivery", tag = "deliveries",
    params(("delivery_id" = DeliveryId, Path), ("if-match" = String, Header, description = "The version")),
    request_body = wire::AssignDelivery,
    responses((status = 200, body = wire::Delivery), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Dispatchers>,
    Path(id): Path<DeliveryId>,
    IfMatch(known): IfMatch,
    ValidJson(body): ValidJson<wire::AssignDelivery>,
) -> Result<Answer<wire::Delivery>, Problem> {
    let actor = format!("dispatcher:{}", caller.principal().id);
    let given = app.assign_delivery(&actor, id, known, body.courier_id).await;
    let delivery = given.map_err(versions::problem)?;
    Ok(Answer::ok(wire::Delivery::from(&delivery)).etag(delivery.version()))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, DOOR};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_dispatcher_gives_a_delivery_to_another_courier(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, first) = bench.an_assigned_delivery().await;
        let second = bench.a_free_courier(2, DOOR).await;

        bench.assigns(delivery, 1, second).await.is_problem(412, "if-match-failed");
        let answer = bench.assigns(delivery, 2, second).await;

        assert_eq!(answer.is(200).json["courier_id"], second.to_string());
        assert_eq!(bench.courier_state(first).await, "AVAILABLE");
        assert_eq!(bench.courier_state(second).await, "BUSY");
        let version = answer.json["version"].as_i64().unwrap();
        let again = bench.assigns(delivery, version, second).await;
        assert_eq!(again.is(200).json["version"], version, "the same again changes nothing");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn only_a_free_courier_of_the_cell_is_given_anything(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, first) = bench.an_assigned_delivery().await;
        let off = bench.a_courier(2).await;
        let elsewhere = bench.a_courier_of(3, "west-a").await;
        bench.is_available(elsewhere).await;

        bench.assigns(delivery, 2, off).await.is_problem(409, "courier-not-available");
        bench.assigns(delivery, 2, elsewhere).await.is_problem(409, "courier-not-available");
        let unknown = Bench::courier_id(9);
        bench.assigns(delivery, 2, unknown).await.is_problem(422, "no-such-courier");
        let path = format!("/v1/deliveries/{delivery}/assignment");
        let body = json!({"courier_id": off});
        let unversioned = bench.as_dispatcher().put(&path, &body).send().await;
        unversioned.is_problem(428, "if-match-required");
        let courier = bench.as_courier(first).put(&path, &body).if_match(2).send().await;
        courier.is_problem(403, "role-not-allowed");

        assert_eq!(bench.courier_state(first).await, "BUSY");
        assert_eq!(bench.state_of(delivery).await, "ASSIGNED");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_was_collected_stays_with_its_courier(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, _) = bench.a_collected_delivery().await;
        let second = bench.a_free_courier(2, DOOR).await;

        let version = bench.version_of(delivery).await;
        let answer = bench.assigns(delivery, version, second).await;

        answer.is_problem(409, "already-picked-up");
        assert_eq!(bench.courier_state(second).await, "AVAILABLE");
    }
}
