//! Finding stores, and why something is not found.

use std::sync::Arc;

use common::types::{Class, Fault, GeoPoint, ItemId, StoreId};
use postgres_kit::StoreError;
use redis_kit::LoadError;

use super::find_menu::LoadMenuError;
use crate::{
    App,
    domain::{ItemNamed, Store, StoreNamed},
    store,
};

/// Stores are few; a list of all of them is no longer than this.
const STORES_MAX: i64 = 1_000;

/// Why nothing is shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindError {
    #[error("there is no such store")]
    NoSuchStore,
    #[error("the store has no such item")]
    NoSuchItem,
    #[error("the store has not published a menu")]
    NoMenu,
    #[error("at most 100 items are asked for at once")]
    TooMany,
    #[error("the database could not be read")]
    Store(#[from] StoreError),
    #[error("the stock could not be read")]
    Shelf(#[from] Arc<StoreError>),
    #[error("the menu could not be read")]
    Menu(#[from] LoadError<LoadMenuError>),
}

impl Fault for FindError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchStore | Self::NoSuchItem | Self::NoMenu => Class::Missing,
            Self::TooMany => Class::Invalid,
            Self::Store(error) => error.class(),
            Self::Shelf(error) => error.class(),
            Self::Menu(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchStore => "no-such-store",
            Self::NoSuchItem => "no-such-item",
            Self::NoMenu => "no-menu",
            Self::TooMany => "too-many-items",
            Self::Store(error) => error.code(),
            Self::Shelf(error) => error.code(),
            Self::Menu(error) => error.code(),
        }
    }
}

/// Within so many metres of a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Near {
    pub(crate) place: GeoPoint,
    pub(crate) radius_m: f64,
}

impl Near {
    /// Those within reach, nearest first, beyond the one named.
    fn nearest(
        self,
        stores: Vec<Store>,
        after: Option<StoreId>,
    ) -> impl Iterator<Item = (Store, Option<f64>)> {
        let measured = stores.into_iter().map(|store| {
            let distance_m = store.draft.location.distance_m(self.place);
            (store, distance_m)
        });
        let mut all: Vec<(Store, f64)> = measured.collect();
        all.sort_by(|(one, near), (other, far)| near.total_cmp(far).then(one.id.cmp(&other.id)));
        let seen = after.and_then(|id| all.iter().position(|(store, _)| store.id == id));
        all.into_iter()
            .skip(seen.map_or(0, |last| last + 1))
            .filter(move |(_, distance_m)| *distance_m <= self.radius_m)
            .map(|(store, distance_m)| (store, Some(distance_m)))
    }
}

impl App {
    /// Finds a store.
    #[tracing::instrument(name = "inventory.find_store", skip_all)]
    pub(crate) async fn find_store(&self, named: &StoreNamed) -> Result<Store, FindError> {
        let store = store::stores::find(&mut *self.db.acquire().await?, named).await?;
        store.ok_or(FindError::NoSuchStore)
    }

    /// Stores after the one named: in the order in which they came, or those near a place with their
    /// distances in metres, nearest first.
    #[tracing::instrument(name = "inventory.list_stores", skip_all)]
    pub(crate) async fn list_stores(
        &self,
        near: Option<Near>,
        after: Option<StoreId>,
        limit: u32,
    ) -> Result<Vec<(Store, Option<f64>)>, FindError> {
        let mut db = self.db.acquire().await?;
        if let Some(near) = near {
            let all = store::stores::list(&mut db, None, STORES_MAX).await?;
            return Ok(near.nearest(all, after).take(limit as usize).collect());
        }
        let some = store::stores::list(&mut db, after, i64::from(limit)).await?;
        Ok(some.into_iter().map(|store| (store, None)).collect())
    }

    /// Finds where an item is; an id says it alone.
    pub(super) async fn locate(
        &self,
        place: &StoreNamed,
        item: &ItemNamed,
    ) -> Result<(StoreId, ItemId), FindError> {
        let mut db = self.db.acquire().await?;
        if let (StoreNamed::Default, ItemNamed::Id(id)) = (place, item) {
            let store = store::items::store_of(&mut db, *id).await?;
            return Ok((store.ok_or(FindError::NoSuchItem)?, *id));
        }
        let store = store::stores::find(&mut db, place).await?.ok_or(FindError::NoSuchStore)?;
        let item =
            store::items::find(&mut db, store.id, item).await?.ok_or(FindError::NoSuchItem)?;
        Ok((store.id, item.id))
    }
}
