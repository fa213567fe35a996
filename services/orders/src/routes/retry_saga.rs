//! `POST /v1/ops/orders/{order_id}/saga/retry`

use axum::extract::State;
use common::types::OrderId;
use service_kit::{Caller, Keyed, Path, Problem, Stored};

use super::saga_act::{Platform, done};
use crate::{
    App,
    app::Act,
    wire::{ActOnSaga, SagaAct},
};

/// Asks at once for what an order waits for, instead of when its next try is due.
///
/// An order that waits for people, or has ended, is 409 `nothing-to-retry`.
#[utoipa::path(
    post, path = "/v1/ops/orders/{order_id}/saga/retry", operation_id = "retry_saga", tag = "ops",
    params(("order_id" = OrderId, Path), ("Idempotency-Key" = String, Header, description = "16 to 64 of A-Z a-z 0-9 _ -")),
    request_body = ActOnSaga,
    responses((status = 202, body = SagaAct), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Platform>,
    Path(id): Path<OrderId>,
    Keyed(key, body): Keyed<ActOnSaga>,
) -> Result<Stored, Problem> {
    done(&app, &caller, id, &key, Act::Retry, &body.reason).await
}
