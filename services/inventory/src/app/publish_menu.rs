//! Publishing a store's menu as its next, immutable version.
//!
//! The version is prepared in one transaction, written to `menu_catalog`, and published in another, with
//! the fact that tells it. Whoever asks again with the key goes on where it stopped.

use common::types::{Class, Fault, Principal, StoreId};
use dynamo_kit::DynamoError;
use event_kit::outbox;
use inventory_contract::catalogue::{MenuDocument, PublishedItem, PublishedOption, StoreTerms};
use postgres_kit::{StoreError, Tx};
use service_kit::Key;

use super::end;
use crate::{
    App,
    domain::{Choice, Item, Store},
    events,
    store::{self, menus::Prepared},
};

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishMenuError {
    #[error("there is no such store")]
    NoSuchStore,
    #[error("the key was used for another request")]
    KeyReused,
    #[error("the store's cell is written elsewhere")]
    Elsewhere,
    #[error("the documents could not be written")]
    Catalogue(#[from] DynamoError),
    #[error("the version could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for PublishMenuError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchStore => Class::Missing,
            Self::KeyReused => Class::Invalid,
            Self::Elsewhere => Class::Unavailable,
            Self::Catalogue(error) => error.class(),
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchStore => "no-such-store",
            Self::KeyReused => "key-reused",
            Self::Elsewhere => "cell-elsewhere",
            Self::Catalogue(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Publishes the menu of a store, once for a key, and returns its version; `true` where the key had
    /// published it before.
    #[tracing::instrument(name = "inventory.publish_menu", skip_all, fields(store.id = %store))]
    pub(crate) async fn publish_menu(
        &self,
        by: &Principal,
        key: &Key,
        store: StoreId,
    ) -> Result<(i64, bool), PublishMenuError> {
        let mut tx = self.db.begin().await?;
        let outcome = self.prepare_menu(&mut tx, by, key, store).await;
        let prepared = end(tx, outcome).await?;
        if prepared.is_published {
            return Ok((prepared.version, true));
        }

        store::catalogue::write(&self.dynamo, &prepared).await?;

        let mut tx = self.db.begin().await?;
        let outcome = self.make_public(&mut tx, &prepared).await;
        end(tx, outcome).await?;
        self.shelves.forget(store).await;
        Ok((prepared.version, false))
    }

    async fn prepare_menu(
        &self,
        tx: &mut Tx,
        by: &Principal,
        key: &Key,
        id: StoreId,
    ) -> Result<Prepared, PublishMenuError> {
        let store = lock(tx, id).await?;
        if !by.may_act_for(id) {
            return Err(PublishMenuError::NoSuchStore);
        }
        if let Some(before) = store::menus::asked(tx, by, &key.text).await? {
            let same = before.fingerprint == key.fingerprint;
            return if same { Ok(before) } else { Err(PublishMenuError::KeyReused) };
        }
        let items = store::items::list_menu(tx, id).await?;
        let items = items.iter().map(published).collect();
        let document = MenuDocument { terms: terms(&store), items }.sorted();
        let mut prepared = Prepared {
            store: id,
            version: 0,
            checksum: document.checksum(),
            document,
            fingerprint: key.fingerprint.to_vec(),
            is_published: false,
        };
        let now = self.clock.now();
        prepared.version = store::menus::prepare(tx, &prepared, by, &key.text, now).await?;
        Ok(prepared)
    }

    async fn make_public(&self, tx: &mut Tx, prepared: &Prepared) -> Result<(), PublishMenuError> {
        let store = lock(tx, prepared.store).await?;
        let now = self.clock.now();
        if store::menus::publish(tx, prepared, now).await? {
            let place = (store.id, store.draft.cell);
            let fact = events::published(place, prepared.version, prepared.checksum.clone(), now);
            outbox::stage(tx, &fact).await?;
        }
        Ok(())
    }
}

async fn lock(tx: &mut Tx, id: StoreId) -> Result<Store, PublishMenuError> {
    let store = store::stores::lock(tx, id).await?.ok_or(PublishMenuError::NoSuchStore)?;
    if store::cells::is_ours(tx, &store.draft.cell).await? {
        Ok(store)
    } else {
        Err(PublishMenuError::Elsewhere)
    }
}

fn terms(store: &Store) -> StoreTerms {
    let draft = store.draft.clone();
    StoreTerms {
        store_id: store.id,
        name: draft.name,
        cell: draft.cell,
        currency: draft.currency,
        location: draft.location,
        since: Some(store.since),
        time_zone: draft.time_zone,
        open: draft.open,
        radius_m: draft.radius_m,
        delivery_fee_minor: draft.delivery_fee_minor,
        order_min_minor: draft.order_min_minor,
        tax_bp: draft.tax_bp,
        accepts_automatically: draft.accepts_automatically,
    }
}

fn published(item: &Item) -> PublishedItem {
    let draft = item.draft.clone();
    PublishedItem {
        item_id: item.id,
        slug: draft.slug,
        name: draft.name,
        description: draft.description,
        category: draft.category,
        price_minor: draft.price_minor,
        station: draft.station,
        prep_s: draft.prep_s,
        allergens: draft.allergens,
        options: draft.options.into_iter().map(option).collect(),
    }
}

fn option(choice: Choice) -> PublishedOption {
    PublishedOption {
        slug: choice.slug,
        name: choice.name,
        price_minor: choice.price_minor,
        adds_allergens: choice.adds_allergens,
        removes_allergens: choice.removes_allergens,
    }
}
