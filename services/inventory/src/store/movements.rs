//! The `stock_movement` table: append-only; what lies there is the sum of what moved. What was promised
//! and became free again is read from the reservations.

use common::types::{Cell, ItemId, OrderId, StoreId, Timestamp};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use super::cells::EPOCH;
use crate::domain::{Moved, Movement};

/// Where stock moved, and by whose hand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hand<'a> {
    pub(crate) store: StoreId,
    pub(crate) item: ItemId,
    pub(crate) cell: &'a Cell,
    pub(crate) actor: Uuid,
}

/// Keeps what somebody moved.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    id: Uuid,
    hand: Hand<'_>,
    movement: Movement,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO stock_movement (movement_id, store_id, item_id, cell, kind, qty, actor, write_epoch, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(id)
    .bind(hand.store.as_uuid())
    .bind(hand.item.as_uuid())
    .bind(hand.cell.as_str())
    .bind(movement.kind.as_str())
    .bind(movement.quantity)
    .bind(hand.actor.to_string())
    .bind(EPOCH)
    .bind(now.to_sqlx())
    .execute(tx)
    .await?;
    Ok(())
}

/// Allocations and releases are not stored a second time: their ids are derived, and each kind is read from
/// an index that has its order.
const LIST: &str = "
    WITH moved AS (
        SELECT movement_id, kind, qty, order_id, at
          FROM stock_movement
         WHERE store_id = $1 AND item_id = $2 AND (at, movement_id) < ($3, $4)
         ORDER BY at DESC, movement_id DESC
         LIMIT $5
    ), promised AS (
        SELECT id.of AS movement_id, 'ALLOCATION', l.qty, l.order_id, l.held_at AS at
          FROM reservation_line l
         CROSS JOIN LATERAL (SELECT md5('ALLOCATION' || l.order_id || l.item_id)::uuid AS of) id
         WHERE l.item_id = $2 AND l.held_at <= $3 AND (l.held_at, id.of) < ($3, $4)
         ORDER BY l.held_at DESC, id.of DESC
         LIMIT $5
    ), freed AS (
        SELECT id.of AS movement_id, 'RELEASE', -l.qty, l.order_id, r.changed_at AS at
          FROM reservation r
          JOIN reservation_line l ON l.order_id = r.order_id AND l.item_id = $2
         CROSS JOIN LATERAL (SELECT md5('RELEASE' || l.order_id || l.item_id)::uuid AS of) id
         WHERE r.state = 'RELEASED' AND r.store_id = $1
           AND r.changed_at <= $3 AND (r.changed_at, id.of) < ($3, $4)
         ORDER BY r.changed_at DESC, id.of DESC
         LIMIT $5
    )
    SELECT movement_id, kind, qty, order_id, at
      FROM (TABLE moved UNION ALL TABLE promised UNION ALL TABLE freed) movement
     ORDER BY at DESC, movement_id DESC
     LIMIT $5";

/// Movements of an item, newest first, after the one that `after` names.
pub(crate) async fn list(
    db: &mut PgConnection,
    store: StoreId,
    item: ItemId,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Moved>, StoreError> {
    type Row = (Uuid, String, i64, Option<Uuid>, jiff_sqlx::Timestamp);
    let (at, id) = after.unwrap_or((Timestamp::MAX, Uuid::max()));
    let rows: Vec<Row> = sqlx::query_as(LIST)
        .bind(store.as_uuid())
        .bind(item.as_uuid())
        .bind(at.to_sqlx())
        .bind(id)
        .bind(limit)
        .fetch_all(db)
        .await?;
    let moved = |(id, kind, quantity, order, at): Row| Moved {
        id,
        kind,
        quantity,
        order: order.map(OrderId::from_uuid),
        at: at.to_jiff(),
    };
    Ok(rows.into_iter().map(moved).collect())
}
