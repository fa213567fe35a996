//! The `order_note` table: what is known of an order beside its delivery.

use common::types::{OrderId, Timestamp};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};

/// What is known of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OrderNote {
    /// Whether the kitchen has finished.
    pub(crate) ready: bool,
    /// Whether its delivery was called off, perhaps before it was asked for.
    pub(crate) cancelled: bool,
}

/// Finds the note of an order, or makes an empty one, and holds it until the transaction ends.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    order: OrderId,
    now: Timestamp,
) -> Result<OrderNote, StoreError> {
    let (ready, cancelled) = sqlx::query_as(
        "INSERT INTO order_note (order_id, at)
         VALUES ($1, $2)
             ON CONFLICT (order_id) DO UPDATE SET at = excluded.at
         RETURNING ready, cancelled_at IS NOT NULL",
    )
    .bind(order.as_uuid())
    .bind(now.to_sqlx())
    .fetch_one(tx)
    .await?;
    Ok(OrderNote { ready, cancelled })
}

/// Notes whether the kitchen has finished.
pub(crate) async fn set_ready(
    tx: &mut PgConnection,
    order: OrderId,
    ready: bool,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE order_note SET ready = $2 WHERE order_id = $1")
        .bind(order.as_uuid())
        .bind(ready)
        .execute(tx)
        .await?;
    Ok(())
}

/// Leaves the tombstone.
pub(crate) async fn set_cancelled(
    tx: &mut PgConnection,
    order: OrderId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE order_note SET cancelled_at = coalesce(cancelled_at, $2) WHERE order_id = $1",
    )
    .bind(order.as_uuid())
    .bind(now.to_sqlx())
    .execute(tx)
    .await?;
    Ok(())
}
