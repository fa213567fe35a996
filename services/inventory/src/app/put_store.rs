//! Making and changing a store.

use common::types::{Class, Fault, StoreId};
use postgres_kit::{StoreError, Tx};

use super::end;
use crate::{
    App,
    domain::{InvalidStore, Store, StoreDraft, StoreFixed},
    store,
};

/// What the caller knows of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// Nothing was said.
    None,
    /// There is none.
    Absent,
    /// It has this version.
    Version(i64),
}

/// Why the store is not so.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PutStoreError {
    #[error("a store cannot be so")]
    Invalid(#[from] InvalidStore),
    #[error("what never changes was changed")]
    Fixed(#[from] StoreFixed),
    #[error("name the version to be changed in If-Match")]
    VersionRequired,
    #[error("the store is another than the caller thinks")]
    Stale,
    #[error("another store has this slug")]
    SlugTaken,
    #[error("the store's cell is written elsewhere")]
    Elsewhere,
    #[error("the store could not be stored")]
    Store(StoreError),
}

impl Fault for PutStoreError {
    fn class(&self) -> Class {
        match self {
            Self::Invalid(_) => Class::Invalid,
            Self::Fixed(_) | Self::VersionRequired | Self::Stale | Self::SlugTaken => {
                Class::Conflict
            }
            Self::Elsewhere => Class::Unavailable,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid-store",
            Self::Fixed(_) => "store-fixed",
            Self::VersionRequired => "if-match-required",
            Self::Stale => "if-match-failed",
            Self::SlugTaken => "slug-taken",
            Self::Elsewhere => "cell-elsewhere",
            Self::Store(error) => error.code(),
        }
    }
}

impl From<StoreError> for PutStoreError {
    fn from(error: StoreError) -> Self {
        match error.constraint() {
            Some("store_slug_unique") => Self::SlugTaken,
            _ => Self::Store(error),
        }
    }
}

impl App {
    /// Makes a store, or changes one; `true` where it is new. What is so already is so.
    #[tracing::instrument(name = "inventory.put_store", skip_all, fields(store.id = %id))]
    pub(crate) async fn put_store(
        &self,
        id: StoreId,
        precondition: Precondition,
        draft: StoreDraft,
    ) -> Result<(Store, bool), PutStoreError> {
        let draft = draft.checked()?;
        let mut tx = self.db.begin().await?;
        let outcome = self.put_store_in(&mut tx, id, precondition, draft).await;
        let done = end(tx, outcome).await?;
        self.shelves.forget(id).await;
        Ok(done)
    }

    async fn put_store_in(
        &self,
        tx: &mut Tx,
        id: StoreId,
        precondition: Precondition,
        draft: StoreDraft,
    ) -> Result<(Store, bool), PutStoreError> {
        if !store::cells::ensure(tx, &draft.cell).await? {
            return Err(PutStoreError::Elsewhere);
        }
        let Some(mut store) = store::stores::lock(tx, id).await? else {
            if matches!(precondition, Precondition::Version(_)) {
                return Err(PutStoreError::Stale);
            }
            let store = Store::new(id, draft, self.clock.now());
            if !store::stores::insert(tx, &store).await? {
                return Err(PutStoreError::Stale);
            }
            return Ok((store, true));
        };
        match precondition {
            Precondition::None if store.draft == draft => return Ok((store, false)),
            Precondition::None => return Err(PutStoreError::VersionRequired),
            Precondition::Version(version) if version == store.version => {}
            Precondition::Absent | Precondition::Version(_) => return Err(PutStoreError::Stale),
        }
        store.change(draft)?;
        store::stores::update(tx, &store).await?;
        Ok((store, false))
    }
}
