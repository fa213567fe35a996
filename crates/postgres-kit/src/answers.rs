//! First answers, kept with the key that they answered, in the transaction of what was done (RELIABILITY
//! 7.4).
//!
//! The table belongs to the service, whose own migration makes it:
//!
//! ```sql
//! CREATE TABLE idempotency (
//!     principal uuid, route text, key text, fingerprint bytea NOT NULL,
//!     status smallint, location text, body bytea, created_at timestamptz NOT NULL,
//!     PRIMARY KEY (principal, route, key)
//! );
//! CREATE INDEX ON idempotency (created_at);
//! ```

use common::types::{Principal, Timestamp};
use jiff_sqlx::ToSqlx;

use crate::{PgConnection, StoreError};

/// Pruning takes so many at once, which is far from the limit on a statement's time.
const PRUNED_AT_ONCE: i64 = 1_000;

/// Whose key it is, and for what: another principal's key, or one for another route, is another key.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Who asks.
    pub by: &'a Principal,
    /// Method and path template, such as `POST /v1/menu`.
    pub route: &'a str,
    /// The key, as the caller wrote it.
    pub key: &'a str,
}

/// What was said the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The HTTP status.
    pub status: u16,
    /// `Location`, where there was one.
    pub location: Option<String>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// It is ours now.
    First,
    /// It was used for the same; so was answered.
    Again(Kept),
    /// It was used for something else.
    Reused,
}

/// Claims a key, or finds the answer that it got the first time. A twin waits here for the commit.
///
/// # Errors
/// The database refused or did not answer; `Corrupt` where a claim was committed without its answer.
pub async fn claim(
    tx: &mut PgConnection,
    asked: Asked<'_>,
    fingerprint: &[u8; 32],
    now: Timestamp,
) -> Result<Claim, StoreError> {
    let claimed = sqlx::query(
        "INSERT INTO idempotency (principal, route, key, fingerprint, created_at)
         VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING",
    )
    .bind(asked.by.id)
    .bind(asked.route)
    .bind(asked.key)
    .bind(fingerprint.as_slice())
    .bind(now.to_sqlx())
    .execute(&mut *tx)
    .await?;
    if claimed.rows_affected() == 1 {
        return Ok(Claim::First);
    }
    let (status, location, body, first): (Option<i16>, Option<String>, Option<Vec<u8>>, Vec<u8>) =
        sqlx::query_as(
            "SELECT status, location, body, fingerprint
               FROM idempotency
              WHERE principal = $1 AND route = $2 AND key = $3",
        )
        .bind(asked.by.id)
        .bind(asked.route)
        .bind(asked.key)
        .fetch_one(tx)
        .await?;
    if first != fingerprint {
        return Ok(Claim::Reused);
    }
    let corrupt = || StoreError::Corrupt { table: "idempotency", id: asked.key.to_owned() };
    let status = status.and_then(|status| u16::try_from(status).ok()).ok_or_else(corrupt)?;
    let body = body.ok_or_else(corrupt)?;
    Ok(Claim::Again(Kept { status, location, body }))
}

/// Keeps the first answer to a key that was claimed in the same transaction.
///
/// # Errors
/// The database refused or did not answer; `Stale` where nobody claimed the key.
pub async fn keep(
    tx: &mut PgConnection,
    asked: Asked<'_>,
    answer: &Kept,
) -> Result<(), StoreError> {
    let kept = sqlx::query(
        "UPDATE idempotency
            SET status = $4, location = $5, body = $6
          WHERE principal = $1 AND route = $2 AND key = $3 AND status IS NULL",
    )
    .bind(asked.by.id)
    .bind(asked.route)
    .bind(asked.key)
    .bind(i16::try_from(answer.status).unwrap_or_default())
    .bind(&answer.location)
    .bind(&answer.body)
    .execute(tx)
    .await?;
    if kept.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale { table: "idempotency" }) }
}

/// Removes some of the answers that no client asks for any more, oldest first; returns how many.
///
/// # Errors
/// The database refused or did not answer.
pub async fn prune(db: &mut PgConnection, before: Timestamp) -> Result<u64, StoreError> {
    let gone = sqlx::query(
        "WITH old AS MATERIALIZED (
             SELECT principal, route, key
               FROM idempotency
              WHERE created_at < $1
              ORDER BY created_at
              LIMIT $2
                FOR UPDATE SKIP LOCKED
         )
         DELETE FROM idempotency i
          USING old
          WHERE i.principal = old.principal AND i.route = old.route AND i.key = old.key",
    )
    .bind(before.to_sqlx())
    .bind(PRUNED_AT_ONCE)
    .execute(db)
    .await?;
    Ok(gone.rows_affected())
}

#[cfg(test)]
mod live {
    use common::types::{Fault, Role};
    use sqlx::PgPool;
    use uuid::Uuid;

    use super::*;
    use crate::Db;

