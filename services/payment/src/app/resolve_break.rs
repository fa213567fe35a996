//! Use cases: see where books differ, and say how it was settled.

use common::types::{Class, Fault, Principal};
use postgres_kit::{StoreError, Tx};
use uuid::Uuid;

use super::end;
use crate::{
    App, metrics,
    store::{
        self,
        recon::{Break, Resolved},
    },
};

impl App {
    /// Breaks older than `before`, newest first: the open ones, or those that were settled.
    pub(crate) async fn list_breaks(
        &self,
        open: bool,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Break>, StoreError> {
        let mut db = self.db.acquire().await?;
        store::recon::list(&mut db, open, before, limit.into()).await
    }

    /// Keeps how a person has settled a break. The same words of the same person change nothing.
    #[tracing::instrument(name = "payment.resolve_break", skip_all, fields(difference.id = %id))]
    pub(crate) async fn resolve_break(
        &self,
        by: &Principal,
        id: Uuid,
        how: &str,
    ) -> Result<Break, ResolveBreakError> {
        let mut tx = self.db.begin().await?;
        let outcome = self.try_resolve_break(&mut tx, by, id, how).await;
        let found = end(tx, outcome).await?;
        metrics::breaks_open(store::recon::count_open(&mut *self.db.acquire().await?).await?);
        Ok(found)
    }

    async fn try_resolve_break(
        &self,
        tx: &mut Tx,
        by: &Principal,
        id: Uuid,
        how: &str,
    ) -> Result<Break, ResolveBreakError> {
        let found = store::recon::lock(tx, id).await?.ok_or(ResolveBreakError::NoSuchBreak)?;
        if let Some(before) = &found.resolved {
            let same = before.by == Some(by.id) && before.how == how;
            return if same { Ok(found) } else { Err(ResolveBreakError::AlreadyResolved) };
        }
        let resolved = Resolved { at: self.clock.now(), by: Some(by.id), how: how.to_owned() };
        store::recon::resolve(tx, id, &resolved).await?;
        Ok(Break { resolved: Some(resolved), ..found })
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolveBreakError {
    #[error("there is no such break")]
    NoSuchBreak,
    #[error("the break was settled before, by somebody else or in other words")]
    AlreadyResolved,
    #[error("the break could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for ResolveBreakError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchBreak => Class::Missing,
            Self::AlreadyResolved => Class::Conflict,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchBreak => "no-such-break",
            Self::AlreadyResolved => "already-resolved",
            Self::Store(error) => error.code(),
        }
    }
}
