//! Facts heard: each is applied once, in the order of its source and key.

use common::mutants;
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use crate::Heard;

/// Whether this delivery of a fact is to be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It is the next one: go on, and commit.
    First,
    /// It was applied, or is older than what was, or of an epoch that is over: do nothing.
    Again,
    /// Something before it is missing: undo, and let it come again.
    Early,
    /// Its place was passed in an older epoch: a failover replaced what we know. Do nothing; the owner
    /// is asked for what it holds now, where [`Listeners::refetching`](crate::Listeners::refetching) says how.
    Replaced,
}

/// Remembers the event and moves the position, each only where the one before allows it: into a new epoch
/// only where nothing is left to be fetched anew. Those from $7 on, which nobody hears, are passed over with it,
/// in one epoch. The last columns see what was there before the statement.
const CLAIM: &str = "
    WITH seen AS (
        INSERT INTO inbox (consumer, event_id)
        VALUES ($1, $2)
            ON CONFLICT DO NOTHING
        RETURNING 1
    ), was AS MATERIALIZED (
        SELECT seq, epoch
          FROM event_position
         WHERE consumer = $1 AND source = $3 AND key = $4
    ), moved AS (
        INSERT INTO event_position AS p (consumer, source, key, seq, epoch)
        SELECT $1, $3, $4, $5, $6
          FROM seen
         WHERE $7 = 1 OR EXISTS (SELECT FROM was)
            ON CONFLICT (consumer, source, key) DO UPDATE SET seq = excluded.seq, epoch = excluded.epoch
         WHERE p.seq BETWEEN $7 - 1 AND excluded.seq - 1
           AND (p.epoch = excluded.epoch
             OR p.epoch < excluded.epoch AND p.seq = excluded.seq - 1
            AND NOT EXISTS (SELECT FROM dead_letter d
                             WHERE d.consumer = $1 AND d.source = $3 AND d.key = $4
                               AND d.settled_at IS NULL AND d.code = 'history-replaced'))
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM seen), EXISTS (SELECT FROM moved),
           EXISTS (SELECT FROM was WHERE seq >= $5 OR epoch > $6),
           EXISTS (SELECT FROM was WHERE seq >= $5 AND epoch < $6)";

/// The same for a dead letter that is tried again: the letter's mark decides, not the position.
const CLAIM_LETTER: &str = "
    WITH settled AS (
        UPDATE dead_letter
           SET settled_at = now()
         WHERE id = $6 AND settled_at IS NULL
        RETURNING 1
    ), seen AS (
        INSERT INTO inbox (consumer, event_id)
        SELECT $1, $2
          FROM settled
            ON CONFLICT DO NOTHING
        RETURNING 1
    ), moved AS (
        INSERT INTO event_position AS p (consumer, source, key, seq, epoch)
        SELECT $1, $3, $4, $5, $7
          FROM seen
            ON CONFLICT (consumer, source, key)
            DO UPDATE SET seq = greatest(p.seq, excluded.seq), epoch = excluded.epoch
             WHERE p.epoch <= excluded.epoch
    )
    SELECT EXISTS (SELECT FROM seen)";

/// Claims a fact in the transaction of its effect.
///
/// # Errors
/// The database refused or did not answer.
pub async fn claim<E>(tx: &mut PgConnection, heard: &Heard<E>) -> Result<Claim, StoreError> {
    if mutants::on("no_inbox") {
        heard.delivery.note(Claim::First);
        return Ok(Claim::First);
    }
    let claim = match heard.delivery.letter {
        Some(letter) => claim_letter(tx, heard, letter).await?,
        None => claim_next(tx, heard).await?,
    };
    heard.delivery.note(claim);
    Ok(claim)
}

async fn claim_next<E>(tx: &mut PgConnection, heard: &Heard<E>) -> Result<Claim, StoreError> {
    let (seen, moved, passed, replaced): (bool, bool, bool, bool) = sqlx::query_as(CLAIM)
        .bind(heard.delivery.consumer)
        .bind(heard.id)
        .bind(&heard.source)
        .bind(&heard.key)
        .bind(heard.seq)
        .bind(heard.epoch)
        .bind(heard.seq - heard.delivery.before)
        .fetch_one(tx)
        .await?;
    Ok(match (seen, moved) {
        (true, true) => Claim::First,
        (true, false) if replaced => Claim::Replaced,
        (true, false) if !passed => Claim::Early,
        (true, false) | (false, _) => Claim::Again,
    })
}

async fn claim_letter<E>(
    tx: &mut PgConnection,
    heard: &Heard<E>,
    letter: Uuid,
) -> Result<Claim, StoreError> {
    let first: bool = sqlx::query_scalar(CLAIM_LETTER)
        .bind(heard.delivery.consumer)
        .bind(heard.id)
        .bind(&heard.source)
        .bind(&heard.key)
        .bind(heard.seq)
        .bind(letter)
        .bind(heard.epoch)
        .fetch_one(tx)
        .await?;
    Ok(if first { Claim::First } else { Claim::Again })
}

