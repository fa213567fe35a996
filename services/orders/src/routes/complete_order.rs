//! `PUT /v1/orders/{order_id}/complete`

use axum::extract::State;
use common::types::OrderId;
use orders_contract::http::Order;
use service_kit::{Answer, Caller, IfMatch, Path, Problem, Staff};

use super::owner;
use crate::{App, wire};

/// Hands an order over at the counter; the money is taken in the background.
#[utoipa::path(
    put, path = "/v1/orders/{order_id}/complete", operation_id = "complete_order", tag = "orders",
    params(("order_id" = OrderId, Path), ("If-Match" = String, Header, description = "The order's `ETag`")),
    responses((status = 200, body = Order), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Staff>,
    Path(id): Path<OrderId>,
    IfMatch(version): IfMatch,
) -> Result<Answer<Order>, Problem> {
    let done = app.complete_order(owner::of(caller.principal()), id, Some(version)).await;
    let order = done.map_err(super::stale_is_412)?;
    Ok(Answer::ok(wire::order(&order)).etag(order.version))
}
