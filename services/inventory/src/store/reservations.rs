//! The `reservation` and `reservation_line` tables, and what becomes of a hold.
//!
//! Rows are locked in this order: the reservation, then stock by item.

use common::types::{Cell, ItemId, OrderId, StoreId, Timestamp};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use super::cells::EPOCH;
use crate::domain::{Reservation, State, StockLine};

/// By whom and why a hold takes a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) cause: &'static str,
    pub(crate) actor: &'static str,
    pub(crate) at: Timestamp,
}

/// A hold past its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) order: OrderId,
    pub(crate) expired_at: Timestamp,
    /// Whether it ends by the clock.
    pub(crate) lapses: bool,
}

/// Finds a hold with its lines, and holds it until the transaction ends.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Reservation>, StoreError> {
    type Row =
        (Option<Uuid>, Option<String>, String, Option<jiff_sqlx::Timestamp>, Vec<Uuid>, Vec<i64>);
    let row: Option<Row> = sqlx::query_as(
        "SELECT r.store_id, r.cell, r.state, r.expires_at,
                array(SELECT l.item_id FROM reservation_line l
                       WHERE l.order_id = r.order_id ORDER BY l.item_id),
                array(SELECT l.qty FROM reservation_line l
                       WHERE l.order_id = r.order_id ORDER BY l.item_id)
           FROM reservation r
          WHERE r.order_id = $1
            FOR NO KEY UPDATE OF r",
    )
    .bind(order.as_uuid())
    .fetch_optional(tx)
    .await?;
    let Some((store, cell, state, expires_at, items, quantities)) = row else { return Ok(None) };
    let corrupt = || StoreError::Corrupt { table: "reservation", id: order.to_string() };
    let state = State::parse(&state).ok_or_else(corrupt)?;
    let cell = cell.map(|cell| Cell::parse(&cell)).transpose().map_err(|_| corrupt())?;
    let line = |(item, quantity)| StockLine { item: ItemId::from_uuid(item), quantity };
    Ok(Some(Reservation {
        order,
        place: store.map(StoreId::from_uuid).zip(cell),
        state,
        expires_at: expires_at.map(jiff_sqlx::Timestamp::to_jiff),
        lines: items.into_iter().zip(quantities).map(line).collect(),
    }))
}

/// Releases an order that nobody knows, so that a reserve that comes later is refused. `false`: it is known.
pub(crate) async fn insert_tombstone(
    tx: &mut PgConnection,
    order: OrderId,
    step: Step,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO reservation (order_id, state, cause, actor, write_epoch, changed_at)
         VALUES ($1, 'RELEASED', 'tombstone', $2, $3, $4)
             ON CONFLICT DO NOTHING",
    )
    .bind(order.as_uuid())
    .bind(step.actor)
    .bind(EPOCH)
    .bind(step.at.to_sqlx())
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Confirms a hold that was locked: it has no end any more. `false`: its cell is written elsewhere.
pub(crate) async fn confirm(
    tx: &mut PgConnection,
    held: &Reservation,
    step: Step,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE reservation r
            SET state = 'CONFIRMED', cause = $2, actor = $3, version = version + 1, expires_at = NULL,
                write_epoch = $4, changed_at = $5
          WHERE r.order_id = $1 AND r.state = 'HELD'
            AND EXISTS (SELECT FROM cell_fence f WHERE f.cell = r.cell AND f.epoch = $4)",
    )
    .bind(held.order.as_uuid())
    .bind(step.cause)
    .bind(step.actor)
    .bind(EPOCH)
    .bind(step.at.to_sqlx())
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives back what was locked. `false`: its cell is written elsewhere.
pub(crate) async fn release(
    tx: &mut PgConnection,
    held: &Reservation,
    step: Step,
) -> Result<bool, StoreError> {
    lock_stock(tx, held).await?;
    let done: (i64, i64) = sqlx::query_as(
        "WITH head AS (
             UPDATE reservation r
                SET state = 'RELEASED', cause = $2, actor = $3, version = version + 1,
                    expires_at = NULL, write_epoch = $4, changed_at = $5
              WHERE r.order_id = $1 AND r.state IN ('HELD', 'CONFIRMED')
                AND EXISTS (SELECT FROM cell_fence f WHERE f.cell = r.cell AND f.epoch = $4)
             RETURNING r.order_id, r.store_id
         ), back AS (
             UPDATE stock s
                SET reserved = s.reserved - l.qty, write_epoch = $4
               FROM head h
               JOIN reservation_line l USING (order_id)
              WHERE s.store_id = h.store_id AND s.item_id = l.item_id
             RETURNING s.item_id
         )
         SELECT (SELECT count(*) FROM head), (SELECT count(*) FROM back)",
    )
    .bind(held.order.as_uuid())
    .bind(step.cause)
    .bind(step.actor)
    .bind(EPOCH)
    .bind(step.at.to_sqlx())
    .fetch_one(tx)
    .await?;
    whole(done, held)
}

