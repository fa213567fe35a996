//! `GET /v1/refunds/{refund_id}`

use axum::extract::State;
use common::types::Role;
use service_kit::{Allowed, Answer, Anyone, Caller, Path, Problem};
use uuid::Uuid;

use super::{refund_payment::Refunders, wire};
use crate::App;

/// Finds a refund: a customer's own, or any for those who give money back.
#[utoipa::path(
    get, path = "/v1/refunds/{refund_id}", operation_id = "find_refund", tag = "refunds",
    params(("refund_id" = Uuid, Path)),
    responses((status = 200, body = wire::Refund), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Anyone>,
    Path(id): Path<Uuid>,
) -> Result<Answer<wire::Refund>, Problem> {
    let who = caller.principal();
    let sees_all = Refunders::ROLES.iter().any(|role: &Role| who.has(*role));
    let found = app.find_refund(id, (!sees_all).then(|| who.customer())).await?;
    Ok(Answer::ok(wire::Refund::from(&found)))
}
