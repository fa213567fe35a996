//! The `session` and `refresh_token` tables.

use common::types::{Principal, Timestamp, UserId};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use crate::domain::RefreshToken;

#[derive(sqlx::FromRow)]
struct RefreshTokenRow {
    session_id: Uuid,
    user_id: Uuid,
    expires_at: jiff_sqlx::Timestamp,
    used_at: Option<jiff_sqlx::Timestamp>,
    ended_at: Option<jiff_sqlx::Timestamp>,
}

impl From<RefreshTokenRow> for RefreshToken {
    fn from(row: RefreshTokenRow) -> Self {
        Self {
            session: row.session_id,
            user: UserId::from_uuid(row.user_id),
            expires_at: row.expires_at.to_jiff(),
            used_at: row.used_at.map(jiff_sqlx::Timestamp::to_jiff),
            ended_at: row.ended_at.map(jiff_sqlx::Timestamp::to_jiff),
        }
    }
}

/// Why a session was ended before its time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum EndedBy {
    Logout,
    Reuse,
}

impl EndedBy {
    const fn word(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Reuse => "reuse",
        }
    }
}

/// Begins a session with its first token.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    session: Uuid,
    user: UserId,
    token_sha: &[u8; 32],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "WITH begun AS (
             INSERT INTO session (session_id, user_id, created_at, expires_at)
             VALUES ($1, $2, $4, $5)
         RETURNING session_id
         )
         INSERT INTO refresh_token (token_sha, session_id, issued_at, expires_at)
         SELECT $3, session_id, $4, $5
           FROM begun",
    )
    .bind(session)
    .bind(user.as_uuid())
    .bind(token_sha.as_slice())
    .bind(now.to_sqlx())
    .bind(expires_at.to_sqlx())
    .execute(tx)
    .await?;
    Ok(())
}

/// Finds a token and holds it and its session until the transaction ends.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    token_sha: &[u8; 32],
) -> Result<Option<RefreshToken>, StoreError> {
    let row: Option<RefreshTokenRow> = sqlx::query_as(
        "SELECT session_id, s.user_id, t.expires_at, t.used_at, s.ended_at
           FROM refresh_token t
           JOIN session s USING (session_id)
          WHERE t.token_sha = $1
            FOR UPDATE",
    )
    .bind(token_sha.as_slice())
    .fetch_optional(tx)
    .await?;
    Ok(row.map(RefreshToken::from))
}

/// Uses up a token, once.
pub(crate) async fn claim(
    tx: &mut PgConnection,
    token_sha: &[u8; 32],
    now: Timestamp,
) -> Result<(), StoreError> {
    let claimed = sqlx::query(
        "UPDATE refresh_token
            SET used_at = $2
          WHERE token_sha = $1 AND used_at IS NULL",
    )
    .bind(token_sha.as_slice())
    .bind(now.to_sqlx())
    .execute(tx)
    .await?;
    match claimed.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::Stale { table: "refresh_token" }),
    }
}

/// Goes on with a new token.
pub(crate) async fn renew(
    tx: &mut PgConnection,
    session: Uuid,
    token_sha: &[u8; 32],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "WITH renewed AS (
             UPDATE session SET expires_at = $4 WHERE session_id = $1 RETURNING session_id
         )
         INSERT INTO refresh_token (token_sha, session_id, issued_at, expires_at)
         SELECT $2, session_id, $3, $4
           FROM renewed",
    )
    .bind(session)
    .bind(token_sha.as_slice())
    .bind(now.to_sqlx())
    .bind(expires_at.to_sqlx())
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends a session whose token was used twice.
pub(crate) async fn end(
    tx: &mut PgConnection,
    session: Uuid,
    by: EndedBy,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE session
            SET ended_at = $3, ended_by = $2
          WHERE session_id = $1 AND ended_at IS NULL",
    )
    .bind(session)
    .bind(by.word())
    .bind(now.to_sqlx())
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends the session of one of the principal's own tokens, whatever has become of the token.
pub(crate) async fn end_own(
    db: &mut PgConnection,
    principal: &Principal,
    token_sha: &[u8; 32],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE session s
            SET ended_at = $3, ended_by = $4
           FROM refresh_token t
          WHERE t.token_sha = $1 AND s.session_id = t.session_id
            AND s.user_id = $2 AND s.ended_at IS NULL",
    )
    .bind(token_sha.as_slice())
    .bind(principal.id)
    .bind(now.to_sqlx())
    .bind(EndedBy::Logout.word())
    .execute(db)
    .await?;
    Ok(())
}

/// Removes sessions that have expired, and their tokens, a batch at a time.
pub(crate) async fn prune(db: &mut PgConnection, now: Timestamp) -> Result<u64, StoreError> {
    let gone = sqlx::query(
        "DELETE FROM session
          WHERE session_id IN (SELECT session_id FROM session WHERE expires_at < $1 LIMIT 1000)",
    )
    .bind(now.to_sqlx())
    .execute(db)
    .await?;
    Ok(gone.rows_affected())
}
