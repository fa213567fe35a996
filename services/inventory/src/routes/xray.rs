//! `GET /v1/internal/xray/{order_id}`

use axum::extract::State;
use common::types::OrderId;
use service_kit::{Answer, Caller, Path, Problem, Services, xray::Xray};

use crate::App;

/// Tells what was held, sold and given back for an order, as one lane of the order's X-ray. An order that is not known here has an empty lane.
#[utoipa::path(
    get, path = "/v1/internal/xray/{order_id}", operation_id = "xray_stock", tag = "internal",
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

    use crate::bench::{BEANS, Bench, EAST, ESPRESSO, order};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_lane_tells_what_was_held_and_what_left_the_store(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.reserve(1, EAST, &[(ESPRESSO, 1)]).await.is(200);
        bench.step(1, "confirm").await.is(200);
        bench.step(1, "ship").await.is(200);
        let path = format!("/v1/internal/xray/{}", order(1));

        let answer = bench.as_service("gateway").get(&path).send().await;

        let lane = &answer.is(200).json["lanes"][0];
        let what: Vec<&str> = lane["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["what"].as_str().unwrap())
            .collect();
        assert_eq!(
            (lane["name"].as_str(), what.as_slice()),
            (Some("stock"), ["HELD", "CONFIRMED", "SHIPPED", "SALE"].as_slice())
        );
        assert_eq!(lane["entries"][3]["detail"]["item_id"], BEANS.to_string());
        bench.as_admin().get(&path).send().await.is_problem(403, "role-not-allowed");
        let path = format!("/v1/internal/xray/{}", order(2));
        let unknown = bench.as_service("gateway").get(&path).send().await;
        assert_eq!(unknown.is(200).json["lanes"][0]["entries"], serde_json::json!([]));
    }
}
