//! What is forgotten, a little at a time.

use common::types::Timestamp;
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};

/// Rows that one statement forgets at most, so that none takes long.
const ROWS: i64 = 5_000;
/// Messages that stay in quarantine.
const QUARANTINE_ROWS: i64 = 10_000;

/// Forgets points that came before `until`; answers how many.
pub(crate) async fn tracks(db: &mut PgConnection, until: Timestamp) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM vehicle_track
          WHERE ctid = ANY(ARRAY(SELECT ctid FROM vehicle_track WHERE received_at < $1 LIMIT $2))",
    )
    .bind(until.to_sqlx())
    .bind(ROWS)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Forgets notes about orders that were not touched since `until` and have no delivery under way.
pub(crate) async fn order_notes(
    db: &mut PgConnection,
    until: Timestamp,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM order_note
          WHERE ctid = ANY(ARRAY(
                    SELECT n.ctid
                      FROM order_note n
                     WHERE n.at < $1
                       AND NOT EXISTS (
                               SELECT FROM delivery d
                                WHERE d.order_id = n.order_id
                                  AND d.state NOT IN ('DELIVERED', 'RETURNED', 'CANCELLED')
                           )
                     LIMIT $2
                ))",
    )
    .bind(until.to_sqlx())
    .bind(ROWS)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Forgets all but the newest messages in quarantine.
pub(crate) async fn quarantine(db: &mut PgConnection) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM telemetry_quarantine
          WHERE id <= (SELECT max(id) - $1 FROM telemetry_quarantine)",
    )
    .bind(QUARANTINE_ROWS)
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
