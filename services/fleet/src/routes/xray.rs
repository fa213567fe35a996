//! `GET /v1/internal/xray/{order_id}`

use axum::extract::State;
use common::types::OrderId;
use service_kit::{Answer, Caller, Path, Problem, Services, xray::Xray};

use crate::App;

/// Tells who was to bring an order, how far it came and what went wrong, as one lane of the order's X-ray. An order that is not known here has an empty lane.
#[utoipa::path(
    get, path = "/v1/internal/xray/{order_id}", operation_id = "xray_courier", tag = "internal",
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
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_lane_tells_who_had_the_order_and_how_far_it_came(db: PgPool) {
        let bench = Bench::new(db);
        let (_, courier) = bench.a_collected_delivery().await;
        let path = format!("/v1/internal/xray/{}", Bench::order_id(1));

        let answer = bench.as_service().get(&path).send().await;

        let lane = &answer.is(200).json["lanes"][0];
        assert_eq!(lane["name"], "courier");
        let entries = lane["entries"].as_array().unwrap();
        let states: Vec<&str> =
            entries.iter().map(|entry| entry["what"].as_str().unwrap()).collect();
        assert_eq!((states[0], states[states.len() - 1]), ("PENDING", "PICKED_UP"));
        assert_eq!(entries[entries.len() - 1]["detail"]["courier_id"], courier.to_string());
        bench.as_dispatcher().get(&path).send().await.is_problem(403, "role-not-allowed");
        let path = format!("/v1/internal/xray/{}", Bench::order_id(2));
        let unknown = bench.as_service().get(&path).send().await;
        assert_eq!(unknown.is(200).json["lanes"][0]["entries"], serde_json::json!([]));
    }
}
