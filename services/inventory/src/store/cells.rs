//! The `cell_fence` table: who may write the rows of a cell.

use common::types::Cell;
use postgres_kit::{PgConnection, StoreError};

/// The epoch under which this process writes. Cells do not move yet; when they do, it comes from their lease.
pub(crate) const EPOCH: i64 = 1;

/// Knows the cell from now on. Returns whether it is ours to write.
pub(crate) async fn ensure(tx: &mut PgConnection, cell: &Cell) -> Result<bool, StoreError> {
    sqlx::query("INSERT INTO cell_fence (cell, epoch) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(cell.as_str())
        .bind(EPOCH)
        .execute(&mut *tx)
        .await?;
    is_ours(tx, cell).await
}

/// Whether the cell is written under our epoch.
pub(crate) async fn is_ours(tx: &mut PgConnection, cell: &Cell) -> Result<bool, StoreError> {
    let ours = sqlx::query("SELECT FROM cell_fence WHERE cell = $1 AND epoch = $2")
        .bind(cell.as_str())
        .bind(EPOCH)
        .fetch_optional(tx)
        .await?;
    Ok(ours.is_some())
}
