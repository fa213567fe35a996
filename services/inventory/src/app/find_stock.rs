//! How much there is.

use std::collections::HashSet;

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
    /// What was so then, or a moment later.
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
        let as_of = self.clock.now();
        let stocked = self.shelves.now(store).await?.ok_or(FindError::NoSuchStore)?;
        level(&stocked, item, as_of).ok_or(FindError::NoSuchItem)
    }

    /// How much there is of some items now, or of all; unknown items are left out.
    #[tracing::instrument(name = "inventory.list_stock", skip_all)]
    pub(crate) async fn list_stock(
        &self,
        place: &StoreNamed,
        items: Option<Vec<ItemId>>,
    ) -> Result<Vec<Level>, FindError> {
        if items.as_ref().is_some_and(|items| items.len() > ITEMS_MAX) {
            return Err(FindError::TooMany);
        }
        let store = self.find_store(place).await?.id;
        let as_of = self.clock.now();
        let stocked = self.shelves.now(store).await?.ok_or(FindError::NoSuchStore)?;
        let mut items = items.unwrap_or_else(|| {
            let mut all: Vec<ItemId> = stocked.shelf.versions.keys().copied().collect();
            all.sort_unstable();
            all.truncate(ITEMS_MAX);
            all
        });
        let mut seen = HashSet::new();
        items.retain(|item| seen.insert(*item));
        Ok(items.into_iter().filter_map(|item| level(&stocked, item, as_of)).collect())
    }
}

fn level(stocked: &Stocked, item: ItemId, as_of: Timestamp) -> Option<Level> {
    let portions = stocked.book.portions(item, &stocked.shelf.stock)?;
    Some(Level { store: stocked.book.store, item, portions, as_of })
}
