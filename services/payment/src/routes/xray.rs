//! `GET /v1/internal/xray/{order_id}`

use axum::extract::State;
use common::types::OrderId;
use service_kit::{Answer, Caller, Path, Problem, Services, xray::Xray};

use crate::App;

/// Tells what was asked of the provider, what came of it and what was booked for an order, as one lane of the order's X-ray. An order that is not known here has an empty lane.
#[utoipa::path(
    get, path = "/v1/internal/xray/{order_id}", operation_id = "xray_money", tag = "internal",
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

    use crate::bench::{Bench, ORDER, asking};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_lane_tells_every_call_every_step_and_what_was_booked(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);
        bench.capture(1250).await.is(200);
        bench.settle().await;
        let path = format!("/v1/internal/xray/{ORDER}");

        let answer = bench.orders().get(&path).send().await;

        let lane = &answer.is(200).json["lanes"][0];
        assert_eq!(lane["name"], "money");
        let told = lane["entries"].to_string();
        for word in ["AUTHORIZED", "CAPTURED", "authorize asked", "capture OK", "booked"] {
            assert!(told.contains(word), "{word}: {told}");
        }
        bench.operator().get(&path).send().await.is_problem(403, "role-not-allowed");
    }
}
