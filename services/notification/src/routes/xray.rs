//! `GET /v1/internal/xray/{order_id}`

use axum::extract::State;
use common::types::OrderId;
use service_kit::{Answer, Caller, Path, Problem, Services, xray::Xray};

use crate::App;

/// Tells what people were told of an order, and how it was sent, as one lane of the order's X-ray. An order that is not known here has an empty lane.
#[utoipa::path(
    get, path = "/v1/internal/xray/{order_id}", operation_id = "xray_messages", tag = "internal",
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
    async fn the_lane_tells_what_was_sent_and_to_nobody_where(db: PgPool) {
        let bench = Bench::new(db).await;
        let order = bench.confirmed("delivery").await;
        bench.send().await;
        let path = format!("/v1/internal/xray/{order}");

        let answer = bench.service().get(&path).send().await;

        let lane = &answer.is(200).json["lanes"][0];
        assert_eq!(lane["name"], "messages");
        let entries = lane["entries"].as_array().unwrap();
        let what: Vec<&str> = entries.iter().map(|entry| entry["what"].as_str().unwrap()).collect();
        // Database and service have clocks of their own: who of them comes first is not told.
        assert!(what.contains(&"told"), "{what:?}");
        let steps: Vec<&str> = what.into_iter().filter(|what| *what != "told").collect();
        assert_eq!(steps, ["QUEUED", "SENDING", "SENT"]);
        assert!(!lane.to_string().contains('@'), "{lane}");
        bench.anna().get(&path).send().await.is_problem(403, "role-not-allowed");
    }
}
