//! The `incident` table: what a person has to look at.

use common::types::{CourierId, DeliveryId, Timestamp};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use crate::domain::Errand;

/// Something that a person has to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Incident {
    pub(crate) id: Uuid,
    /// What is wrong, in a word.
    pub(crate) code: &'static str,
    /// The fact that told of it.
    pub(crate) event: Option<Uuid>,
    pub(crate) courier: Option<CourierId>,
    pub(crate) at: Timestamp,
}

/// Inserts an incident about a delivery.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    errand: &Errand,
    incident: Incident,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO incident (incident_id, delivery_id, order_id, store_id, cell, code, event_id, courier_id, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(incident.id)
    .bind(errand.id.as_uuid())
    .bind(errand.order.as_uuid())
    .bind(errand.store.as_uuid())
    .bind(errand.cell.as_str())
    .bind(incident.code)
    .bind(incident.event)
    .bind(incident.courier.map(CourierId::as_uuid))
    .bind(incident.at.to_sqlx())
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether somebody has yet to look at such an incident.
pub(crate) async fn is_open(
    db: &mut PgConnection,
    delivery: DeliveryId,
    code: &str,
) -> Result<bool, StoreError> {
    let open = sqlx::query_scalar(
        "SELECT EXISTS (
                SELECT FROM incident
                 WHERE delivery_id = $1 AND code = $2 AND resolved_at IS NULL
            )",
    )
    .bind(delivery.as_uuid())
    .bind(code)
    .fetch_one(db)
    .await?;
    Ok(open)
}
