//! The `idempotency` table: what was said the first time a key was used.

use common::types::{Principal, Timestamp};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use service_kit::Stored;

/// What is known of a key.
pub(crate) enum Claim {
    /// It is ours now.
    First,
    /// It was used for the same; so was answered.
    Again(Stored),
    /// It was used for something else.
    Reused,
}

/// Claims `key`, or finds the answer that it got the first time. A twin waits here for the commit.
pub(crate) async fn claim(
    tx: &mut PgConnection,
    principal: &Principal,
    route: &str,
    key: &str,
    fingerprint: &[u8; 32],
    now: Timestamp,
) -> Result<Claim, StoreError> {
    let claimed = sqlx::query(
        "INSERT INTO idempotency (principal, route, key, fingerprint, created_at)
         VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING",
    )
    .bind(principal.id)
    .bind(route)
    .bind(key)
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
        .bind(principal.id)
        .bind(route)
        .bind(key)
        .fetch_one(tx)
        .await?;
    if first != fingerprint {
        return Ok(Claim::Reused);
    }
    let corrupt = || StoreError::Corrupt { table: "idempotency", id: key.to_owned() };
    let status = status.and_then(|status| u16::try_from(status).ok()).ok_or_else(corrupt)?;
    let body = body.ok_or_else(corrupt)?;
    Ok(Claim::Again(Stored { status, body, location, replayed: true }))
}

/// Keeps the first answer to `key`.
pub(crate) async fn keep(
    tx: &mut PgConnection,
    principal: &Principal,
    route: &str,
    key: &str,
    answer: &Stored,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE idempotency
            SET status = $4, location = $5, body = $6
          WHERE principal = $1 AND route = $2 AND key = $3",
    )
    .bind(principal.id)
    .bind(route)
    .bind(key)
    .bind(i16::try_from(answer.status).unwrap_or_default())
    .bind(&answer.location)
    .bind(&answer.body)
    .execute(tx)
    .await?;
    Ok(())
}

/// Removes answers that no client asks for any more.
pub(crate) async fn prune(db: &mut PgConnection, before: Timestamp) -> Result<u64, StoreError> {
    let gone = sqlx::query("DELETE FROM idempotency WHERE created_at < $1")
        .bind(before.to_sqlx())
        .execute(db)
        .await?;
    Ok(gone.rows_affected())
}
