//! Setting stock by hand.

use axum::http::StatusCode;
use common::types::{Class, Fault, ItemId, Principal, StoreId};
use event_kit::outbox;
use postgres_kit::{
    StoreError, Tx,
    answers::{self, Asked, Claim, Kept},
};
use service_kit::{Key, Stored};

use super::{end, find_stock::Level, find_store::FindError, given};
use crate::{
    App,
    domain::{Change, ItemNamed, MovementKind, SetStockRefused, StoreNamed},
    events,
    store::{self, movements::Hand},
};

const ROUTE: &str = "PUT /v1/inventory/{item_id}";

/// Why stock is not so.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetStockError {
    #[error(transparent)]
    Refused(#[from] SetStockRefused),
    #[error(transparent)]
    Find(#[from] FindError),
    #[error("there is no such store")]
    NoSuchStore,
    #[error("the store has no such item")]
    NoSuchItem,
    #[error("the item is made of others; they have stock")]
    NoOwnStock,
    #[error("the key was used for another request")]
    KeyReused,
    #[error("the store's cell is written elsewhere")]
    Elsewhere,
    #[error("the stock could not be stored")]
    Store(#[from] StoreError),
    #[error("the answer could not be written")]
    Answer(#[from] serde_json::Error),
}

impl Fault for SetStockError {
    fn class(&self) -> Class {
        match self {
            Self::Refused(SetStockRefused::BelowReserved) | Self::NoOwnStock => Class::Conflict,
            Self::Refused(SetStockRefused::OutOfRange) | Self::KeyReused => Class::Invalid,
            Self::NoSuchStore | Self::NoSuchItem => Class::Missing,
            Self::Elsewhere => Class::Unavailable,
            Self::Find(error) => error.class(),
            Self::Store(error) => error.class(),
            Self::Answer(_) => Class::Broken,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Refused(SetStockRefused::BelowReserved) => "below-reserved",
            Self::Refused(SetStockRefused::OutOfRange) => "stock-out-of-range",
            Self::NoSuchStore => "no-such-store",
            Self::NoSuchItem => "no-such-item",
            Self::NoOwnStock => "no-own-stock",
            Self::KeyReused => "key-reused",
            Self::Elsewhere => "cell-elsewhere",
            Self::Find(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Answer(_) => "unwritable-answer",
        }
    }
}

/// What somebody says about the stock of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetStock {
    pub(crate) store: StoreId,
    pub(crate) item: ItemNamed,
    pub(crate) change: Change,
    pub(crate) kind: MovementKind,
}

impl App {
    /// Sets the stock of an item, once for a key. `written` says how the new level is answered.
    #[tracing::instrument(name = "inventory.set_stock", skip_all, fields(store.id = %set.store))]
    pub(crate) async fn set_stock(
        &self,
        by: &Principal,
        key: &Key,
        set: &SetStock,
        written: impl Fn(&Level) -> serde_json::Result<Vec<u8>>,
    ) -> Result<Stored, SetStockError> {
        let mut tx = self.db.begin().await?;
        let outcome = self.set_stock_in(&mut tx, by, key, set, written).await;
        let answer = end(tx, outcome).await?;
        self.shelves.forget(set.store).await;
        Ok(answer)
    }

    /// Does the same where the store has to be found first, as clients of old do not name it.
    #[tracing::instrument(name = "inventory.set_stock_of", skip_all)]
    pub(crate) async fn set_stock_of(
        &self,
        by: &Principal,
        key: &Key,
        (place, item): (&StoreNamed, &ItemNamed),
        (change, kind): (Change, MovementKind),
        written: impl Fn(&Level) -> serde_json::Result<Vec<u8>>,
    ) -> Result<Stored, SetStockError> {
        let (store, item) = self.locate(place, item).await?;
        let set = SetStock { store, item: ItemNamed::Id(item), change, kind };
        self.set_stock(by, key, &set, written).await
    }

    async fn set_stock_in(
        &self,
        tx: &mut Tx,
        by: &Principal,
        key: &Key,
        set: &SetStock,
        written: impl Fn(&Level) -> serde_json::Result<Vec<u8>>,
    ) -> Result<Stored, SetStockError> {
        if !by.may_act_for(set.store) {
            return Err(SetStockError::NoSuchStore);
        }
        let now = self.clock.now();
        let asked = Asked { by, route: ROUTE, key: &key.text };
        match answers::claim(tx, asked, &key.fingerprint, now).await? {
            Claim::First => {}
            Claim::Again(answer) => return Ok(given(answer, true)),
            Claim::Reused => return Err(SetStockError::KeyReused),
        }
        let item = store::items::find(tx, set.store, &set.item).await?;
        let item = item.ok_or(SetStockError::NoSuchItem)?;
        if !item.draft.components.is_empty() {
            return Err(SetStockError::NoOwnStock);
        }
        self.move_stock(tx, by, set, item.id).await?;

        let level = self.level_in(tx, set.store, item.id).await?;
        let status = StatusCode::OK.as_u16();
        let answer = Kept { status, location: None, body: written(&level)? };
        answers::keep(tx, asked, &answer).await?;
        Ok(given(answer, false))
    }

    async fn move_stock(
        &self,
        tx: &mut Tx,
        by: &Principal,
        set: &SetStock,
        item: ItemId,
    ) -> Result<(), SetStockError> {
        let book =
            store::items::cookbook(tx, set.store).await?.ok_or(SetStockError::NoSuchStore)?;
        let there = store::stock::lock(tx, set.store, item).await?;
        let (mut stock, has_moved) = there.ok_or(SetStockError::NoSuchItem)?;

        let Some(movement) = stock.set(set.change, set.kind, has_moved)? else { return Ok(()) };

        if !store::stock::update(tx, set.store, item, stock).await? {
            return Err(SetStockError::Elsewhere);
        }
        let (id, now) = (self.clock.new_id(), self.clock.now());
        let hand = Hand { store: set.store, item, cell: &book.cell, actor: by.id };
        store::movements::insert(tx, id, hand, movement, now).await?;
        let place = (set.store, item, book.cell.clone());
        outbox::stage(tx, &events::moved(id, place, movement, stock.on_hand)).await?;
        Ok(())
    }

    async fn level_in(
        &self,
        tx: &mut Tx,
        store: StoreId,
        item: ItemId,
    ) -> Result<Level, SetStockError> {
        let book = store::items::cookbook(tx, store).await?.ok_or(SetStockError::NoSuchStore)?;
        let there = store::stock::shelf(tx, store).await?.ok_or(SetStockError::NoSuchStore)?;
        let portions = book.portions(item, &there.stock).ok_or(SetStockError::NoSuchItem)?;
        Ok(Level { store, item, portions, as_of: self.clock.now() })
    }
}
