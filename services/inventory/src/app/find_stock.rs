//! How much there is.

use common::types::{ItemId, StoreId, Timestamp};

use super::{find_store::FindError, shelves::Stocked};
use crate::{
    App,
    domain::{ItemNamed, Portions, StoreNamed},
};

const ITEMS_MAX: usize = 100;

/// How much there is of an item in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) store: StoreId,
    pub(crate) item: ItemId,
    pub(crate) portions: Portions,
    pub(crate) as_of: Timestamp,
}

impl App {
    /// How much there is of an item now.
    #[tracing::instrument(name = "inventory.find_stock", skip_all)]
    pub(crate) async fn find_stock(
        &self,
        place: &StoreNamed,
        item: &ItemNamed,
    ) -> Result<Level, FindError> {
        let (store, item) = self.locate(place, item).await?;
        let stocked = self.shelves.now(store).await?.ok_or(FindError::NoSuchStore)?;
        self.level(&stocked, item).ok_or(FindError::NoSuchItem)
    }

    /// How much there is of some items now, or of all; unknown items are left out.
    #[tracing::instrument(name = "inventory.list_stock", skip_all)]
    pub(crate) async fn list_stock(
        &self,
        place: &StoreNamed,
        items: Option<Vec<ItemId>>,
    ) -> Result<Vec<Level>, FindError> {
        let store = self.find_store(place).await?.id;
        let stocked = self.shelves.now(store).await?.ok_or(FindError::NoSuchStore)?;
        let items = items.unwrap_or_else(|| {
            let mut all: Vec<ItemId> = stocked.shelf.versions.keys().copied().collect();
            all.sort_unstable();
            all.truncate(ITEMS_MAX);
            all
        });
        if items.len() > ITEMS_MAX {
            return Err(FindError::TooMany);
        }
        Ok(items.into_iter().filter_map(|item| self.level(&stocked, item)).collect())
    }

    fn level(&self, stocked: &Stocked, item: ItemId) -> Option<Level> {
        let portions = stocked.book.portions(item, &stocked.shelf.stock)?;
        Some(Level { store: stocked.book.store, item, portions, as_of: self.clock.now() })
    }
}
