//! Making and changing an item as clients of old do: what they say is seen at once.
//!
//! Each part is done once for its key, so whoever asks again goes on where it stopped.

use common::types::{Class, Fault, ItemId, Principal, StoreId};
use service_kit::{Key, Stored};
use uuid::Uuid;

use super::{
    Precondition, SetStock, edit_item::EditItemError, find_store::FindError,
    publish_menu::PublishMenuError, set_stock::SetStockError,
};
use crate::{
    App,
    app::ItemSeen,
    domain::{Change, Item, ItemNamed, MovementKind, Plain, StoreNamed},
};

/// Somebody else changed the item between reading and writing; after so many times it is told.
const ATTEMPTS_MAX: u32 = 3;

/// Why the item is not so, or is not seen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PutPlainError {
    #[error(transparent)]
    Find(#[from] FindError),
    #[error(transparent)]
    Edit(#[from] EditItemError),
    #[error(transparent)]
    Stock(#[from] SetStockError),
    #[error(transparent)]
    Publish(#[from] PublishMenuError),
}

impl PutPlainError {
    fn inner(&self) -> &dyn Fault {
        match self {
            Self::Find(error) => error,
            Self::Edit(error) => error,
            Self::Stock(error) => error,
            Self::Publish(error) => error,
        }
    }
}

impl Fault for PutPlainError {
    fn class(&self) -> Class {
        self.inner().class()
    }

    fn code(&self) -> &'static str {
        self.inner().code()
    }
}

impl App {
    /// Makes an item with its opening stock and publishes the menu. `written` says how it is answered.
    #[tracing::instrument(name = "inventory.create_plain_item", skip_all)]
    pub(crate) async fn create_plain_item(
        &self,
        by: &Principal,
        key: &Key,
        place: &StoreNamed,
        (plain, stock): (Plain, u32),
        written: impl Fn(&ItemSeen) -> serde_json::Result<Vec<u8>>,
    ) -> Result<Stored, PutPlainError> {
        let draft = plain.into_new().map_err(EditItemError::Invalid)?;
        let store = self.find_store(place).await?.id;
        let id = ItemId::from_uuid(Uuid::new_v5(&by.id, key.text.as_bytes()));

        let made = self.create_menu_item(by, key, store, Some(id), draft, written).await?;
        if stock > 0 {
            let (item, change) = (ItemNamed::Id(id), Change::To(stock.into()));
            let opening = SetStock { store, item, change, kind: MovementKind::Receipt };
            self.set_stock(by, key, &opening, |_level| Ok(Vec::new())).await?;
        }
        self.publish_menu(by, key, store).await?;
        Ok(made)
    }

    /// Changes what is said of an item and publishes the menu.
    #[tracing::instrument(name = "inventory.change_plain_item", skip_all)]
    pub(crate) async fn change_plain_item(
        &self,
        by: &Principal,
        place: &StoreNamed,
        named: &ItemNamed,
        known: Precondition,
        plain: Plain,
    ) -> Result<ItemSeen, PutPlainError> {
        let (store, id) = self.locate(place, named).await?;
        let mut attempt = 1;
        let seen = loop {
            let there = self.draft_of(by, store, id).await?;
            let version = match known {
                Precondition::Version(version) => version,
                Precondition::None | Precondition::Absent => there.version,
            };
            let draft = plain.clone().over(there.draft).map_err(EditItemError::Invalid)?;
            match self.change_menu_item(by, id, version, store, draft).await {
                Err(EditItemError::Stale)
                    if known == Precondition::None && attempt < ATTEMPTS_MAX =>
                {
                    attempt += 1;
                }
                outcome => break outcome?,
            }
        };
        self.publish_menu(by, &key_of(&seen.item), store).await?;
        Ok(seen)
    }

    async fn draft_of(
        &self,
        by: &Principal,
        store: StoreId,
        id: ItemId,
    ) -> Result<Item, EditItemError> {
        Ok(self.find_draft(by, &StoreNamed::Id(store), &ItemNamed::Id(id)).await?.item)
    }
}

/// A version of an item is published once.
fn key_of(item: &Item) -> Key {
    let text = format!("{}-{}", item.id.as_uuid().simple(), item.version);
    Key { text, fingerprint: [0; 32], body_sha: [0; 32] }
}
