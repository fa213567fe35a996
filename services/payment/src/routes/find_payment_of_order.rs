//! `GET /v1/payments?order_id=`

use axum::extract::State;
use service_kit::{Answer, Caller, Customers, Problem, Query};

use super::wire;
use crate::App;

/// Finds the payment of one of the caller's orders; an order has one.
#[utoipa::path(
    get, path = "/v1/payments", operation_id = "find_payment_of_order", tag = "payments",
    params(wire::OfOrder),
    responses((status = 200, body = wire::Payment), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Customers>,
    Query(query): Query<wire::OfOrder>,
) -> Result<Answer<wire::Payment>, Problem> {
    let customer = caller.principal().customer();
    let found = app.find_own_payment_of_order(customer, query.order_id).await?;
    Ok(Answer::ok(wire::Payment::from(&found)))
}
