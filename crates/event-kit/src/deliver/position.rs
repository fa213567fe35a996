//! How far a consumer has come in the history of a key.

use std::{collections::BTreeMap, sync::Arc};

use postgres_kit::StoreError;
use sqlx::{PgExecutor, PgPool};

use super::{Courier, PAUSE_MIN, attempt::Job, lane::LaneKey};
use crate::{Envelope, inbox::Claim};

/// Moves the position of an event that has no effect here.
const ADVANCE: &str = "
    WITH was AS MATERIALIZED (
        SELECT seq, epoch
          FROM event_position
         WHERE consumer = $1 AND source = $2 AND key = $3
    ), moved AS (
        INSERT INTO event_position AS p (consumer, source, key, seq, epoch)
        SELECT $1, $2, $3, $4, $5
         WHERE $4 = 1 OR EXISTS (SELECT FROM was)
            ON CONFLICT (consumer, source, key) DO UPDATE SET seq = excluded.seq, epoch = excluded.epoch
         WHERE p.seq = excluded.seq - 1 AND p.epoch <= excluded.epoch
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM moved), EXISTS (SELECT FROM was WHERE seq >= $4 OR epoch > $5)";

const READ: &str = "
    SELECT w.source, w.key, p.seq
      FROM unnest($2::text[], $3::text[]) AS w (source, key)
     CROSS JOIN LATERAL (
        SELECT seq
          FROM event_position
         WHERE consumer = $1 AND source = w.source AND key = w.key
         LIMIT 1
     ) p";

/// The runs were seen to begin right behind the position, which only ever grows.
const SKIP: &str = "
    INSERT INTO event_position AS p (consumer, source, key, seq, epoch)
    SELECT $1, u.source, u.key, u.seq, u.epoch
      FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[]) AS u (source, key, seq, epoch)
     ORDER BY u.source, u.key
        ON CONFLICT (consumer, source, key)
        DO UPDATE SET seq = excluded.seq, epoch = greatest(p.epoch, excluded.epoch)
     WHERE p.seq < excluded.seq";

/// Moves the position over one event.
pub(super) async fn advance(
    db: impl PgExecutor<'_>,
    consumer: &str,
    envelope: &Envelope,
) -> Result<Claim, StoreError> {
    let (moved, passed): (bool, bool) = sqlx::query_as(ADVANCE)
        .bind(consumer)
        .bind(&envelope.source)
        .bind(&envelope.key)
        .bind(envelope.seq)
        .bind(envelope.epoch)
        .fetch_one(db)
        .await?;
    Ok(match (moved, passed) {
        (true, _) => Claim::First,
        (false, true) => Claim::Again,
        (false, false) => Claim::Early,
    })
}

/// The fault of an event that came before the one it builds on.
pub(super) fn early(envelope: &Envelope) -> StoreError {
    let Envelope { source, seq, key, .. } = envelope;
    StoreError::Early { what: format!("{source} event {seq} of {key}") }
}

/// Drops from histories what was applied before, moves over what nobody hears, answers with the rest.
/// Waits for the database as long as it takes; stopped, it leaves everything as it is.
pub(super) async fn skip(
    courier: &Arc<Courier>,
    histories: BTreeMap<LaneKey, Vec<Job>>,
) -> Vec<(LaneKey, Vec<Job>)> {
    let mut pause = PAUSE_MIN;
    while !courier.halt.is_cancelled() {
        match try_skip(courier, &histories).await {
            Ok(skipped) => return without(courier, histories, &skipped),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "events wait for the database");
            }
        }
        courier.rest(pause).await;
        pause = super::PAUSE_MAX.min(pause * 2);
    }
    courier.dropped(histories.values().map(Vec::len).sum());
    Vec::new()
}

/// How far each history needs no listener.
async fn try_skip(
    courier: &Courier,
    histories: &BTreeMap<LaneKey, Vec<Job>>,
) -> Result<BTreeMap<LaneKey, i64>, StoreError> {
    let consumer = courier.listeners.consumer();
    let mut positions = read(courier.db.pool(), consumer, histories.keys()).await?;
    let mut runs = Vec::new();
    for (key, jobs) in histories {
        let position = positions.entry(key.clone()).or_insert(0);
        let mut unheard: Vec<&Envelope> = jobs
            .iter()
            .filter_map(|job| job.envelope.as_deref().ok())
            .filter(|envelope| !courier.listeners.hears(&envelope.kind))
            .collect();
        unheard.sort_by_key(|envelope| envelope.seq);
        let begin = *position;
        let mut last = None;
        for envelope in unheard {
            if envelope.seq == *position + 1 {
                *position = envelope.seq;
                last = Some(envelope);
            }
        }
        runs.extend(last.filter(|last| last.seq > begin));
    }
    if !runs.is_empty() {
        sqlx::query(SKIP)
            .bind(consumer)
            .bind(runs.iter().map(|last| last.source.as_str()).collect::<Vec<_>>())
            .bind(runs.iter().map(|last| last.key.as_str()).collect::<Vec<_>>())
            .bind(runs.iter().map(|last| last.seq).collect::<Vec<_>>())
            .bind(runs.iter().map(|last| last.epoch).collect::<Vec<_>>())
            .execute(courier.db.pool())
            .await?;
    }
    Ok(positions)
}

async fn read(
    db: &PgPool,
    consumer: &str,
    keys: impl Iterator<Item = &LaneKey>,
) -> Result<BTreeMap<LaneKey, i64>, StoreError> {
    let (sources, keys): (Vec<&str>, Vec<&str>) =
        keys.map(|(source, key)| (source.as_str(), key.as_str())).unzip();
    let positions: Vec<(String, String, i64)> =
        sqlx::query_as(READ).bind(consumer).bind(sources).bind(keys).fetch_all(db).await?;
    Ok(positions.into_iter().map(|(source, key, seq)| ((source, key), seq)).collect())
}

fn without(
    courier: &Courier,
    histories: BTreeMap<LaneKey, Vec<Job>>,
    skipped: &BTreeMap<LaneKey, i64>,
) -> Vec<(LaneKey, Vec<Job>)> {
    let mut left = Vec::new();
    for (key, jobs) in histories {
        let position = skipped.get(&key).copied().unwrap_or(0);
        let passed =
            |job: &Job| job.envelope.as_ref().is_ok_and(|envelope| envelope.seq <= position);
        let (passed, jobs): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(passed);
        for job in &passed {
            courier.done(job);
        }
        if !jobs.is_empty() {
            left.push((key, jobs));
        }
    }
    left
}
