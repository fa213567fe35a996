//! The table `provider_notice`: what providers told by themselves.

use common::types::Timestamp;
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};

const PRUNED_AT_ONCE: i64 = 1_000;

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Applied,
    Stale,
    /// Nobody here knows the payment, yet.
    Parked,
    Contradiction,
    /// It means nothing to us.
    Ignored,
}

impl Outcome {
    pub(crate) const ALL: [Self; 5] =
        [Self::Applied, Self::Stale, Self::Parked, Self::Contradiction, Self::Ignored];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Applied => "APPLIED",
            Self::Stale => "STALE",
            Self::Parked => "PARKED",
            Self::Contradiction => "CONTRADICTION",
            Self::Ignored => "IGNORED",
        }
    }
}

/// Stores a notice and what became of it; the body is kept while it is parked. False: it was told before.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    provider: &str,
    id: &str,
    outcome: Outcome,
    body: &[u8],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO provider_notice (provider, notice_id, outcome, body, received_at)
         VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING",
    )
    .bind(provider)
    .bind(id)
    .bind(outcome.name())
    .bind((outcome == Outcome::Parked).then_some(body))
    .bind(now.to_sqlx())
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Stores what became of a notice that was parked; its body is kept as long as it is.
pub(crate) async fn settle(
    tx: &mut PgConnection,
    provider: &str,
    id: &str,
    outcome: Outcome,
    body: &[u8],
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE provider_notice SET outcome = $3, body = $4 WHERE provider = $1 AND notice_id = $2",
    )
    .bind(provider)
    .bind(id)
    .bind(outcome.name())
    .bind((outcome == Outcome::Parked).then_some(body))
    .execute(tx)
    .await?;
    Ok(())
}

/// At most `limit` parked notices, oldest first, received after `after`.
pub(crate) async fn list_parked(
    db: &mut PgConnection,
    provider: &str,
    after: Timestamp,
    limit: i64,
) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let parked = sqlx::query_as(
        "SELECT notice_id, body
           FROM provider_notice
          WHERE outcome = 'PARKED' AND provider = $1 AND received_at > $2 AND body IS NOT NULL
          ORDER BY received_at
          LIMIT $3",
    )
    .bind(provider)
    .bind(after.to_sqlx())
    .bind(limit)
    .fetch_all(db)
    .await?;
    Ok(parked)
}

/// Removes some of the notices that no provider repeats any more; returns how many.
pub(crate) async fn prune(db: &mut PgConnection, before: Timestamp) -> Result<u64, StoreError> {
    let gone = sqlx::query(
        "WITH old AS MATERIALIZED (
             SELECT provider, notice_id
               FROM provider_notice
              WHERE received_at < $1
              ORDER BY received_at
              LIMIT $2
                FOR UPDATE SKIP LOCKED
         )
         DELETE FROM provider_notice n
          USING old
          WHERE n.provider = old.provider AND n.notice_id = old.notice_id",
    )
    .bind(before.to_sqlx())
    .bind(PRUNED_AT_ONCE)
    .execute(db)
    .await?;
    Ok(gone.rows_affected())
}
