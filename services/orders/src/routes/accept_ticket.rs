//! `POST /v1/kitchen/tickets/{ticket_id}/accept`

use axum::extract::State;
use common::types::TicketId;
use orders_contract::http::Ticket;
use service_kit::{Answer, Caller, Path, Problem, Staff};

use super::owner;
use crate::{App, app::Whither, wire};

/// Accepts a ticket, where the store does not do so by itself. It moves neither money nor stock, so it
/// needs no key: a second one is 409.
#[utoipa::path(
    post, path = "/v1/kitchen/tickets/{ticket_id}/accept", operation_id = "accept_ticket", tag = "kitchen",
    params(("ticket_id" = TicketId, Path)),
    responses((status = 200, body = Ticket), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Staff>,
    Path(id): Path<TicketId>,
) -> Result<Answer<Ticket>, Problem> {
    let boards = owner::boards(caller.principal());
    let ticket = app.move_ticket(boards, id, None, Whither::Accept).await?;
    Ok(Answer::ok(wire::ticket(&ticket)).etag(ticket.version))
}
