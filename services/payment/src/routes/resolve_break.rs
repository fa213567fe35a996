//! `POST /v1/reconciliation/breaks/{break_id}/resolve`

use axum::extract::State;
use service_kit::{Answer, Caller, Operators, Path, Problem, ValidJson};
use uuid::Uuid;

use super::wire;
use crate::App;

/// Says how a break was settled. No money moves by it.
#[utoipa::path(
    post, path = "/v1/reconciliation/breaks/{break_id}/resolve", operation_id = "resolve_break", tag = "reconciliation",
    params(("break_id" = Uuid, Path)), request_body = wire::ResolveBreak,
    responses((status = 200, body = wire::Break), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Operators>,
    Path(id): Path<Uuid>,
    ValidJson(body): ValidJson<wire::ResolveBreak>,
) -> Result<Answer<wire::Break>, Problem> {
    let how = body.resolution.as_str();
    if how.trim().is_empty() {
        return Err(wire::no_words("/resolution"));
    }
    let found = app.resolve_break(caller.principal(), id, how).await?;
    Ok(Answer::ok(wire::Break::from(found)))
}
