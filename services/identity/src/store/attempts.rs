//! The `login_attempts` table. Where it cannot be asked, nobody signs in.

use common::types::Timestamp;
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};

use crate::domain::Attempts;

/// Waits for other tries at the same address and holds them off until the transaction ends.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    email_sha: &[u8; 32],
) -> Result<Option<Attempts>, StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 0))")
        .bind(email_sha.as_slice())
        .execute(&mut *tx)
        .await?;
    let row: Option<(i32, jiff_sqlx::Timestamp, Option<jiff_sqlx::Timestamp>)> = sqlx::query_as(
        "SELECT failures, last_at, blocked_until
           FROM login_attempts
          WHERE email_sha = $1",
    )
    .bind(email_sha.as_slice())
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|(failures, last_at, blocked_until)| Attempts {
        failures,
        last_at: last_at.to_jiff(),
        blocked_until: blocked_until.map(jiff_sqlx::Timestamp::to_jiff),
    }))
}

/// Keeps the count.
pub(crate) async fn keep(
    tx: &mut PgConnection,
    email_sha: &[u8; 32],
    attempts: &Attempts,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO login_attempts (email_sha, failures, last_at, blocked_until)
         VALUES ($1, $2, $3, $4)
             ON CONFLICT (email_sha) DO UPDATE
            SET failures = excluded.failures,
                last_at = excluded.last_at,
                blocked_until = excluded.blocked_until",
    )
    .bind(email_sha.as_slice())
    .bind(attempts.failures)
    .bind(attempts.last_at.to_sqlx())
    .bind(attempts.blocked_until.map(ToSqlx::to_sqlx))
    .execute(tx)
    .await?;
    Ok(())
}

/// Forgets the tries at an address whose owner has come.
pub(crate) async fn delete(tx: &mut PgConnection, email_sha: &[u8; 32]) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM login_attempts WHERE email_sha = $1")
        .bind(email_sha.as_slice())
        .execute(tx)
        .await?;
    Ok(())
}

/// Forgets tries that no longer count.
pub(crate) async fn prune(db: &mut PgConnection, before: Timestamp) -> Result<u64, StoreError> {
    let gone = sqlx::query("DELETE FROM login_attempts WHERE last_at < $1")
        .bind(before.to_sqlx())
        .execute(db)
        .await?;
    Ok(gone.rows_affected())
}
