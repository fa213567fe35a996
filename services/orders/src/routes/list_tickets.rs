//! `GET /v1/kitchen/tickets`

use axum::extract::State;
use common::types::{Class, StoreId, TicketId, Timestamp};
use orders_contract::http::Tickets;
use serde::Deserialize;
use service_kit::{Answer, Caller, Page, Problem, Query, Staff};
use utoipa::IntoParams;

use crate::{App, domain::TicketState, wire};

/// Which tickets.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Board {
    /// The store.
    store_id: StoreId,
    /// Only lines of this station.
    station: Option<String>,
    /// Only tickets in this state; without it those still open.
    state: Option<String>,
    #[param(ignore)]
    #[expect(dead_code, reason = "read by Page")]
    limit: Option<serde::de::IgnoredAny>,
    #[param(ignore)]
    #[expect(dead_code, reason = "read by Page")]
    cursor: Option<serde::de::IgnoredAny>,
}

/// Lists a store's tickets, oldest first.
#[utoipa::path(
    get, path = "/v1/kitchen/tickets", operation_id = "list_tickets", tag = "kitchen",
    params(Board, Page),
    responses((status = 200, body = Tickets), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Staff>,
    page: Page,
    Query(board): Query<Board>,
) -> Result<Answer<Tickets>, Problem> {
    if !caller.principal().may_act_for(board.store_id) {
        return Err(Problem::new(Class::Missing, "no-such-store"));
    }
    let after: Option<(Timestamp, TicketId)> = page.after()?;
    let tickets = app.list_tickets(board.store_id, board.state()?, after, page.limit).await?;

    let full = tickets.len() == page.limit as usize;
    let last = tickets.last().filter(|_| full).map(|last| (last.created_at, last.id));
    let next_cursor = last.map(|last| page.cursor_for(&last)).transpose()?;
    let mut body = Tickets { tickets: tickets.iter().map(wire::ticket).collect(), next_cursor };
    if let Some(station) = &board.station {
        for ticket in &mut body.tickets {
            ticket.lines.retain(|line| line.station == *station);
        }
        body.tickets.retain(|ticket| !ticket.lines.is_empty());
    }
    let cursor = body.next_cursor.clone();
    Ok(Answer::ok(body).next(&page, cursor.as_deref()))
}

impl Board {
    fn state(&self) -> Result<Option<TicketState>, Problem> {
        let unknown = || {
            Problem::new(Class::Malformed, "invalid-query")
                .pointing("?state", "there is no such state")
        };
        let name = self.state.as_deref();
        name.map(|name| TicketState::parse(name).ok_or_else(unknown)).transpose()
    }
}
