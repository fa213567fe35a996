//! `POST /v1/ops/orders/{order_id}/saga/skip`

use axum::extract::State;
use common::types::OrderId;
use service_kit::{Caller, Keyed, Path, Problem, Stored};

use super::saga_act::{Platform, done};
use crate::{
    App,
    app::Act,
    wire::{SagaAct, SkipStep},
};

/// Waits for the answer to a step no longer, once two persons have said so within 15 minutes.
///
/// The first is told 202 and `pending`; the same from somebody else is 200 and `done`, from the same person 403
/// `second-person-needed`. What may be left of the step is an incident. Steps that hold or take goods or money are
/// 409 `never-skipped`.
#[utoipa::path(
    post, path = "/v1/ops/orders/{order_id}/saga/skip", operation_id = "skip_saga_step", tag = "ops",
    params(("order_id" = OrderId, Path), ("Idempotency-Key" = String, Header, description = "16 to 64 of A-Z a-z 0-9 _ -")),
    request_body = SkipStep,
    responses((status = 200, body = SagaAct), (status = 202, body = SagaAct), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Platform>,
    Path(id): Path<OrderId>,
    Keyed(key, body): Keyed<SkipStep>,
) -> Result<Stored, Problem> {
    let act = Act::Skip(body.step.map(Into::into));
    done(&app, &caller, id, &key, act, &body.reason).await
}
