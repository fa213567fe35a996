//! The `incident` table: facts that a person has to look at.

use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use crate::domain::Order;

/// Keeps a fact that came too late for the state of its order.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    id: Uuid,
    order: &Order,
    fact: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO incident (incident_id, order_id, store_id, cell, fact, state, write_epoch)
         SELECT $1, $2, $3, $4, $5, $6, f.epoch
           FROM cell_fence f
          WHERE f.cell = $4",
    )
    .bind(id)
    .bind(order.id.as_uuid())
    .bind(order.store.as_uuid())
    .bind(order.cell.as_str())
    .bind(fact)
    .bind(order.state.name())
    .execute(tx)
    .await?;
    Ok(())
}
