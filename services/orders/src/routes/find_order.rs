//! `GET /v1/orders/{order_id}`

use axum::extract::State;
use common::types::OrderId;
use orders_contract::http::Order;
use service_kit::{Answer, Caller, Path, Problem};

use super::owner;
use crate::{App, wire};

/// Shows an order to its customer or its store.
#[utoipa::path(
    get, path = "/v1/orders/{order_id}", operation_id = "find_order", tag = "orders",
    params(("order_id" = OrderId, Path)),
    responses((status = 200, body = Order), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Answer<Order>, Problem> {
    let order = app.find_order(owner::of(caller.principal()), id).await?;
    Ok(Answer::ok(wire::order(&order)).etag(order.version))
}
