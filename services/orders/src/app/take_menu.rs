//! Taking note of a published menu.

use common::types::{Class, Fault};
use dynamo_kit::{DynamoError, tables};
use event_kit::{Heard, inbox};
use inventory_contract::{
    catalogue::{MenuDocument, Row, store_menu},
    events::MenuPublished,
};
use postgres_kit::StoreError;

use crate::{App, store};

/// Why a published menu was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TakeMenuError {
    #[error("the published menu could not be read")]
    Catalogue(#[from] DynamoError),
    #[error("the published menu is not whole yet")]
    NotWhole,
    #[error("the published menu could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for TakeMenuError {
    fn class(&self) -> Class {
        match self {
            Self::Catalogue(error) => error.class(),
            Self::NotWhole => Class::Unavailable,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Catalogue(error) => error.code(),
            Self::NotWhole => "menu-not-whole",
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Keeps a published menu in the service's own database: orders are priced from it alone.
    #[tracing::instrument(name = "orders.take_menu", skip_all, fields(store.id = %heard.fact.store_id))]
    pub(crate) async fn take_menu(&self, heard: Heard<MenuPublished>) -> Result<(), TakeMenuError> {
        let menu = self.read_catalogue(&heard.fact).await?;

        let mut tx = self.db.begin().await?;
        if !inbox::claim_or_skip(&mut tx, &heard).await? {
            tx.rollback().await;
            return Ok(());
        }
        store::menus::keep(&mut tx, heard.fact.menu_version, &menu).await?;
        tx.commit().await?;

        Ok(self.refresh_menus().await?)
    }

    /// The published version, whole: an index follows its table with a delay, and the delivery comes again.
    async fn read_catalogue(&self, fact: &MenuPublished) -> Result<MenuDocument, TakeMenuError> {
        let key = store_menu(fact.store_id, fact.menu_version);
        let (table, index) = (&tables::MENU_CATALOG, &tables::BY_STORE_MENU);
        let rows: Vec<Row> = self.dynamo.query(table, Some(index), key).all().await?;
        let menu = MenuDocument::of_rows(rows);
        menu.filter(|menu| menu.checksum() == fact.checksum).ok_or(TakeMenuError::NotWhole)
    }
}