    const TABLE: &str = "
        CREATE TABLE idempotency (
            principal uuid, route text, key text, fingerprint bytea NOT NULL,
            status smallint, location text, body bytea, created_at timestamptz NOT NULL,
            PRIMARY KEY (principal, route, key)
        )";
    const NOW: Timestamp = Timestamp::UNIX_EPOCH;
    const ONE: [u8; 32] = [1; 32];
    const OTHER: [u8; 32] = [2; 32];

    async fn db(pool: PgPool) -> Db {
        sqlx::raw_sql(TABLE).execute(&pool).await.unwrap();
        Db::from_pool(pool)
    }

    fn somebody(n: u128) -> Principal {
        let id = Uuid::from_u128(n);
        Principal { id, roles: vec![Role::StoreManager], stores: Vec::new() }
    }

    const fn asked(by: &Principal) -> Asked<'_> {
        Asked { by, route: "POST /v1/things", key: "a-key-of-16-chars" }
    }

    fn answer() -> Kept {
        Kept { status: 201, location: Some("/v1/things/1".to_owned()), body: b"{}".to_vec() }
    }

    #[sqlx::test]
    async fn the_first_answer_is_given_again_and_only_to_the_same_question(pool: PgPool) {
        let (db, me) = (db(pool).await, somebody(1));
        let mut tx = db.begin().await.unwrap();
        assert_eq!(claim(&mut tx, asked(&me), &ONE, NOW).await.unwrap(), Claim::First);
        keep(&mut tx, asked(&me), &answer()).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = db.begin().await.unwrap();
        let again = claim(&mut tx, asked(&me), &ONE, NOW).await.unwrap();
        assert_eq!(again, Claim::Again(answer()));
        assert_eq!(claim(&mut tx, asked(&me), &OTHER, NOW).await.unwrap(), Claim::Reused);
    }

    #[sqlx::test]
    async fn a_key_is_its_principals_and_its_routes(pool: PgPool) {
        let (db, me, other) = (db(pool).await, somebody(1), somebody(2));
        let mut tx = db.begin().await.unwrap();
        assert_eq!(claim(&mut tx, asked(&me), &ONE, NOW).await.unwrap(), Claim::First);

        assert_eq!(claim(&mut tx, asked(&other), &OTHER, NOW).await.unwrap(), Claim::First);
        let elsewhere = Asked { route: "PUT /v1/things", ..asked(&me) };
        assert_eq!(claim(&mut tx, elsewhere, &OTHER, NOW).await.unwrap(), Claim::First);
    }

    #[sqlx::test]
    async fn a_twin_waits_for_the_first_answer(pool: PgPool) {
        let (db, me) = (db(pool).await, somebody(1));
        let first = async {
            let mut tx = db.begin().await.unwrap();
            let claimed = claim(&mut tx, asked(&me), &ONE, NOW).await.unwrap();
            if claimed == Claim::First {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                keep(&mut tx, asked(&me), &answer()).await.unwrap();
            }
            tx.commit().await.unwrap();
            claimed
        };
        let second = async {
            let mut tx = db.begin().await.unwrap();
            let claimed = claim(&mut tx, asked(&me), &ONE, NOW).await.unwrap();
            if claimed == Claim::First {
                keep(&mut tx, asked(&me), &answer()).await.unwrap();
            }
            tx.commit().await.unwrap();
            claimed
        };

        let (one, two) = futures::future::join(first, second).await;

        assert!([&one, &two].contains(&&Claim::First));
        assert!([one, two].contains(&Claim::Again(answer())));
    }

    #[sqlx::test]
    async fn what_was_refused_leaves_the_key_free(pool: PgPool) {
        let (db, me) = (db(pool).await, somebody(1));
        let mut tx = db.begin().await.unwrap();
        claim(&mut tx, asked(&me), &ONE, NOW).await.unwrap();
        tx.rollback().await;

        let mut tx = db.begin().await.unwrap();
        assert_eq!(claim(&mut tx, asked(&me), &OTHER, NOW).await.unwrap(), Claim::First);
    }

    #[sqlx::test]
    async fn an_answer_is_kept_once_and_only_for_a_key_that_was_claimed(pool: PgPool) {
        let (db, me) = (db(pool).await, somebody(1));
        let mut tx = db.begin().await.unwrap();
        let unclaimed = keep(&mut tx, asked(&me), &answer()).await.unwrap_err();
        assert_eq!(unclaimed.code(), "changed-underneath");

        claim(&mut tx, asked(&me), &ONE, NOW).await.unwrap();
        keep(&mut tx, asked(&me), &answer()).await.unwrap();
        keep(&mut tx, asked(&me), &answer()).await.unwrap_err();
    }

    #[sqlx::test]
    async fn old_answers_go_and_young_ones_stay(pool: PgPool) {
        let (db, me) = (db(pool).await, somebody(1));
        let later = Timestamp::from_second(60).unwrap();
        let mut tx = db.begin().await.unwrap();
        claim(&mut tx, asked(&me), &ONE, NOW).await.unwrap();
        claim(&mut tx, asked(&somebody(2)), &ONE, later).await.unwrap();

        assert_eq!(prune(&mut tx, later).await.unwrap(), 1);
        assert_eq!(prune(&mut tx, later).await.unwrap(), 0);
    }
}
