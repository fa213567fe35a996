//! `GET /v1/internal/payments/{order_id}`

use axum::extract::State;
use common::types::OrderId;
use service_kit::{Answer, Caller, Path, Problem, Services};

use super::wire;
use crate::App;

/// Finds the payment of an order, for our own services.
#[utoipa::path(
    get, path = "/v1/internal/payments/{order_id}", operation_id = "find_internal_payment", tag = "internal",
    params(("order_id" = OrderId, Path)),
    responses((status = 200, body = wire::PaymentState), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Services>,
    Path(order): Path<OrderId>,
) -> Result<Answer<wire::PaymentState>, Problem> {
    let payment = app.find_payment(order).await?;
    Ok(Answer::ok(wire::PaymentState::from(&payment)))
}
