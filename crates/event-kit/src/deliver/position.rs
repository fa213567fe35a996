//! How far a consumer has come in the history of a key.

use std::{collections::BTreeMap, sync::Arc};

use common::types::{Class, Fault};
use postgres_kit::StoreError;
use sqlx::{PgExecutor, PgPool};

use super::{Courier, PAUSE_MIN, attempt::Job, lane::LaneKey};
use crate::{Envelope, inbox::Claim, snapshot::REPLACED};

/// Moves the position of an event that has no effect here; as `inbox::claim` does, but nobody remembers
/// whether the event was seen.
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
         WHERE p.seq = excluded.seq - 1
           AND (p.epoch = excluded.epoch
             OR p.epoch < excluded.epoch
            AND NOT EXISTS (SELECT FROM dead_letter d
                             WHERE d.consumer = $1 AND d.source = $2 AND d.key = $3
                               AND d.settled_at IS NULL AND d.code = 'history-replaced'))
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM moved), EXISTS (SELECT FROM was WHERE seq >= $4 OR epoch > $5),
           EXISTS (SELECT FROM was WHERE seq >= $4 AND epoch < $5)";

const READ: &str = "
    SELECT w.source, w.key, p.seq, p.epoch
      FROM unnest($2::text[], $3::text[]) AS w (source, key)
     CROSS JOIN LATERAL (
        SELECT seq, epoch
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
     WHERE p.seq < excluded.seq AND p.epoch <= excluded.epoch";

/// Moves the position over one event.
pub(super) async fn advance(
    db: impl PgExecutor<'_>,
    consumer: &str,
    envelope: &Envelope,
) -> Result<Claim, StoreError> {
    let (moved, passed, replaced): (bool, bool, bool) = sqlx::query_as(ADVANCE)
        .bind(consumer)
        .bind(&envelope.source)
        .bind(&envelope.key)
        .bind(envelope.seq)
        .bind(envelope.epoch)
        .fetch_one(db)
        .await?;
    Ok(match (moved, passed) {
        (true, _) => Claim::First,
        (false, true) if replaced => Claim::Replaced,
        (false, true) => Claim::Again,
        (false, false) => Claim::Early,
    })
}

/// What [`advance`] would find, as far as it can be told without moving anything. The first event that comes
/// of a new epoch may have overtaken others that replace what we know: with `ask_owner` it counts as
/// replaced, for its owner to say.
pub(super) async fn find(
    db: &PgPool,
    consumer: &str,
    envelope: &Envelope,
    ask_owner: bool,
) -> Result<Claim, StoreError> {
    let key = (envelope.source.clone(), envelope.key.clone());
    let positions = read(db, consumer, std::iter::once(&key)).await?;
    let (seq, epoch) = positions.get(&key).copied().unwrap_or((0, envelope.epoch));
    Ok(if epoch > envelope.epoch {
        Claim::Again
    } else if seq >= envelope.seq {
        if epoch == envelope.epoch { Claim::Again } else { Claim::Replaced }
    } else if seq + 1 != envelope.seq {
        Claim::Early
    } else if ask_owner && epoch != envelope.epoch {
        Claim::Replaced
    } else {
        Claim::First
    })
}

/// An event of a history that a failover put in the place of the one we know.
#[derive(Debug, thiserror::Error)]
#[error("{what} belongs to a history that replaced the one we know")]
pub(super) struct Replaced {
    what: String,
}

impl Fault for Replaced {
    fn class(&self) -> Class {
        Class::Conflict
    }

    fn code(&self) -> &'static str {
        REPLACED
    }
}

