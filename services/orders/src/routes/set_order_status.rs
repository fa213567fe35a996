//! `PUT /v1/orders/{order_id}/status`

use axum::extract::State;
use common::types::{Class, OrderId};
use orders_contract::http::{Order, SetStatus};
use service_kit::{Answer, Caller, IfMatch, Path, Problem, Staff, ValidJson};

use super::owner;
use crate::{App, app::Whither, wire};

/// Moves an order on, in the kitchen's words: `preparing`, `ready`, `completed`.
#[utoipa::path(
    put, path = "/v1/orders/{order_id}/status", operation_id = "set_order_status", tag = "orders",
    params(("order_id" = OrderId, Path), ("If-Match" = String, Header, description = "The order's `ETag`")),
    request_body = SetStatus,
    responses((status = 200, body = Order), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Staff>,
    Path(id): Path<OrderId>,
    IfMatch(version): IfMatch,
    ValidJson(body): ValidJson<SetStatus>,
) -> Result<Answer<Order>, Problem> {
    set(&app, &caller, id, Some(version), &body).await
}

/// The same for the old path, where `If-Match` may be left out.
pub(super) async fn set(
    app: &App,
    caller: &Caller<Staff>,
    id: OrderId,
    version: Option<i64>,
    body: &SetStatus,
) -> Result<Answer<Order>, Problem> {
    let principal = caller.principal();
    let order = match whither(body)? {
        Some(whither) => {
            let boards = owner::boards(principal);
            let moved = app.move_ticket_of(id, boards, None, version, whither).await;
            moved.map_err(super::stale_is_412)?.1
        }
        None => app
            .complete_order(owner::of(principal), id, version)
            .await
            .map_err(super::stale_is_412)?,
    };
    Ok(Answer::ok(wire::order(&order)).etag(order.version))
}

/// Where a word of today or of old leads; `None`: over the counter.
pub(super) fn whither(body: &SetStatus) -> Result<Option<Whither>, Problem> {
    match body.status.as_str().to_ascii_lowercase().as_str() {
        "preparing" => Ok(Some(Whither::Prepare)),
        "ready" => Ok(Some(Whither::Finish)),
        "completed" => Ok(None),
        _ => Err(Problem::new(Class::Invalid, "unknown-status")
            .pointing("/status", "preparing, ready or completed")),
    }
}
