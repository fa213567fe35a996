//! The `stock` table.

use std::collections::HashMap;

use common::types::{Cell, ItemId, StoreId};
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use super::cells::EPOCH;
use crate::domain::Stock;

/// What a store has, as of one moment.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    /// Counts every change of the store's items.
    pub(crate) catalogue: i64,
    /// The published menu.
    pub(crate) menu_version: i64,
    /// The versions of the items.
    pub(crate) versions: HashMap<ItemId, i64>,
    /// What lies there, of items with stock of their own.
    pub(crate) stock: HashMap<ItemId, Stock>,
}

/// Everything that lies in a store.
pub(crate) async fn shelf(
    db: &mut PgConnection,
    store: StoreId,
) -> Result<Option<Shelf>, StoreError> {
    type Row = (i64, i64, Option<Uuid>, Option<i64>, Option<i64>, Option<i64>);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT s.catalogue, s.menu_version, i.item_id, i.version, k.on_hand, k.reserved
           FROM store s
           LEFT JOIN item i USING (store_id)
           LEFT JOIN stock k USING (store_id, item_id)
          WHERE s.store_id = $1",
    )
    .bind(store.as_uuid())
    .fetch_all(db)
    .await?;
    let Some(&(catalogue, menu_version, ..)) = rows.first() else { return Ok(None) };
    let (mut versions, mut stock) = (HashMap::new(), HashMap::new());
    for (_, _, item, version, on_hand, reserved) in rows {
        let (Some(item), Some(version)) = (item.map(ItemId::from_uuid), version) else { continue };
        versions.insert(item, version);
        if let (Some(on_hand), Some(reserved)) = (on_hand, reserved) {
            stock.insert(item, Stock { on_hand, reserved });
        }
    }
    Ok(Some(Shelf { catalogue, menu_version, versions, stock }))
}

/// Gives an item stock of its own, none of it yet.
pub(crate) async fn open(
    tx: &mut PgConnection,
    store: StoreId,
    item: ItemId,
    cell: &Cell,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO stock (store_id, item_id, cell, on_hand, write_epoch)
         VALUES ($1, $2, $3, 0, $4)
             ON CONFLICT DO NOTHING",
    )
    .bind(store.as_uuid())
    .bind(item.as_uuid())
    .bind(cell.as_str())
    .bind(EPOCH)
    .execute(tx)
    .await?;
    Ok(())
}

/// Finds the stock of an item and holds it until the transaction ends. The flag says whether it has
/// ever moved.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    store: StoreId,
    item: ItemId,
) -> Result<Option<(Stock, bool)>, StoreError> {
    let row: Option<(i64, i64)> = sqlx::query_as(
        "SELECT on_hand, reserved
           FROM stock
          WHERE store_id = $1 AND item_id = $2
            FOR UPDATE",
    )
    .bind(store.as_uuid())
    .bind(item.as_uuid())
    .fetch_optional(&mut *tx)
    .await?;
    let Some((on_hand, reserved)) = row else { return Ok(None) };
    let has_moved: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM stock_movement WHERE store_id = $1 AND item_id = $2)",
    )
    .bind(store.as_uuid())
    .bind(item.as_uuid())
    .fetch_one(tx)
    .await?;
    Ok(Some((Stock { on_hand, reserved }, has_moved)))
}

/// Stores what lies there now; what is reserved belongs to the reservations. `false`: the cell is
/// written elsewhere.
pub(crate) async fn update(
    tx: &mut PgConnection,
    store: StoreId,
    item: ItemId,
    stock: Stock,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE stock s
            SET on_hand = $3, write_epoch = $4
          WHERE s.store_id = $1 AND s.item_id = $2
            AND EXISTS (SELECT FROM cell_fence f WHERE f.cell = s.cell AND f.epoch = $4)",
    )
    .bind(store.as_uuid())
    .bind(item.as_uuid())
    .bind(stock.on_hand)
    .bind(EPOCH)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
