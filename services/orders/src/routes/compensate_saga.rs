//! `POST /v1/ops/orders/{order_id}/saga/compensate`

use axum::extract::State;
use common::types::OrderId;
use service_kit::{Caller, Keyed, Path, Problem, Stored};

use super::saga_act::{Platform, done};
use crate::{
    App,
    app::Act,
    wire::{ActOnSaga, SagaAct},
};

/// Sends an order back: stock and money return in the background, as after a cancellation.
///
/// What has left the store is 409 `already-on-its-way`; what is on its way back already, `already-cancelled`.
#[utoipa::path(
    post, path = "/v1/ops/orders/{order_id}/saga/compensate", operation_id = "compensate_saga", tag = "ops",
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
    done(&app, &caller, id, &key, Act::Compensate, &body.reason).await
}
