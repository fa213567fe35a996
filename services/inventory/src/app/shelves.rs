//! What a process remembers of stores: recipes as long as they hold, stock for a second.

use std::{sync::Arc, time::Duration};

use common::types::StoreId;
use moka::{future, sync};
use postgres_kit::{Db, StoreError};

use crate::{
    domain::Cookbook,
    store::{self, stock::Shelf},
};

/// How old stock may be on a menu. With as much again in caches further out it stays under 2 s.
const STOCK_AGE: Duration = Duration::from_secs(1);
/// Long enough that a crowd reads recipes once.
const READ_AGE: Duration = Duration::from_millis(50);
const STORES_MAX: u64 = 1_000;

/// What lies in a store, and what its items are made of.
#[derive(Debug, Clone)]
pub(super) struct Stocked {
    pub(super) shelf: Arc<Shelf>,
    pub(super) book: Arc<Cookbook>,
}

#[derive(Clone)]
pub(super) struct Shelves {
    db: Db,
    books: sync::Cache<StoreId, Arc<Cookbook>>,
    /// One reads for all who wait for recipes of the same age.
    reads: future::Cache<(StoreId, i64), Option<Arc<Cookbook>>>,
    recent: future::Cache<StoreId, Option<Stocked>>,
}

impl Shelves {
    pub(super) fn new(db: Db) -> Self {
        Self {
            db,
            books: sync::Cache::new(STORES_MAX),
            reads: future::Cache::builder().max_capacity(STORES_MAX).time_to_live(READ_AGE).build(),
            recent: future::Cache::builder()
                .max_capacity(STORES_MAX)
                .time_to_live(STOCK_AGE)
                .build(),
        }
    }

    /// What lies in a store now.
    pub(super) async fn now(&self, store: StoreId) -> Result<Option<Stocked>, Arc<StoreError>> {
        let mut db = self.db.acquire().await?;
        let there = store::stock::shelf(&mut db, store).await?;
        drop(db);
        let Some(there) = there else { return Ok(None) };
        let book = self.book(store, there.catalogue).await?;
        Ok(book.map(|book| Stocked { shelf: Arc::new(there), book }))
    }

    /// What lay in a store a second ago at most; one asks for all who wait.
    pub(super) async fn recently(
        &self,
        store: StoreId,
    ) -> Result<Option<Stocked>, Arc<StoreError>> {
        // Boxed: whoever waits would else hold all of what one of them does.
        let shared = self.recent.try_get_with(store, Box::pin(self.now(store))).await;
        shared.map_err(Arc::unwrap_or_clone)
    }

    /// The recipes that are remembered, if they are no older than `catalogue`, or else the store's own.
    pub(super) async fn book(
        &self,
        store: StoreId,
        catalogue: i64,
    ) -> Result<Option<Arc<Cookbook>>, Arc<StoreError>> {
        match self.books.get(&store).filter(|book| book.catalogue >= catalogue) {
            Some(book) => Ok(Some(book)),
            None => self.reads.try_get_with((store, catalogue), self.read_book(store)).await,
        }
    }

    async fn read_book(&self, store: StoreId) -> Result<Option<Arc<Cookbook>>, StoreError> {
        let book = store::items::cookbook(&mut *self.db.acquire().await?, store).await?;
        let book = book.map(Arc::new);
        if let Some(book) = &book {
            self.books.insert(store, Arc::clone(book));
        }
        Ok(book)
    }

    /// Lets what somebody changed be seen by the next who asks this process.
    pub(super) async fn forget(&self, store: StoreId) {
        self.recent.invalidate(&store).await;
    }
}
