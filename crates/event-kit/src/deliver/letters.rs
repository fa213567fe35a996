//! Dead letters: events put aside, and tried again when an operator asks or their gap is filled.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use common::types::{Clock, Fault, SystemClock};
use postgres_kit::StoreError;
use sqlx::{FromRow, PgConnection, PgPool, types::Json};
use uuid::Uuid;

use super::{
    Courier,
    attempt::{Job, Meaning, meaning_of, words_of},
    lane::LaneKey,
    position,
};
use crate::{
    Envelope, Headers, Record,
    inbox::Claim,
    metrics::{METRICS, of_consumer},
    snapshot::PARKED,
};

/// How often we look for letters to try again.
const LOOK: Duration = Duration::from_secs(1);
/// How often settled letters are looked through.
const FORGET_PERIOD: Duration = Duration::from_mins(1);
const ATTEMPTS_MAX: i32 = 5;

const KEEP: &str = "
    INSERT INTO dead_letter AS d
           (id, consumer, source, key, seq, epoch, type, event_id, code, detail, attempts, headers, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (consumer, event_id)
        DO UPDATE SET code = excluded.code, detail = excluded.detail, attempts = excluded.attempts
     WHERE d.settled_at IS NULL";

/// What an operator asked for, and what was early and is not any more.
const DUE: &str = "
    SELECT d.id, d.event_id, d.code, d.attempts, d.headers, d.body, d.redriven_at IS NOT NULL AS redriven
      FROM dead_letter d
      LEFT JOIN event_position p USING (consumer, source, key)
     WHERE d.consumer = $1
       AND d.settled_at IS NULL
       AND (d.redriven_at IS NOT NULL OR d.code = $2 AND d.seq <= coalesce(p.seq, 0) + 1)
     ORDER BY d.source, d.key, d.seq
     LIMIT 100";

/// Parked events that nothing will reach by itself, by history.
const MISSED: &str = "
    SELECT DISTINCT d.source, d.key
      FROM dead_letter d
      LEFT JOIN event_position p USING (consumer, source, key)
     WHERE d.consumer = $1
       AND d.settled_at IS NULL
       AND d.code = ANY ($2)
       AND (d.code <> $3 OR d.seq > coalesce(p.seq, 0) + 1)
       AND d.source = ANY ($4)
     LIMIT 100";

/// Settles what its handler did not settle, and moves the position with it.
const SETTLE: &str = "
    WITH settled AS (
        UPDATE dead_letter
           SET settled_at = now()
         WHERE id = $1 AND settled_at IS NULL
        RETURNING consumer, source, key, seq, epoch
    )
    INSERT INTO event_position AS p (consumer, source, key, seq, epoch)
    SELECT consumer, source, key, seq, epoch
      FROM settled
        ON CONFLICT (consumer, source, key)
        DO UPDATE SET seq = greatest(p.seq, excluded.seq), epoch = excluded.epoch
         WHERE p.epoch <= excluded.epoch";

const RETURN: &str = "
    UPDATE dead_letter
       SET code = $2, detail = $3, attempts = $4, redriven_at = CASE WHEN $5 THEN redriven_at END
     WHERE id = $1 AND settled_at IS NULL";

#[derive(FromRow)]
struct LetterRow {
    id: Uuid,
    event_id: Uuid,
    code: String,
    attempts: i32,
    headers: Json<Headers>,
    body: Vec<u8>,
    redriven: bool,
}

/// Keeps an event that cannot be applied and moves the position over it, both or none.
pub(super) async fn bury(
    courier: &Courier,
    job: &Job,
    fault: &dyn Fault,
    attempts: i32,
) -> Result<Claim, StoreError> {
    let mut tx = courier.db.begin().await?;
    if let Ok(envelope) = &job.envelope {
        let claim = position::advance(&mut *tx, courier.listeners.consumer(), envelope).await?;
        if claim != Claim::First {
            tx.rollback().await;
            return Ok(claim);
        }
    }
    keep(&mut tx, courier, job, fault, attempts).await?;
    tx.commit().await?;
    tracing::warn!(
        error = fault as &dyn std::error::Error,
        error.code = fault.code(),
        event.id = %job.event_id(),
        event.key = job.record.key,
        consumer.name = courier.listeners.consumer(),
        "event became a dead letter",
    );
    courier.count("dead letter");
    Ok(Claim::First)
}

/// Keeps an event that cannot be applied for now; the position stays.
pub(super) async fn park(
    courier: &Courier,
    job: &Job,
    fault: &dyn Fault,
) -> Result<(), StoreError> {
    let mut connection = courier.db.acquire().await?;
    keep(&mut connection, courier, job, fault, 1).await?;
    tracing::warn!(
        error = fault as &dyn std::error::Error,
        error.code = fault.code(),
        event.id = %job.event_id(),
        event.key = job.record.key,
        consumer.name = courier.listeners.consumer(),
        "event parked",
    );
    courier.count("parked");
    Ok(())
}

async fn keep(
    db: &mut PgConnection,
    courier: &Courier,
    job: &Job,
    fault: &dyn Fault,
    attempts: i32,
) -> Result<(), StoreError> {
    let (source, key) = job.lane_key();
    let envelope = job.envelope.as_deref().ok();
    sqlx::query(KEEP)
        .bind(SystemClock.new_id())
        .bind(courier.listeners.consumer())
        .bind(source)
        .bind(key)
        .bind(envelope.map_or(0, |envelope| envelope.seq))
        .bind(envelope.map_or(0, |envelope| envelope.epoch))
        .bind(envelope.map_or("", |envelope| envelope.kind.as_str()))
        .bind(job.event_id())
        .bind(fault.code())
        .bind(words_of(fault))
        .bind(attempts)
        .bind(Json(&job.record.headers))
        .bind(&job.record.body)
        .execute(db)
        .await?;
    Ok(())
}

/// Tries letters again, asks for what is missing, measures and forgets, until stopped.
pub(super) async fn keep_trying(courier: Arc<Courier>) {
    let mut forget_at = Instant::now();
    while !courier.halt.is_cancelled() {
        match look(&courier).await {
            // What was applied may let the next one of its key go.
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "dead letters wait for the database");
            }
        }
        if forget_at <= Instant::now() {
            forget_at = Instant::now() + FORGET_PERIOD;
            let consumer = courier.listeners.consumer();
            let forgotten = forget(courier.db.pool(), consumer, courier.config.inbox_keep_h);
            if let Err(error) = forgotten.await {
                tracing::debug!(%error, "settled letters are not forgotten yet");
            }
        }
        courier.rest(LOOK).await;
    }
}

