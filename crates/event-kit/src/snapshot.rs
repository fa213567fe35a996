//! What an owner holds now, taken instead of events that are missing or were replaced.
//!
//! The consumer's side is [`Listeners::refetching`](crate::Listeners::refetching) with a handler that asks
//! the owner and calls [`take`]; the owner's side answers with its state and [`last_told`].

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use postgres_kit::{PgConnection, StoreError};

/// The code of an event that is parked because a failover replaced the history it belongs to.
pub(crate) const REPLACED: &str = "history-replaced";
/// The codes of events that are parked: they wait for what is missing, not for an operator.
pub(crate) const PARKED: [&str; 2] = [StoreError::EARLY, REPLACED];

/// A history of which a consumer misses something.
#[derive(Debug, Clone)]
pub struct Missed {
    /// The service that told it.
    pub source: String,
    /// What it is about.
    pub key: String,
    consumer: &'static str,
    taken: Arc<AtomicBool>,
}

impl Missed {
    /// The history of `source` and `key`, as `consumer` misses something of it.
    #[must_use]
    pub fn new(consumer: &'static str, source: &str, key: &str) -> Self {
        let (source, key) = (source.to_owned(), key.to_owned());
        Self { source, key, consumer, taken: Arc::default() }
    }

    /// Whether a snapshot was taken; it counts once its transaction is committed.
    pub(crate) fn was_taken(&self) -> bool {
        self.taken.load(Ordering::Acquire)
    }
}

/// Moves the position, never back within an epoch; an owner in a newer epoch may stand before us. What
/// was parked and is contained in the snapshot is settled, and counts as heard.
const TAKE: &str = "
    WITH moved AS (
        INSERT INTO event_position AS p (consumer, source, key, seq, epoch)
        VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (consumer, source, key) DO UPDATE SET seq = excluded.seq, epoch = excluded.epoch
         WHERE (p.epoch, p.seq) <= (excluded.epoch, excluded.seq)
        RETURNING 1
    ), settled AS (
        UPDATE dead_letter
           SET settled_at = now()
         WHERE consumer = $1 AND source = $2 AND key = $3
           AND settled_at IS NULL
           AND code = ANY ($6)
           AND (epoch, seq) <= ($5, $4)
           AND EXISTS (SELECT FROM moved)
        RETURNING event_id
    ), seen AS (
        INSERT INTO inbox (consumer, event_id)
        SELECT $1, event_id
          FROM settled
            ON CONFLICT DO NOTHING
    )
    SELECT EXISTS (SELECT FROM moved)";

/// The row lock of the key lets nobody tell anything about it until the transaction ends.
const LAST_TOLD: &str = "
    SELECT seq
      FROM event_sequence
     WHERE key = $1
       FOR SHARE";

/// Takes a snapshot in the transaction of its effect: the state behind the `seq`th event of `epoch`.
/// `false` means that we know more than the owner did: do nothing, and return `Ok(())`.
///
/// # Errors
/// The database refused or did not answer.
pub async fn take(
    tx: &mut PgConnection,
    missed: &Missed,
    seq: i64,
    epoch: i64,
) -> Result<bool, StoreError> {
    let taken = sqlx::query_scalar(TAKE)
        .bind(missed.consumer)
        .bind(&missed.source)
        .bind(&missed.key)
        .bind(seq)
        .bind(epoch)
        .bind(PARKED)
        .fetch_one(tx)
        .await?;
    missed.taken.store(taken, Ordering::Release);
    Ok(taken)
}

/// The number of the last fact that was told about a key; 0 where none was. What the same transaction
/// reads afterwards is the state behind that fact, to be sent as a snapshot.
///
/// # Errors
/// The database refused or did not answer.
pub async fn last_told(tx: &mut PgConnection, key: &str) -> Result<i64, StoreError> {
    let seq = sqlx::query_scalar(LAST_TOLD).bind(key).fetch_optional(tx).await?;
    Ok(seq.unwrap_or(0))
}

#[cfg(test)]
mod live {
    use common::types::{Clock, Event, SystemClock};
    use postgres_kit::Db;
    use serde::{Deserialize, Serialize};
    use sqlx::PgPool;

    use super::*;
    use crate::{Heard, inbox, inbox::Claim, outbox};

    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct Rung;

    impl Event for Rung {
        const TYPE: &'static str = "com.cloudeats.tower.rung.v1";

