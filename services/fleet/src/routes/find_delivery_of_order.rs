//! `GET /v1/internal/deliveries/by-order/{order_id}`

use axum::extract::State;
use common::types::OrderId;
use service_kit::{Answer, Caller, Path, Problem, Services};

use super::wire;
use crate::App;

/// Finds the delivery of an order.
#[utoipa::path(
    get, path = "/v1/internal/deliveries/by-order/{order_id}",
    operation_id = "find_delivery_of_order", tag = "internal",
    params(("order_id" = OrderId, Path)),
    responses((status = 200, body = wire::Delivery), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Services>,
    Path(order): Path<OrderId>,
) -> Result<Answer<wire::Delivery>, Problem> {
    let delivery = app.find_delivery_of_order(order).await?;
    Ok(Answer::ok(wire::Delivery::from(&delivery)).etag(delivery.version()))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn services_find_a_delivery_by_its_order_and_people_do_not(db: PgPool) {
        let bench = Bench::new(db);
        bench.asks_for_delivery().await.is(201);
        let path = format!("/v1/internal/deliveries/by-order/{}", Bench::order_id(1));

        let found = bench.as_service().get(&path).send().await;
        assert_eq!(found.is(200).json["order_id"], Bench::order_id(1).to_string());
        bench.as_dispatcher().get(&path).send().await.is_problem(403, "role-not-allowed");

        let path = format!("/v1/internal/deliveries/by-order/{}", Bench::order_id(2));
        bench.as_service().get(&path).send().await.is_problem(404, "no-such-delivery");
    }
}
