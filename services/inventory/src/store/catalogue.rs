//! The table `menu_catalog` in `DynamoDB`: published menus, readable from every region.

use common::types::StoreId;
use dynamo_kit::{Dynamo, DynamoError, Put, tables};
use inventory_contract::catalogue::{Entry, MenuDocument, Row, store_menu};

use super::menus::Prepared;

/// Writes a prepared version. It may be written again: it is always the same.
pub(crate) async fn write(dynamo: &Dynamo, prepared: &Prepared) -> Result<(), DynamoError> {
    for row in rows(prepared) {
        match dynamo.put_if_absent(&tables::MENU_CATALOG, &row).await? {
            Put::Written | Put::Refused => {}
        }
    }
    Ok(())
}

/// Reads a version whole. The index follows the table, so that what is not yet all there is `None`.
pub(crate) async fn read(
    dynamo: &Dynamo,
    store: StoreId,
    version: i64,
    checksum: &str,
) -> Result<Option<MenuDocument>, DynamoError> {
    let (table, index) = (&tables::MENU_CATALOG, &tables::BY_STORE_MENU);
    let rows: Vec<Row> = dynamo.query(table, Some(index), store_menu(store, version)).all().await?;
    let document = MenuDocument::of_rows(rows);
    Ok(document.filter(|document| document.checksum() == checksum))
}

fn rows(prepared: &Prepared) -> impl Iterator<Item = Row> {
    let (store, version) = (prepared.store, prepared.version);
    let row = move |item_id, entry| Row {
        item_id,
        menu_version: version,
        store_menu: store_menu(store, version),
        entry,
    };
    let MenuDocument { terms, items } = prepared.document.clone();
    let items = items.into_iter().map(move |item| row(item.item_id.as_uuid(), Entry::Item(item)));
    std::iter::once(row(store.as_uuid(), Entry::Store(terms))).chain(items)
}
