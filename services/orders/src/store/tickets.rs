//! The `ticket` table: the kitchen's board.

use common::types::{OrderId, StoreId, TicketId, Timestamp};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use sqlx::types::Json;
use uuid::Uuid;

use super::line_doc::LineDoc;
use crate::domain::{Fulfilment, Ticket, TicketState};

const COLUMNS: &str =
    "ticket_id, order_id, store_id, number, fulfilment, state, version, lines, prep_s,
    promise_at, created_at";

#[derive(Debug, sqlx::FromRow)]
struct TicketRow {
    ticket_id: Uuid,
    order_id: Uuid,
    store_id: Uuid,
    number: i64,
    fulfilment: String,
    state: String,
    version: i64,
    lines: Json<Vec<LineDoc>>,
    prep_s: i64,
    promise_at: Option<jiff_sqlx::Timestamp>,
    created_at: jiff_sqlx::Timestamp,
}

impl TryFrom<TicketRow> for Ticket {
    type Error = StoreError;

    fn try_from(row: TicketRow) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt { table: "ticket", id: row.ticket_id.to_string() };
        Ok(Self {
            id: TicketId::from_uuid(row.ticket_id),
            order: OrderId::from_uuid(row.order_id),
            store: StoreId::from_uuid(row.store_id),
            number: row.number,
            fulfilment: Fulfilment::parse(&row.fulfilment).ok_or_else(corrupt)?,
            state: TicketState::parse(&row.state).ok_or_else(corrupt)?,
            version: row.version,
            lines: row.lines.0.into_iter().map(Into::into).collect(),
            prep_s: row.prep_s,
            promise_at: row.promise_at.map(jiff_sqlx::Timestamp::to_jiff),
            created_at: row.created_at.to_jiff(),
        })
    }
}

/// Puts the ticket of a confirmed order on the board, from what the order holds.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    id: TicketId,
    order: OrderId,
    state: TicketState,
    prep_s: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO ticket (ticket_id, order_id, store_id, cell, number, fulfilment, state, lines, prep_s,
                             promise_at, write_epoch)
         SELECT $1, order_id, store_id, cell, number, fulfilment, $3, items, $4, promise_at, write_epoch
           FROM orders
          WHERE order_id = $2",
    )
    .bind(id.as_uuid())
    .bind(order.as_uuid())
    .bind(state.name())
    .bind(prep_s)
    .execute(tx)
    .await?;
    Ok(())
}

/// Finds a ticket on the boards of `stores`; `None` for stores means every board.
pub(crate) async fn find(
    db: &mut PgConnection,
    stores: Option<&[StoreId]>,
    id: TicketId,
) -> Result<Option<Ticket>, StoreError> {
    let row: Option<TicketRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}
           FROM ticket
          WHERE ticket_id = $1
            AND ($2::uuid[] IS NULL OR store_id = ANY ($2))"
    )))
    .bind(id.as_uuid())
    .bind(stores.map(uuids))
    .fetch_optional(db)
    .await?;
    row.map(Ticket::try_from).transpose()
}

/// Holds the ticket of an order until the transaction ends; the order is held already.
pub(crate) async fn lock_of_order(
    tx: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Ticket>, StoreError> {
    let row: Option<TicketRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}
           FROM ticket
          WHERE order_id = $1
            FOR UPDATE"
    )))
    .bind(order.as_uuid())
    .fetch_optional(tx)
    .await?;
    row.map(Ticket::try_from).transpose()
}

/// Lists the tickets of a store, oldest first: those still open, or those in `state`.
pub(crate) async fn list(
    db: &mut PgConnection,
    store: StoreId,
    state: Option<TicketState>,
    after: Option<(Timestamp, TicketId)>,
    limit: i64,
) -> Result<Vec<Ticket>, StoreError> {
    let rows: Vec<TicketRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}
           FROM ticket
          WHERE store_id = $1
            AND CASE WHEN $2::text IS NULL
                     THEN state IN ('SCHEDULED', 'WAITING', 'ACCEPTED', 'PREPARING', 'READY')
                     ELSE state = $2 END
            AND ($3::timestamptz IS NULL OR (created_at, ticket_id) > ($3, $4))
          ORDER BY created_at, ticket_id
          LIMIT $5"
    )))
    .bind(store.as_uuid())
    .bind(state.map(TicketState::name))
    .bind(after.map(|(at, _)| at.to_sqlx()))
    .bind(after.map(|(_, id)| id.as_uuid()))
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Ticket::try_from).collect()
}

/// Stores the step that `ticket` took.
///
/// # Errors
/// [`StoreError::Stale`]: somebody was faster.
pub(crate) async fn update(tx: &mut PgConnection, ticket: &Ticket) -> Result<(), StoreError> {
    let done = sqlx::query(
        "UPDATE ticket
            SET state = $3, version = $2, ready_at = CASE WHEN $3 = 'READY' THEN now() ELSE ready_at END
          WHERE ticket_id = $1 AND version = $2 - 1",
    )
    .bind(ticket.id.as_uuid())
    .bind(ticket.version)
    .bind(ticket.state.name())
    .execute(tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale { table: "ticket" }) }
}

fn uuids(stores: &[StoreId]) -> Vec<Uuid> {
    stores.iter().map(|store| store.as_uuid()).collect()
}