/// Takes what was locked out of the store. `false`: its cell is written elsewhere.
pub(crate) async fn ship(
    tx: &mut PgConnection,
    held: &Reservation,
    step: Step,
) -> Result<bool, StoreError> {
    lock_stock(tx, held).await?;
    let (shipped, lines, movements): (i64, i64, i64) = sqlx::query_as(
        "WITH head AS (
             UPDATE reservation r
                SET state = 'SHIPPED', cause = $2, actor = $3, version = version + 1,
                    expires_at = NULL, write_epoch = $4, changed_at = $5
              WHERE r.order_id = $1 AND r.state IN ('HELD', 'CONFIRMED')
                AND EXISTS (SELECT FROM cell_fence f WHERE f.cell = r.cell AND f.epoch = $4)
             RETURNING r.order_id, r.store_id, r.cell
         ), gone AS (
             UPDATE stock s
                SET on_hand = s.on_hand - l.qty, reserved = s.reserved - l.qty, write_epoch = $4
               FROM head h
               JOIN reservation_line l USING (order_id)
              WHERE s.store_id = h.store_id AND s.item_id = l.item_id
             RETURNING s.store_id, s.item_id, h.cell, l.qty, h.order_id
         ), moved AS (
             INSERT INTO stock_movement
                    (movement_id, store_id, item_id, cell, kind, qty, order_id, actor, write_epoch, at)
             SELECT gen_random_uuid(), store_id, item_id, cell, 'SALE', -qty, order_id, $3, $4, $5
               FROM gone
             RETURNING 1
         )
         SELECT (SELECT count(*) FROM head), (SELECT count(*) FROM gone), (SELECT count(*) FROM moved)",
    )
    .bind(held.order.as_uuid())
    .bind(step.cause)
    .bind(step.actor)
    .bind(EPOCH)
    .bind(step.at.to_sqlx())
    .fetch_one(tx)
    .await?;
    whole((shipped, lines.min(movements)), held)
}

/// Every change of several rows of stock first locks them in this order.
async fn lock_stock(tx: &mut PgConnection, held: &Reservation) -> Result<(), StoreError> {
    let items: Vec<Uuid> = held.lines.iter().map(|line| line.item.as_uuid()).collect();
    let store = held.place.as_ref().map(|(store, _)| store.as_uuid());
    sqlx::query(
        "SELECT item_id
           FROM stock
          WHERE store_id = $1 AND item_id = ANY ($2)
          ORDER BY item_id
            FOR UPDATE",
    )
    .bind(store)
    .bind(items)
    .execute(tx)
    .await?;
    Ok(())
}

/// The row was locked and its state was read: only the fence of its cell can have stood in the way.
fn whole((heads, lines): (i64, i64), held: &Reservation) -> Result<bool, StoreError> {
    if heads == 1 && usize::try_from(lines) != Ok(held.lines.len()) {
        return Err(StoreError::Corrupt { table: "reservation_line", id: held.order.to_string() });
    }
    Ok(heads == 1)
}

/// Takes up to `limit` holds of our cells past their end, at which nobody else looks until `ask_after`.
pub(crate) async fn claim_expired(
    db: &mut PgConnection,
    now: Timestamp,
    ask_after: Timestamp,
    limit: usize,
) -> Result<Vec<Due>, StoreError> {
    let rows: Vec<(Uuid, jiff_sqlx::Timestamp, bool)> = sqlx::query_as(
        "WITH due AS MATERIALIZED (
             SELECT r.order_id
               FROM reservation r
              WHERE r.state = 'HELD' AND r.expires_at < $1 AND (r.ask_after IS NULL OR r.ask_after <= $1)
                AND EXISTS (SELECT FROM cell_fence f WHERE f.cell = r.cell AND f.epoch = $4)
              ORDER BY r.expires_at
              LIMIT $3
                FOR NO KEY UPDATE OF r SKIP LOCKED
         )
         UPDATE reservation r
            SET ask_after = $2
           FROM due
          WHERE r.order_id = due.order_id
         RETURNING r.order_id, r.expires_at, r.lapses",
    )
    .bind(now.to_sqlx())
    .bind(ask_after.to_sqlx())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .bind(EPOCH)
    .fetch_all(db)
    .await?;
    let due = |(id, at, lapses): (Uuid, jiff_sqlx::Timestamp, bool)| Due {
        order: OrderId::from_uuid(id),
        expired_at: at.to_jiff(),
        lapses,
    };
    Ok(rows.into_iter().map(due).collect())
}

/// Lets a hold of our cells last until `expires_at`, if it is still held.
pub(crate) async fn extend(
    db: &mut PgConnection,
    order: OrderId,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE reservation r
            SET expires_at = $2, ask_after = NULL, write_epoch = $3
          WHERE r.order_id = $1 AND r.state = 'HELD'
            AND EXISTS (SELECT FROM cell_fence f WHERE f.cell = r.cell AND f.epoch = $3)",
    )
    .bind(order.as_uuid())
    .bind(expires_at.to_sqlx())
    .bind(EPOCH)
    .execute(db)
    .await?;
    Ok(())
}