/// Claims a fact: `true` means go on and commit, `false` that it was applied before or is older than
/// what was: return `Ok(())`.
///
/// # Errors
/// [`StoreError::Early`]: something before it is missing; handed on, it makes the delivery wait.
/// Else the database refused or did not answer.
pub async fn claim_or_skip<E>(tx: &mut PgConnection, heard: &Heard<E>) -> Result<bool, StoreError> {
    match claim(tx, heard).await? {
        Claim::First => Ok(true),
        Claim::Again | Claim::Replaced => Ok(false),
        Claim::Early => Err(StoreError::Early {
            what: format!("{} event {} of {}", heard.source, heard.seq, heard.key),
        }),
    }
}

#[cfg(test)]
mod live {
    use common::types::{Clock, Event, SystemClock};
    use postgres_kit::Db;
    use serde::{Deserialize, Serialize};
    use sqlx::PgPool;

    use super::*;

    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct Rung;

    impl Event for Rung {
        const TYPE: &'static str = "com.cloudeats.tower.rung.v1";

        fn key(&self) -> String {
            "bell".to_owned()
        }
    }

    fn heard(seq: i64, epoch: i64) -> Heard<Rung> {
        let clock = SystemClock;
        Heard { epoch, ..Heard::new("village", clock.new_id(), seq, clock.now(), Rung) }
    }

    async fn claim_and_commit(db: &Db, heard: &Heard<Rung>) -> Claim {
        let mut tx = db.begin().await.unwrap();
        let claimed = claim(&mut tx, heard).await.unwrap();
        match claimed {
            Claim::First => tx.commit().await.unwrap(),
            Claim::Again | Claim::Early | Claim::Replaced => tx.rollback().await,
        }
        claimed
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_fact_is_first_once_and_early_before_its_turn(pool: PgPool) {
        let db = Db::from_pool(pool);
        let facts: Vec<_> = (0..=3).map(|seq| heard(seq, 0)).collect();

        assert_eq!(claim_and_commit(&db, &facts[2]).await, Claim::Early);
        assert_eq!(claim_and_commit(&db, &facts[1]).await, Claim::First);
        assert_eq!(claim_and_commit(&db, &facts[1]).await, Claim::Again);
        assert_eq!(claim_and_commit(&db, &facts[3]).await, Claim::Early);
        assert_eq!(claim_and_commit(&db, &facts[2]).await, Claim::First);
        assert_eq!(claim_and_commit(&db, &facts[3]).await, Claim::First);
        assert_eq!(claim_and_commit(&db, &heard(2, 0)).await, Claim::Again, "older");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_fact_of_an_epoch_that_is_over_is_not_applied(pool: PgPool) {
        let db = Db::from_pool(pool);

        assert_eq!(claim_and_commit(&db, &heard(1, 0)).await, Claim::First);
        assert_eq!(claim_and_commit(&db, &heard(2, 1)).await, Claim::First);
        assert_eq!(claim_and_commit(&db, &heard(3, 0)).await, Claim::Again);
        assert_eq!(claim_and_commit(&db, &heard(3, 1)).await, Claim::First);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_fact_of_a_newer_epoch_whose_place_was_passed_replaces_what_we_know(pool: PgPool) {
        let db = Db::from_pool(pool);
        let facts = [heard(1, 0), heard(2, 0)];
        for fact in &facts {
            assert_eq!(claim_and_commit(&db, fact).await, Claim::First);
        }

        assert_eq!(claim_and_commit(&db, &heard(2, 1)).await, Claim::Replaced);
        assert_eq!(claim_and_commit(&db, &facts[1]).await, Claim::Again, "only seen before");
        assert!(!claim_or_skip(&mut db.begin().await.unwrap(), &heard(1, 1)).await.unwrap());
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_fact_passes_over_those_before_it_that_nobody_hears(pool: PgPool) {
        let db = Db::from_pool(pool);
        let behind = |seq, epoch, before| {
            let heard = heard(seq, epoch);
            Heard { delivery: heard.delivery.clone().behind(before), ..heard }
        };

        assert_eq!(claim_and_commit(&db, &behind(3, 0, 1)).await, Claim::Early);
        assert_eq!(claim_and_commit(&db, &behind(3, 0, 2)).await, Claim::First);
        assert_eq!(claim_and_commit(&db, &behind(6, 0, 1)).await, Claim::Early);
        assert_eq!(claim_and_commit(&db, &behind(6, 0, 4)).await, Claim::First, "some were passed");
        assert_eq!(claim_and_commit(&db, &behind(6, 0, 2)).await, Claim::Again);
        assert_eq!(claim_and_commit(&db, &behind(8, 1, 1)).await, Claim::Early, "a new epoch");
        assert_eq!(claim_and_commit(&db, &heard(7, 1)).await, Claim::First);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn of_two_who_claim_at_once_one_is_first(pool: PgPool) {
        let db = Db::from_pool(pool);
        for seq in 1..=20 {
            let fact = heard(seq, 0);
            let both =
                futures::future::join(claim_and_commit(&db, &fact), claim_and_commit(&db, &fact));
            let (a, b) = both.await;
            assert!(matches!((a, b), (Claim::First, Claim::Again) | (Claim::Again, Claim::First)));
        }
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_effect_that_is_rolled_back_can_come_again(pool: PgPool) {
        let db = Db::from_pool(pool);
        let fact = heard(1, 0);
        let mut tx = db.begin().await.unwrap();
        assert!(claim_or_skip(&mut tx, &fact).await.unwrap());
        drop(tx);

        assert_eq!(claim_and_commit(&db, &fact).await, Claim::First);
    }
}
