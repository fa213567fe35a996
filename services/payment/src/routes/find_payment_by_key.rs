//! `GET /v1/internal/payments/by-key/{key}`

use axum::extract::State;
use service_kit::{Answer, Caller, Path, Problem, Services};

use super::wire;
use crate::App;

/// Finds the payment that the call `order_id:step:generation` belongs to. 404: no such call was begun.
#[utoipa::path(
    get, path = "/v1/internal/payments/by-key/{key}", operation_id = "find_payment_by_key", tag = "internal",
    params(("key" = String, Path, example = "0191e4b0-0000-5000-8000-000000000001:authorize:1")),
    responses((status = 200, body = wire::PaymentState), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Services>,
    Path(key): Path<String>,
) -> Result<Answer<wire::PaymentState>, Problem> {
    let payment = app.find_payment_by_key(&key).await?;
    Ok(Answer::ok(wire::PaymentState::from(&payment)))
}
