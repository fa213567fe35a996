//! The `incident` table: what a person has to look at. It outlives the order that it is about.

use common::types::{OrderId, StoreId, Timestamp};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use crate::domain::{Incident, Order};

const COLUMNS: &str = "incident_id, order_id, store_id, kind, fact, severity, state, detail, at, resolved_at, resolved_by, note";

/// An incident, as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) id: Uuid,
    pub(crate) order: OrderId,
    pub(crate) store: StoreId,
    pub(crate) trouble: String,
    pub(crate) about: String,
    pub(crate) severity: String,
    /// The state in which the order was.
    pub(crate) state: String,
    pub(crate) detail: Option<String>,
    pub(crate) at: Timestamp,
    pub(crate) resolved: Option<Resolved>,
}

/// Who resolved an incident, and what they say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) at: Timestamp,
    pub(crate) by: Uuid,
    pub(crate) note: String,
}

#[derive(Debug, sqlx::FromRow)]
struct IncidentRow {
    incident_id: Uuid,
    order_id: Uuid,
    store_id: Uuid,
    kind: String,
    fact: String,
    severity: String,
    state: String,
    detail: Option<String>,
    at: jiff_sqlx::Timestamp,
    resolved_at: Option<jiff_sqlx::Timestamp>,
    resolved_by: Option<Uuid>,
    note: Option<String>,
}

impl From<IncidentRow> for Stored {
    fn from(row: IncidentRow) -> Self {
        let resolved = row.resolved_at.zip(row.resolved_by).map(|(at, by)| Resolved {
            at: at.to_jiff(),
            by,
            note: row.note.unwrap_or_default(),
        });
        Self {
            id: row.incident_id,
            order: OrderId::from_uuid(row.order_id),
            store: StoreId::from_uuid(row.store_id),
            trouble: row.kind,
            about: row.fact,
            severity: row.severity,
            state: row.state,
            detail: row.detail,
            at: row.at.to_jiff(),
            resolved,
        }
    }
}

/// Opens an incident about a held order, unless the same is open already.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    id: Uuid,
    order: &Order,
    incident: &Incident,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO incident (incident_id, order_id, store_id, cell, kind, fact, severity, detail, state,
                               write_epoch)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, f.epoch
           FROM cell_fence f
          WHERE f.cell = $4 AND NOT EXISTS (
                SELECT FROM incident i
                 WHERE i.order_id = $2 AND i.kind = $5 AND i.fact = $6 AND i.resolved_at IS NULL)",
    )
    .bind(id)
    .bind(order.id.as_uuid())
    .bind(order.store.as_uuid())
    .bind(order.cell.as_str())
    .bind(incident.trouble.name())
    .bind(incident.about)
    .bind(incident.severity.name())
    .bind(incident.detail.as_deref())
    .bind(order.state.name())
    .execute(tx)
    .await?;
    Ok(())
}

/// Lists incidents, newest first, after the one of `after`: the open ones, the resolved ones, or all.
pub(crate) async fn list(
    db: &mut PgConnection,
    open: Option<bool>,
    order: Option<OrderId>,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Stored>, StoreError> {
    let rows: Vec<IncidentRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}
           FROM incident
          WHERE ($1::boolean IS NULL OR (resolved_at IS NULL) = $1)
            AND ($2::uuid IS NULL OR order_id = $2)
            AND ($3::timestamptz IS NULL OR (at, incident_id) < ($3, $4))
          ORDER BY at DESC, incident_id DESC
          LIMIT $5"
    )))
    .bind(open)
    .bind(order.map(OrderId::as_uuid))
    .bind(after.map(|(at, _)| at.to_sqlx()))
    .bind(after.map(|(_, id)| id))
    .bind(limit)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Finds an incident and holds it until the transaction ends.
pub(crate) async fn lock(tx: &mut PgConnection, id: Uuid) -> Result<Option<Stored>, StoreError> {
    let row: Option<IncidentRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}
           FROM incident
          WHERE incident_id = $1
            FOR UPDATE"
    )))
    .bind(id)
    .fetch_optional(tx)
    .await?;
    Ok(row.map(Into::into))
}

/// Stores that somebody resolved a held, open incident; gives it back as it is then.
pub(crate) async fn update_resolved(
    tx: &mut PgConnection,
    id: Uuid,
    by: Uuid,
    note: &str,
) -> Result<Stored, StoreError> {
    let row: IncidentRow = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "UPDATE incident
            SET resolved_at = now(), resolved_by = $2, note = $3
          WHERE incident_id = $1 AND resolved_at IS NULL
         RETURNING {COLUMNS}"
    )))
    .bind(id)
    .bind(by)
    .bind(note)
    .fetch_one(tx)
    .await?;
    Ok(row.into())
}
