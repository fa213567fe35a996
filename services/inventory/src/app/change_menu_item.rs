//! Changing an item.

use common::types::{ItemId, Principal, StoreId};
use postgres_kit::Tx;

use super::{
    edit_item::{EditItemError, ItemSeen, check, lock_catalogue, settle},
    end,
};
use crate::{
    App,
    domain::{Item, ItemDraft, ItemNamed},
    store,
};

impl App {
    /// Changes an item that has the version that the caller read. Customers see it once it is published.
    #[tracing::instrument(name = "inventory.change_menu_item", skip_all, fields(item.id = %id))]
    pub(crate) async fn change_menu_item(
        &self,
        by: &Principal,
        id: ItemId,
        version: i64,
        store: StoreId,
        draft: ItemDraft,
    ) -> Result<ItemSeen, EditItemError> {
        let draft = draft.checked()?;
        let mut tx = self.db.begin().await?;
        let outcome = change_in(&mut tx, by, id, version, store, draft).await;
        let seen = end(tx, outcome).await?;
        self.shelves.forget(store).await;
        Ok(seen)
    }
}

async fn change_in(
    tx: &mut Tx,
    by: &Principal,
    id: ItemId,
    version: i64,
    store: StoreId,
    draft: ItemDraft,
) -> Result<ItemSeen, EditItemError> {
    let of = lock_catalogue(tx, by, store).await?;
    let there = store::items::find(tx, store, &ItemNamed::Id(id)).await?;
    let there = there.ok_or(EditItemError::NoSuchItem)?;
    if there.version != version {
        return Err(EditItemError::Stale);
    }
    let item = Item { version: there.version + 1, draft, ..there };
    check(tx, &item).await?;
    store::items::update(tx, &item).await?;
    settle(tx, &of, item).await
}
