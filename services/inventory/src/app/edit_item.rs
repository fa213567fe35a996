//! What making and changing an item have in common.

use common::types::{Class, Currency, Fault, Principal, StoreId};
use postgres_kit::{StoreError, Tx};

use crate::{
    App,
    domain::{InvalidItem, Item, Portions, Store},
    store,
};

/// Why the item is not so.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditItemError {
    #[error(transparent)]
    Invalid(#[from] InvalidItem),
    #[error("there is no such store")]
    NoSuchStore,
    #[error("the store has no such item")]
    NoSuchItem,
    #[error("there is another item with this id")]
    ItemExists,
    #[error("another item of the store has this slug")]
    SlugTaken,
    #[error("the item has changed since it was read")]
    Stale,
    #[error("the key was used for another request")]
    KeyReused,
    #[error("the store's cell is written elsewhere")]
    Elsewhere,
    #[error("the item could not be stored")]
    Store(StoreError),
    #[error("the answer could not be written")]
    Answer(#[from] serde_json::Error),
}

impl Fault for EditItemError {
    fn class(&self) -> Class {
        match self {
            Self::Invalid(_) | Self::KeyReused => Class::Invalid,
            Self::NoSuchStore | Self::NoSuchItem => Class::Missing,
            Self::ItemExists | Self::SlugTaken | Self::Stale => Class::Conflict,
            Self::Elsewhere => Class::Unavailable,
            Self::Store(error) => error.class(),
            Self::Answer(_) => Class::Broken,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid-item",
            Self::NoSuchStore => "no-such-store",
            Self::NoSuchItem => "no-such-item",
            Self::ItemExists => "item-exists",
            Self::SlugTaken => "slug-taken",
            Self::Stale => "if-match-failed",
            Self::KeyReused => "key-reused",
            Self::Elsewhere => "cell-elsewhere",
            Self::Store(error) => error.code(),
            Self::Answer(_) => "unwritable-answer",
        }
    }
}

impl From<StoreError> for EditItemError {
    fn from(error: StoreError) -> Self {
        match error.constraint() {
            Some("item_slug_unique") => Self::SlugTaken,
            _ => Self::Store(error),
        }
    }
}

/// An item with what there is of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ItemSeen {
    pub(crate) item: Item,
    pub(crate) currency: Currency,
    pub(crate) portions: Portions,
}

/// Finds the store and holds its catalogue; for those who run it.
pub(super) async fn lock_catalogue(
    tx: &mut Tx,
    by: &Principal,
    id: StoreId,
) -> Result<Store, EditItemError> {
    let store = match store::stores::lock(tx, id).await? {
        Some(store) if by.may_act_for(id) => store,
        _ => return Err(EditItemError::NoSuchStore),
    };
    if store::cells::is_ours(tx, &store.draft.cell).await? {
        Ok(store)
    } else {
        Err(EditItemError::Elsewhere)
    }
}

/// Whether the item may be so beside the others of its store.
pub(super) async fn check(tx: &mut Tx, item: &Item) -> Result<(), EditItemError> {
    let book = store::items::cookbook(tx, item.store).await?.ok_or(EditItemError::NoSuchStore)?;
    item.fits(|part| part != item.id && book.has_own_stock(part), book.is_part(item.id))?;
    Ok(())
}

/// Makes what was stored of an item hold for stock and recipes, too, and shows it.
pub(super) async fn settle(
    tx: &mut Tx,
    store: &Store,
    item: Item,
) -> Result<ItemSeen, EditItemError> {
    if item.draft.components.is_empty() {
        store::stock::open(tx, store.id, item.id, &store.draft.cell).await?;
    }
    store::stores::count_change(tx, store.id).await?;
    show(tx, store.draft.currency, item).await
}

/// Shows an item.
pub(super) async fn show(
    tx: &mut postgres_kit::PgConnection,
    currency: Currency,
    item: Item,
) -> Result<ItemSeen, EditItemError> {
    let book = store::items::cookbook(tx, item.store).await?.ok_or(EditItemError::NoSuchStore)?;
    let shelf = store::stock::shelf(tx, item.store).await?.ok_or(EditItemError::NoSuchStore)?;
    let portions = book.portions(item.id, &shelf.stock).ok_or(EditItemError::NoSuchItem)?;
    Ok(ItemSeen { item, currency, portions })
}

impl App {
    /// Shows an item as it would be published, to those who run its store.
    #[tracing::instrument(name = "inventory.find_draft", skip_all)]
    pub(crate) async fn find_draft(
        &self,
        by: &Principal,
        place: &crate::domain::StoreNamed,
        named: &crate::domain::ItemNamed,
    ) -> Result<ItemSeen, EditItemError> {
        let (store, id) = self.locate(place, named).await.map_err(|_| EditItemError::NoSuchItem)?;
        if !by.may_act_for(store) {
            return Err(EditItemError::NoSuchItem);
        }
        let mut db = self.db.acquire().await?;
        let of = store::stores::find(&mut db, &crate::domain::StoreNamed::Id(store)).await?;
        let item = store::items::find(&mut db, store, &crate::domain::ItemNamed::Id(id)).await?;
        let (of, item) = of.zip(item).ok_or(EditItemError::NoSuchItem)?;
        show(&mut db, of.draft.currency, item).await
    }
}
