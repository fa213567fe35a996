//! Events that could not be applied.

use common::types::Timestamp;
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use sqlx::{FromRow, Row, postgres::PgRow, types::Json};
use uuid::Uuid;

use crate::envelope::Headers;

/// An event that waits for an operator, or for what comes before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The letter.
    pub id: Uuid,
    /// Who could not apply it.
    pub consumer: String,
    /// Who told it.
    pub source: String,
    /// What it is about.
    pub key: String,
    /// Its place in the history of source and key.
    pub seq: i64,
    /// The event type.
    pub kind: String,
    /// The event.
    pub event_id: Uuid,
    /// The code of the last fault.
    pub code: String,
    /// The words of the last fault, down its chain.
    pub detail: String,
    /// How often it was tried.
    pub attempts: i32,
    /// The envelope as received.
    pub headers: Headers,
    /// The fact as received.
    pub body: Vec<u8>,
    /// When it was put here.
    pub at: Timestamp,
    /// When an operator asked to try again; cleared when that fails.
    pub redriven_at: Option<Timestamp>,
    /// When it was applied after all.
    pub settled_at: Option<Timestamp>,
}

impl FromRow<'_, PgRow> for DeadLetter {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let time = |name| row.try_get::<Option<jiff_sqlx::Timestamp>, _>(name);
        let Json(headers) = row.try_get("headers")?;
        Ok(Self {
            id: row.try_get("id")?,
            consumer: row.try_get("consumer")?,
            source: row.try_get("source")?,
            key: row.try_get("key")?,
            seq: row.try_get("seq")?,
            kind: row.try_get("type")?,
            event_id: row.try_get("event_id")?,
            code: row.try_get("code")?,
            detail: row.try_get("detail")?,
            attempts: row.try_get("attempts")?,
            headers,
            body: row.try_get("body")?,
            at: row.try_get::<jiff_sqlx::Timestamp, _>("at")?.to_jiff(),
            redriven_at: time("redriven_at")?.map(jiff_sqlx::Timestamp::to_jiff),
            settled_at: time("settled_at")?.map(jiff_sqlx::Timestamp::to_jiff),
        })
    }
}

/// Letters that were not settled and were put here before `before`, the newest first.
///
/// # Errors
/// The database refused or did not answer.
pub async fn list(
    db: &mut PgConnection,
    before: Timestamp,
    most: u16,
) -> Result<Vec<DeadLetter>, StoreError> {
    let letters = sqlx::query_as(
        "SELECT id, consumer, source, key, seq, type, event_id, code, detail, attempts, headers, body, at,
                redriven_at, settled_at
           FROM dead_letter
          WHERE settled_at IS NULL AND at < $1
          ORDER BY at DESC, id
          LIMIT $2",
    );
    Ok(letters.bind(before.to_sqlx()).bind(i64::from(most)).fetch_all(db).await?)
}

/// Asks for letters to be tried again by the service they belong to, past all positions. A letter that
/// fails again comes back with its new fault. Answers how many were open.
///
/// # Errors
/// The database refused or did not answer.
pub async fn redrive(db: &mut PgConnection, letters: &[Uuid]) -> Result<u64, StoreError> {
    let asked = sqlx::query(
        "UPDATE dead_letter
            SET redriven_at = now(), attempts = 0
          WHERE id = ANY ($1) AND settled_at IS NULL",
    );
    Ok(asked.bind(letters).execute(db).await?.rows_affected())
}
