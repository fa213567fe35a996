//! The `cell_fence` table.

use common::types::Cell;
use postgres_kit::{PgConnection, StoreError};

/// The epoch in which this process writes; until cells are leased (RELIABILITY 7.11) there is one.
pub(crate) const EPOCH: i64 = 1;

/// Makes sure that a cell has a fence.
pub(crate) async fn ensure(tx: &mut PgConnection, cell: &Cell) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO cell_fence (cell, epoch) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(cell.as_str())
        .bind(EPOCH)
        .execute(tx)
        .await?;
    Ok(())
}