        fn key(&self) -> String {
            "bell".to_owned()
        }
    }

    fn missed() -> Missed {
        Missed::new("village", "tower", "bell")
    }

    async fn take_at(db: &Db, seq: i64, epoch: i64) -> bool {
        let mut tx = db.begin().await.unwrap();
        let taken = take(&mut tx, &missed(), seq, epoch).await.unwrap();
        tx.commit().await.unwrap();
        taken
    }

    async fn claim(db: &Db, seq: i64, epoch: i64) -> Claim {
        let clock = SystemClock;
        let heard =
            Heard { epoch, ..Heard::new("village", clock.new_id(), seq, clock.now(), Rung) };
        let mut tx = db.begin().await.unwrap();
        let claim = inbox::claim(&mut tx, &heard).await.unwrap();
        match claim {
            Claim::First => tx.commit().await.unwrap(),
            Claim::Again | Claim::Early | Claim::Replaced => tx.rollback().await,
        }
        claim
    }

    async fn park(pool: &PgPool, seq: i64, epoch: i64, code: &str) {
        let park = "INSERT INTO dead_letter (id, consumer, source, key, seq, epoch, type, event_id, code, detail,
                                             attempts, headers, body)
                    VALUES (gen_random_uuid(), 'village', 'tower', 'bell', $1, $2, 't', gen_random_uuid(), $3, '',
                            1, '{}', '')";
        sqlx::query(park).bind(seq).bind(epoch).bind(code).execute(pool).await.unwrap();
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_snapshot_settles_what_it_contains_and_goes_on_behind_it(pool: PgPool) {
        let db = Db::from_pool(pool.clone());
        assert_eq!(claim(&db, 1, 0).await, Claim::First);
        for (seq, epoch, code) in
            [(3, 0, StoreError::EARLY), (5, 0, StoreError::EARLY), (4, 0, "unwanted")]
        {
            park(&pool, seq, epoch, code).await;
        }

        assert!(take_at(&db, 4, 0).await);

        let open = "SELECT seq FROM dead_letter WHERE settled_at IS NULL ORDER BY seq";
        let open: Vec<i64> = sqlx::query_scalar(open).fetch_all(&pool).await.unwrap();
        assert_eq!(open, [4, 5], "what an operator has to see stays");
        assert_eq!(claim(&db, 4, 0).await, Claim::Again);
        assert_eq!(claim(&db, 5, 0).await, Claim::First);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_snapshot_goes_back_only_into_a_newer_epoch(pool: PgPool) {
        let db = Db::from_pool(pool);

        assert!(take_at(&db, 7, 0).await);
        assert!(!take_at(&db, 6, 0).await);
        assert!(take_at(&db, 7, 0).await, "the same again changes nothing");
        assert!(take_at(&db, 5, 1).await);
        assert_eq!(claim(&db, 8, 0).await, Claim::Again);
        assert_eq!(claim(&db, 6, 1).await, Claim::First);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_new_epoch_waits_for_the_snapshot_of_what_it_replaced(pool: PgPool) {
        let db = Db::from_pool(pool.clone());
        assert!(take_at(&db, 2, 0).await);
        park(&pool, 2, 1, REPLACED).await;

        assert_eq!(claim(&db, 3, 1).await, Claim::Early);
        assert!(take_at(&db, 2, 1).await);
        assert_eq!(claim(&db, 3, 1).await, Claim::First);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn nobody_tells_while_a_snapshot_is_made(pool: PgPool) {
        let db = Db::from_pool(pool);
        let tell = async || {
            let mut tx = db.begin().await.unwrap();
            outbox::stage(&mut tx, &Rung).await.unwrap();
            tx.commit().await.unwrap();
        };
        assert_eq!(last_told(&mut db.begin().await.unwrap(), "bell").await.unwrap(), 0);
        tell().await;

        let mut making = db.begin().await.unwrap();
        assert_eq!(last_told(&mut making, "bell").await.unwrap(), 1);
        let mut telling = db.begin().await.unwrap();
        sqlx::query("SET LOCAL lock_timeout = '200ms'").execute(&mut *telling).await.unwrap();

        outbox::stage(&mut telling, &Rung).await.unwrap_err();

        drop((making, telling));
        tell().await;
        assert_eq!(last_told(&mut db.begin().await.unwrap(), "bell").await.unwrap(), 2);
    }
}
