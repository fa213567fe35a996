//! The `courier` table.

use common::types::{Cell, CourierId, DeliveryId, Timestamp, VehicleId};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use super::{cell, place};
use crate::domain::{Candidate, Courier, CourierState};

const TABLE: &str = "courier";

#[derive(sqlx::FromRow)]
struct CourierRow {
    courier_id: Uuid,
    name: String,
    vehicle_id: Uuid,
    cell: String,
    state: String,
    version: i64,
}

impl TryFrom<CourierRow> for Courier {
    type Error = StoreError;

    fn try_from(row: CourierRow) -> Result<Self, StoreError> {
        let id = row.courier_id;
        let corrupt = || StoreError::Corrupt { table: TABLE, id: id.to_string() };
        Ok(Self {
            id: CourierId::from_uuid(id),
            name: row.name,
            vehicle: VehicleId::from_uuid(row.vehicle_id),
            cell: cell(&row.cell, TABLE, id)?,
            state: CourierState::parse(&row.state).ok_or_else(corrupt)?,
            version: row.version,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT courier_id, name, vehicle_id, cell, state, version FROM courier ", $rest)
    };
}

/// Finds a courier.
pub(crate) async fn find(
    db: &mut PgConnection,
    id: CourierId,
) -> Result<Option<Courier>, StoreError> {
    let row: Option<CourierRow> = sqlx::query_as(select!("WHERE courier_id = $1"))
        .bind(id.as_uuid())
        .fetch_optional(db)
        .await?;
    row.map(Courier::try_from).transpose()
}

/// Finds a courier and holds the row until the transaction ends.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    id: CourierId,
) -> Result<Option<Courier>, StoreError> {
    let row: Option<CourierRow> = sqlx::query_as(select!("WHERE courier_id = $1 FOR UPDATE"))
        .bind(id.as_uuid())
        .fetch_optional(tx)
        .await?;
    row.map(Courier::try_from).transpose()
}

/// Holds two couriers, in the order that everybody keeps.
pub(crate) async fn lock_both(
    tx: &mut PgConnection,
    one: CourierId,
    other: CourierId,
) -> Result<(), StoreError> {
    sqlx::query("SELECT FROM courier WHERE courier_id = ANY($1) ORDER BY courier_id FOR UPDATE")
        .bind([one.as_uuid(), other.as_uuid()])
        .execute(tx)
        .await?;
    Ok(())
}

/// Lists couriers by id, after `after`.
pub(crate) async fn list(
    db: &mut PgConnection,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Courier>, StoreError> {
    let rows: Vec<CourierRow> = sqlx::query_as(select!(
        "WHERE $1::uuid IS NULL OR courier_id > $1 ORDER BY courier_id LIMIT $2"
    ))
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Courier::try_from).collect()
}

/// Inserts a courier; `false` where there is one with that id. Violates `courier_vehicle_known`,
/// `courier_vehicle_once`.
pub(crate) async fn insert(tx: &mut PgConnection, courier: &Courier) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO courier (courier_id, name, vehicle_id, cell, state, version)
         VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (courier_id) DO NOTHING",
    )
    .bind(courier.id.as_uuid())
    .bind(&courier.name)
    .bind(courier.vehicle.as_uuid())
    .bind(courier.cell.as_str())
    .bind(courier.state.name())
    .bind(courier.version)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Replaces the version before this one. Violates `courier_vehicle_known`, `courier_vehicle_once`.
pub(crate) async fn update(tx: &mut PgConnection, courier: &Courier) -> Result<(), StoreError> {
    let done = sqlx::query(
        "UPDATE courier
            SET name = $2, vehicle_id = $3, cell = $4, state = $5, version = $6
          WHERE courier_id = $1 AND version = $6 - 1",
    )
    .bind(courier.id.as_uuid())
    .bind(&courier.name)
    .bind(courier.vehicle.as_uuid())
    .bind(courier.cell.as_str())
    .bind(courier.state.name())
    .bind(courier.version)
    .execute(tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale { table: TABLE }) }
}

/// Makes a free courier of a cell busy, and answers with what vehicle; `None` where somebody was quicker.
pub(crate) async fn claim(
    tx: &mut PgConnection,
    id: CourierId,
    cell: &Cell,
) -> Result<Option<VehicleId>, StoreError> {
    let vehicle: Option<Uuid> = sqlx::query_scalar(
        "UPDATE courier
            SET state = 'BUSY', version = version + 1
          WHERE courier_id = $1 AND cell = $2 AND state = 'AVAILABLE'
        RETURNING vehicle_id",
    )
    .bind(id.as_uuid())
    .bind(cell.as_str())
    .fetch_optional(tx)
    .await?;
    Ok(vehicle.map(VehicleId::from_uuid))
}

/// Makes a busy courier free.
pub(crate) async fn free(tx: &mut PgConnection, id: CourierId) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE courier
            SET state = 'AVAILABLE', version = version + 1
          WHERE courier_id = $1 AND state = 'BUSY'",
    )
    .bind(id.as_uuid())
    .execute(tx)
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct CandidateRow {
    courier_id: Uuid,
    lat: Option<f64>,
    lon: Option<f64>,
    seen_at: Option<jiff_sqlx::Timestamp>,
}

/// Lists the free couriers of a cell, but those who declined this delivery, or fell silent with it, since
/// `returned_since`.
pub(crate) async fn list_free(
    tx: &mut PgConnection,
    cell: &Cell,
    delivery: DeliveryId,
    returned_since: Timestamp,
) -> Result<Vec<Candidate>, StoreError> {
    let rows: Vec<CandidateRow> = sqlx::query_as(
        "SELECT c.courier_id, p.lat, p.lon, s.seen_at
           FROM courier c
           LEFT JOIN vehicle_position p ON p.vehicle_id = c.vehicle_id
           LEFT JOIN vehicle_presence s ON s.vehicle_id = c.vehicle_id
          WHERE c.cell = $1
            AND c.state = 'AVAILABLE'
            AND NOT EXISTS (
                    SELECT FROM delivery_assignment a
                     WHERE a.delivery_id = $2 AND a.courier_id = c.courier_id
                       AND a.ended_by IN ('decline', 'silent') AND a.ended_at > $3
                )",
    )
    .bind(cell.as_str())
    .bind(delivery.as_uuid())
    .bind(returned_since.to_sqlx())
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let spot = row.lat.zip(row.lon);
            let spot = spot.map(|(lat, lon)| place(lat, lon, "vehicle_position", row.courier_id));
            Ok(Candidate {
                courier: CourierId::from_uuid(row.courier_id),
                place: spot.transpose()?,
                seen: row.seen_at.map(jiff_sqlx::Timestamp::to_jiff),
            })
        })
        .collect()
}
