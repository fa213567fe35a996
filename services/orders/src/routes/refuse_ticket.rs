//! `POST /v1/kitchen/tickets/{ticket_id}/refuse`

use axum::extract::State;
use common::types::TicketId;
use orders_contract::http::{RefuseTicket, Ticket};
use service_kit::{Answer, Caller, Path, Problem, Staff, ValidJson};

use super::{cancel_order, owner};
use crate::{App, app::Whither, wire};

/// Refuses a ticket: its order is cancelled, stock and money return in the background. A second refusal is 409.
#[utoipa::path(
    post, path = "/v1/kitchen/tickets/{ticket_id}/refuse", operation_id = "refuse_ticket", tag = "kitchen",
    params(("ticket_id" = TicketId, Path)),
    request_body = RefuseTicket,
    responses((status = 200, body = Ticket), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Staff>,
    Path(id): Path<TicketId>,
    ValidJson(body): ValidJson<RefuseTicket>,
) -> Result<Answer<Ticket>, Problem> {
    let boards = owner::boards(caller.principal());
    let whither = Whither::Refuse { cause: cancel_order::cause(body.reason).to_owned() };
    let ticket = app.move_ticket(boards, id, None, whither).await?;
    Ok(Answer::ok(wire::ticket(&ticket)).etag(ticket.version))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, CAFE};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_refused_ticket_cancels_its_order_for_the_reason_given(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = bench.a_confirmed_order().await;
        let staff = bench.service.as_staff(CAFE);
        let board = staff.get(&format!("/v1/kitchen/tickets?store_id={CAFE}")).send().await;
        let ticket = board.json["tickets"][0]["ticket_id"].as_str().unwrap().to_owned();

        let path = format!("/v1/kitchen/tickets/{ticket}/refuse");
        staff.post(&path, json!({"reason": "item_missing"})).send().await.is(200);

        bench.becomes(id, "CANCELLED").await;
        let order = staff.get(&format!("/v1/orders/{id}")).send().await;
        assert_eq!(order.json["cause"], "item_missing");
        let again = staff.post(&path, json!({"reason": "other"})).send().await;
        again.is_problem(409, "illegal-transition");
    }
}