/// The fault of an event whose place was passed in an older epoch.
pub(super) fn replaced(envelope: &Envelope) -> Replaced {
    let Envelope { source, seq, key, epoch, .. } = envelope;
    Replaced { what: format!("{source} event {seq} of {key} in epoch {epoch}") }
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

/// How far a history has come: number and epoch.
type Reached = (i64, i64);

/// How far each history needs no listener.
async fn try_skip(
    courier: &Courier,
    histories: &BTreeMap<LaneKey, Vec<Job>>,
) -> Result<BTreeMap<LaneKey, Reached>, StoreError> {
    let consumer = courier.listeners.consumer();
    let mut positions = read(courier.db.pool(), consumer, histories.keys()).await?;
    let mut runs = Vec::new();
    for (key, jobs) in histories {
        let mut unheard: Vec<&Envelope> = jobs
            .iter()
            .filter_map(|job| job.envelope.as_deref().ok())
            .filter(|envelope| !courier.listeners.hears(&envelope.kind))
            .collect();
        unheard.sort_by_key(|envelope| envelope.seq);
        let mut last = None;
        for envelope in unheard {
            let reached = positions.get(key).copied();
            if follows(envelope, reached) {
                positions.insert(key.clone(), (envelope.seq, envelope.epoch));
                last = Some(envelope);
            }
        }
        runs.extend(last);
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

/// Whether an event is the next one, and surely of the same history: into a new epoch nobody skips.
fn follows(envelope: &Envelope, reached: Option<Reached>) -> bool {
    match reached {
        Some((seq, epoch)) => envelope.seq == seq + 1 && envelope.epoch == epoch,
        None => envelope.seq == 1,
    }
}

async fn read(
    db: &PgPool,
    consumer: &str,
    keys: impl Iterator<Item = &LaneKey>,
) -> Result<BTreeMap<LaneKey, Reached>, StoreError> {
    let (sources, keys): (Vec<&str>, Vec<&str>) =
        keys.map(|(source, key)| (source.as_str(), key.as_str())).unzip();
    let positions: Vec<(String, String, i64, i64)> =
        sqlx::query_as(READ).bind(consumer).bind(sources).bind(keys).fetch_all(db).await?;
    let reached = positions.into_iter();
    Ok(reached.map(|(source, key, seq, epoch)| ((source, key), (seq, epoch))).collect())
}

fn without(
    courier: &Courier,
    histories: BTreeMap<LaneKey, Vec<Job>>,
    skipped: &BTreeMap<LaneKey, Reached>,
) -> Vec<(LaneKey, Vec<Job>)> {
    let mut left = Vec::new();
    for (key, jobs) in histories {
        let (seq, epoch) = skipped.get(&key).copied().unwrap_or((0, 0));
        let passed = |job: &Job| {
            let envelope = job.envelope.as_ref();
            envelope.is_ok_and(|envelope| envelope.seq <= seq && envelope.epoch <= epoch)
        };
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

#[cfg(test)]
mod live {
    use common::types::{Clock, SystemClock};

    use super::*;

    fn event(seq: i64, epoch: i64) -> Envelope {
        Envelope {
            id: SystemClock.new_id(),
            kind: "com.cloudeats.bakery.baked.v1".to_owned(),
            source: "bakery".to_owned(),
            region: "eu-west-1".to_owned(),
            key: "loaf".to_owned(),
            seq,
            epoch,
            at: SystemClock.now(),
            order: None,
            cause: None,
            cell: None,
            trace: None,
        }
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn only_the_next_event_of_a_history_is_due(db: PgPool) {
        let find = async |seq, epoch| find(&db, "cafe", &event(seq, epoch), true).await.unwrap();
        assert_eq!((find(1, 4).await, find(2, 4).await), (Claim::First, Claim::Early));

        for seq in 1..=3 {
            assert_eq!(advance(&db, "cafe", &event(seq, 4)).await.unwrap(), Claim::First);
        }

        assert_eq!((find(3, 4).await, find(5, 4).await), (Claim::Again, Claim::Early));
        assert_eq!(find(4, 4).await, Claim::First);
        assert_eq!((find(4, 3).await, find(3, 5).await), (Claim::Again, Claim::Replaced));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_first_event_of_a_new_epoch_is_for_its_owner_to_explain(db: PgPool) {
        advance(&db, "cafe", &event(1, 4)).await.unwrap();

        let of_new_epoch = event(2, 5);

        assert_eq!(find(&db, "cafe", &of_new_epoch, true).await.unwrap(), Claim::Replaced);
        assert_eq!(find(&db, "cafe", &of_new_epoch, false).await.unwrap(), Claim::First);
    }
}