/// Whether a letter was settled.
async fn look(courier: &Arc<Courier>) -> Result<bool, StoreError> {
    let mut settled = try_due(courier).await?;
    let missed = missed(courier).await?;
    courier.asked.keep(&missed);
    for key in missed {
        settled |= !courier.halt.is_cancelled() && courier.refetch(&key).await;
    }
    let (dead, parked) = count_open(courier.db.pool(), courier.listeners.consumer()).await?;
    let whose = of_consumer(courier.listeners.consumer());
    METRICS.dead_letters.record(dead, &whose);
    METRICS.parked.record(parked, &whose);
    Ok(settled)
}

async fn try_due(courier: &Arc<Courier>) -> Result<bool, StoreError> {
    let due: Vec<LetterRow> = sqlx::query_as(DUE)
        .bind(courier.listeners.consumer())
        .bind(StoreError::EARLY)
        .fetch_all(courier.db.pool())
        .await?;
    let mut settled = false;
    for letter in due {
        if courier.halt.is_cancelled() {
            break;
        }
        settled |= try_again(courier, letter).await?;
    }
    Ok(settled)
}

/// Keys of which parked events still wait, and whose owner can be asked.
async fn missed(courier: &Courier) -> Result<Vec<LaneKey>, StoreError> {
    let sources = courier.listeners.refetched();
    if sources.is_empty() {
        return Ok(Vec::new());
    }
    let missed = sqlx::query_as(MISSED).bind(courier.listeners.consumer()).bind(PARKED);
    let missed = missed.bind(StoreError::EARLY).bind(sources);
    Ok(missed.fetch_all(courier.db.pool()).await?)
}

/// Letters that wait for an operator, and those that wait for events.
async fn count_open(db: &PgPool, consumer: &str) -> Result<(i64, i64), StoreError> {
    let open = sqlx::query_as(
        "SELECT count(1) FILTER (WHERE code <> ALL ($2)), count(1) FILTER (WHERE code = ANY ($2))
           FROM dead_letter
          WHERE consumer = $1 AND settled_at IS NULL",
    );
    Ok(open.bind(consumer).bind(PARKED).fetch_one(db).await?)
}

