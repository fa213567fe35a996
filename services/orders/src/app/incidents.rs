//! What a person has to look at: opened beside the change that shows it, listed, resolved.

use common::types::{Class, Fault, OrderId, Timestamp};
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use crate::{
    App,
    domain::{Incident, Order},
    metrics,
    store::{self, incidents::Stored},
};

/// Why an incident was not resolved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolveIncidentError {
    #[error("there is no such incident")]
    NoSuchIncident,
    #[error("somebody has resolved the incident already")]
    AlreadyResolved,
    #[error("the incident could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for ResolveIncidentError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchIncident => Class::Missing,
            Self::AlreadyResolved => Class::Conflict,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchIncident => "no-such-incident",
            Self::AlreadyResolved => "already-resolved",
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Opens incidents about a held order, in the transaction that shows them.
    pub(super) async fn open_incidents(
        &self,
        tx: &mut PgConnection,
        order: &Order,
        incidents: &[Incident],
    ) -> Result<(), StoreError> {
        for incident in incidents {
            let (trouble, about) = (incident.trouble.name(), incident.about);
            let (severity, detail) = (incident.severity.name(), incident.detail.as_deref());
            tracing::warn!(order.id = %order.id, order.state = order.state.name(), trouble, about,
                severity, detail, "a person has to look at an order");
            metrics::incident(trouble, severity);
            store::incidents::insert(tx, self.clock.new_id(), order, incident).await?;
        }
        Ok(())
    }

    /// Tells a person that a leased order waits too long, and goes on telling them where the machine never
    /// gives up. False: the lease was lost.
    pub(crate) async fn raise_alert(&self, order: &mut Order) -> Result<bool, StoreError> {
        let deadlines = order.deadlines_after_alert(self.clock.now());
        let mut tx = self.db.begin().await?;
        if !store::orders::note_alert(&mut tx, order, deadlines).await? {
            tx.rollback().await;
            return Ok(false);
        }
        self.open_incidents(&mut tx, order, &[Incident::overdue(order)]).await?;
        tx.commit().await?;
        order.deadline_at = deadlines.act_at;
        Ok(true)
    }

    /// Lists incidents, newest first, after the one of `after`: the open ones, the resolved ones, or all.
    pub(crate) async fn list_incidents(
        &self,
        open: Option<bool>,
        order: Option<OrderId>,
        after: Option<(Timestamp, Uuid)>,
        limit: u32,
    ) -> Result<Vec<Stored>, StoreError> {
        let mut db = self.db.acquire().await?;
        store::incidents::list(&mut db, open, order, after, i64::from(limit)).await
    }

    /// Notes that somebody has seen to an incident, and what they say about it. The same words of the same
    /// person again change nothing.
    #[tracing::instrument(name = "orders.resolve_incident", skip_all, fields(incident.id = %id))]
    pub(crate) async fn resolve_incident(
        &self,
        id: Uuid,
        by: Uuid,
        note: &str,
    ) -> Result<Stored, ResolveIncidentError> {
        let mut tx = self.db.begin().await?;
        let found = store::incidents::lock(&mut tx, id).await?;
        match check(found, by, note) {
            Ok(None) => {}
            Ok(Some(resolved_before)) => {
                tx.rollback().await;
                return Ok(resolved_before);
            }
            Err(refusal) => {
                tx.rollback().await;
                return Err(refusal);
            }
        }

        let resolved = store::incidents::update_resolved(&mut tx, id, by, note).await?;
        tx.commit().await?;
        Ok(resolved)
    }
}

/// `Some`: the same person resolved it before, in the same words.
fn check(
    found: Option<Stored>,
    by: Uuid,
    note: &str,
) -> Result<Option<Stored>, ResolveIncidentError> {
    let incident = found.ok_or(ResolveIncidentError::NoSuchIncident)?;
    match &incident.resolved {
        None => Ok(None),
        Some(before) if before.by == by && before.note == note => Ok(Some(incident)),
        Some(_) => Err(ResolveIncidentError::AlreadyResolved),
    }
}
