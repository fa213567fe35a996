//! The wrong way, for the mutant `publish_before_commit`: facts are told while they may still be undone.

use std::sync::OnceLock;

use sqlx::PgConnection;
use uuid::Uuid;

use super::outgoing;
use crate::Log;

/// To whom the process tells.
static LOG: OnceLock<Log> = OnceLock::new();

pub(super) fn tell_through(log: &Log) {
    let _there_is_one = LOG.set(log.clone());
}

/// Tells what the transaction has staged under `id`, and marks it.
pub(crate) async fn tell(tx: &mut PgConnection, id: Uuid, part: i16) -> sqlx::Result<()> {
    let Some(log) = LOG.get() else { return Ok(()) };
    let due = outgoing::mark_and_sweep(tx, &[], &[part], &[], &log.config.region).await?;
    let ours = due.into_iter().filter(|due| due.record.id == id);
    let (ids, records): (Vec<i64>, Vec<_>) = ours.map(|due| (due.id, due.record)).unzip();
    if log.backend.publish(&records).await.is_ok() {
        outgoing::mark(tx, &ids).await?;
    }
    Ok(())
}
