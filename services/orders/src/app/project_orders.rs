//! Showing orders under way in the projection.

use common::types::{Class, Fault, Timestamp};
use dynamo_kit::{DynamoError, tables};
use futures::{StreamExt, TryStreamExt, stream};
use postgres_kit::StoreError;

use crate::{
    App,
    domain::Order,
    projection::{ActiveRow, expiry},
    store::{self, projection::Shown},
    wire,
};

/// Most orders that are shown in one turn.
pub(crate) const TURN: usize = 100;
/// Writes under way at once.
const AT_ONCE: usize = 8;

/// Why orders were not shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProjectError {
    #[error("the projection could not be written")]
    Dynamo(#[from] DynamoError),
    #[error("the record could not be read")]
    Store(#[from] StoreError),
}

impl Fault for ProjectError {
    fn class(&self) -> Class {
        match self {
            Self::Dynamo(error) => error.class(),
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Dynamo(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Shows orders whose newest version the projection does not show yet; answers how many.
    pub(crate) async fn project_due(&self) -> Result<usize, ProjectError> {
        let mut db = self.db.acquire().await?;
        let due = store::orders::list_unprojected(&mut db, TURN).await?;
        drop(db);
        if due.is_empty() {
            return Ok(0);
        }

        let shown: Vec<Shown> = stream::iter(due)
            .map(|(order, ended_at)| self.project(order, ended_at))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;

        let mut db = self.db.acquire().await?;
        store::projection::update_shown(&mut db, &shown).await?;
        Ok(shown.len())
    }

    async fn project(
        &self,
        order: Order,
        ended_at: Option<Timestamp>,
    ) -> Result<Shown, DynamoError> {
        let row = ActiveRow::new(wire::active_order(&order), ended_at.map(expiry));
        let _newer_there =
            self.dynamo.put_if_newer(&tables::ACTIVE_ORDERS, &row, "version").await?;
        Ok(Shown { order: order.id, version: order.version })
    }
}