/// Forgets what was settled as long ago as the inbox remembers.
async fn forget(db: &PgPool, consumer: &str, keep_h: u32) -> Result<u64, StoreError> {
    let forgotten = sqlx::query(
        "DELETE FROM dead_letter
          WHERE consumer = $1 AND settled_at < now() - make_interval(hours => $2)",
    );
    let keep_h = i32::try_from(keep_h).unwrap_or(i32::MAX);
    Ok(forgotten.bind(consumer).bind(keep_h).execute(db).await?.rows_affected())
}

async fn try_again(courier: &Arc<Courier>, letter: LetterRow) -> Result<bool, StoreError> {
    let (id, attempts) = (letter.id, letter.attempts + 1);
    let (parked, redriven) = (letter.code == StoreError::EARLY, letter.redriven);
    let Json(headers) = letter.headers;
    let envelope = match Envelope::from_headers(&headers) {
        Ok(envelope) => Arc::new(envelope),
        Err(error) => {
            let mut db = courier.db.acquire().await?;
            give_back(&mut db, id, &error, attempts, false).await?;
            return Ok(false);
        }
    };
    let (key, body) = (envelope.key.clone(), letter.body);
    let (topic, part) = (String::new(), 0);
    let record = Arc::new(Record { topic, part, id: letter.event_id, key, headers, body });

    let Err(fault) = courier.attempt(&envelope, &record, Some(id), &[]).await else {
        sqlx::query(SETTLE).bind(id).execute(courier.db.pool()).await?;
        return Ok(true);
    };
    match meaning_of(&*fault) {
        Meaning::Away => Ok(false),
        Meaning::Early | Meaning::Passing if attempts < ATTEMPTS_MAX => {
            let known: &dyn Fault = if parked { &position::early(&envelope) } else { &*fault };
            let mut db = courier.db.acquire().await?;
            give_back(&mut db, id, known, attempts, redriven).await?;
            Ok(false)
        }
        Meaning::Early | Meaning::Replaced | Meaning::Passing | Meaning::Final => {
            let mut tx = courier.db.begin().await?;
            give_back(&mut tx, id, &*fault, attempts, false).await?;
            // A parked one was the next of its key, which goes on without it.
            let moved =
                position::advance(&mut *tx, courier.listeners.consumer(), &envelope).await?;
            tx.commit().await?;
            Ok(moved == Claim::First)
        }
    }
}

/// Puts a letter back with its new fault; `again` keeps it among those to try.
async fn give_back(
    db: &mut PgConnection,
    id: Uuid,
    fault: &dyn Fault,
    attempts: i32,
    again: bool,
) -> Result<(), StoreError> {
    sqlx::query(RETURN)
        .bind(id)
        .bind(fault.code())
        .bind(words_of(fault))
        .bind(attempts)
        .bind(again)
        .execute(db)
        .await?;
    Ok(())
}

#[cfg(test)]
mod live {
    use super::*;
    use crate::snapshot::REPLACED;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn open_letters_are_told_apart_and_settled_ones_are_forgotten_with_the_inbox(db: PgPool) {
        for (code, settled_h) in [
            ("unwanted", None),
            (StoreError::EARLY, None),
            (REPLACED, None),
            ("unwanted", Some(400)),
            (StoreError::EARLY, Some(300)),
        ] {
            let keep = "INSERT INTO dead_letter (id, consumer, source, key, seq, type, event_id, code, detail,
                                                 attempts, headers, body, settled_at)
                        VALUES (gen_random_uuid(), 'c', 's', 'k', 1, 't', gen_random_uuid(), $1, '', 1, '{}', '',
                                now() - make_interval(hours => $2))";
            sqlx::query(keep).bind(code).bind(settled_h).execute(&db).await.unwrap();
        }

        assert_eq!(count_open(&db, "c").await.unwrap(), (1, 2));
        assert_eq!(count_open(&db, "another").await.unwrap(), (0, 0));
        assert_eq!(forget(&db, "another", 336).await.unwrap(), 0);
        assert_eq!(forget(&db, "c", 336).await.unwrap(), 1);
        assert_eq!(count_open(&db, "c").await.unwrap(), (1, 2));
    }
}
