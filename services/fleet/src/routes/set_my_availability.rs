//! `PUT /v1/couriers/me/availability`

use axum::extract::State;
use service_kit::{Answer, Caller, Couriers, Problem, ValidJson};

use super::wire;
use crate::App;

/// Begins or ends the caller's work. Needs no `If-Match`: the last word counts.
#[utoipa::path(
    put, path = "/v1/couriers/me/availability", operation_id = "set_my_availability", tag = "couriers",
    request_body = wire::SetAvailability,
    responses((status = 200, body = wire::Courier), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Couriers>,
    ValidJson(body): ValidJson<wire::SetAvailability>,
) -> Result<Answer<wire::Courier>, Problem> {
    let courier = app.set_availability(caller.principal().courier(), body.available).await?;
    let version = courier.version;
    Ok(Answer::ok(courier.into()).etag(version))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn work_begins_and_ends_but_not_with_a_delivery_in_hand(db: PgPool) {
        let bench = Bench::new(db);
        let courier = bench.a_courier(1).await;
        let set = async |available| {
            let caller = bench.as_courier(courier);
            let body = json!({"available": available});
            caller.put("/v1/couriers/me/availability", body).send().await
        };

        assert_eq!(set(true).await.is(200).json["state"], "AVAILABLE");
        assert_eq!(set(true).await.is(200).json["version"], 2, "the same again changes nothing");
        assert_eq!(set(false).await.is(200).json["state"], "OFF");
        set(true).await.is(200);
        bench.asks_for_delivery().await.is(201);
        bench.dispatches().await;

        set(false).await.is_problem(409, "courier-busy");
        assert_eq!(bench.courier_state(courier).await, "BUSY");
    }
}
