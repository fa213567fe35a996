//! Showing a store's published menu with what there is of each item.

use std::time::Duration;

use common::types::{Class, Fault, ItemId, StoreId};
use inventory_contract::catalogue::{MenuDocument, PublishedItem};
use postgres_kit::StoreError;

use super::{find_store::FindError, shelves::Stocked};
use crate::{
    App,
    domain::{ItemNamed, Portions, StoreNamed},
    store,
};

/// A version never changes, so its age does not matter.
const MENU_AGE: Duration = Duration::from_hours(1);

/// Why a published version could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadMenuError {
    #[error("the version is not there")]
    Gone,
    #[error("the version could not be read")]
    Store(#[from] StoreError),
}

impl Fault for LoadMenuError {
    fn class(&self) -> Class {
        match self {
            Self::Gone => Class::Broken,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Gone => "menu-version-gone",
            Self::Store(error) => error.code(),
        }
    }
}

/// A published menu, and what there was a moment ago.
pub(crate) struct Menu {
    pub(crate) version: i64,
    pub(crate) document: MenuDocument,
    stocked: Stocked,
}

impl Menu {
    /// How many there are of an item; none where the item has gone since.
    pub(crate) fn portions(&self, item: ItemId) -> Portions {
        let portions = self.stocked.book.portions(item, &self.stocked.shelf.stock);
        portions.unwrap_or(Portions { on_hand: 0, reserved: 0, low: true })
    }

    /// The version of an item as its managers change it.
    pub(crate) fn version_of(&self, item: ItemId) -> i64 {
        self.stocked.shelf.versions.get(&item).copied().unwrap_or_default()
    }
}

impl App {
    /// The menu that customers see.
    #[tracing::instrument(name = "inventory.find_menu", skip_all)]
    pub(crate) async fn find_menu(&self, place: &StoreNamed) -> Result<Menu, FindError> {
        let store = match place {
            StoreNamed::Id(id) => *id,
            named => self.find_store(named).await?.id,
        };
        self.menu_of(store).await
    }

    /// An item on the menu of its store, with that menu.
    #[tracing::instrument(name = "inventory.find_menu_item", skip_all)]
    pub(crate) async fn find_menu_item(
        &self,
        place: &StoreNamed,
        item: &ItemNamed,
    ) -> Result<(Menu, PublishedItem), FindError> {
        let (store, item) = self.locate(place, item).await?;
        let menu = self.menu_of(store).await?;
        let there = menu.document.items.iter().find(|there| there.item_id == item).cloned();
        let there = there.ok_or(FindError::NoSuchItem)?;
        Ok((menu, there))
    }

    async fn menu_of(&self, store: StoreId) -> Result<Menu, FindError> {
        let stocked = self.shelves.recently(store).await?.ok_or(FindError::NoSuchStore)?;
        let version = stocked.shelf.menu_version;
        if version == 0 {
            return Err(FindError::NoMenu);
        }
        let key = format!("{store}:{version}");
        let load = || Box::pin(self.load_menu(store, version));
        let document = Box::pin(self.menus.get_or_load(&key, MENU_AGE, load)).await?;
        Ok(Menu { version, document, stocked })
    }

    /// Reads a version from `menu_catalog`, or from our own books where that is away or not all there yet.
    async fn load_menu(&self, store: StoreId, version: i64) -> Result<MenuDocument, LoadMenuError> {
        let mut db = self.db.acquire().await?;
        let checksum = store::menus::find_checksum(&mut db, store, version).await?;
        drop(db);
        let checksum = checksum.ok_or(LoadMenuError::Gone)?;
        match store::catalogue::read(&self.dynamo, store, version, &checksum).await {
            Ok(Some(document)) => return Ok(document),
            Ok(None) => tracing::info!(store.id = %store, "menu_catalog is behind"),
            Err(error) => {
                tracing::warn!(store.id = %store, code = error.code(), "menu_catalog is away");
            }
        }
        let mut db = self.db.acquire().await?;
        store::menus::find(&mut db, store, version).await?.ok_or(LoadMenuError::Gone)
    }
}
