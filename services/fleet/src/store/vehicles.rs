//! The `vehicle` table.

use common::types::VehicleId;
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use super::{cell, place};
use crate::domain::{SeenVehicle, Vehicle, VehicleKind};

#[derive(sqlx::FromRow)]
struct VehicleRow {
    vehicle_id: Uuid,
    name: String,
    kind: String,
    cell: String,
    version: i64,
    lat: Option<f64>,
    lon: Option<f64>,
    fix_at: Option<jiff_sqlx::Timestamp>,
    seen_at: Option<jiff_sqlx::Timestamp>,
    gone: Option<bool>,
}

impl TryFrom<VehicleRow> for SeenVehicle {
    type Error = StoreError;

    fn try_from(row: VehicleRow) -> Result<Self, StoreError> {
        const TABLE: &str = "vehicle";
        let id = row.vehicle_id;
        let corrupt = || StoreError::Corrupt { table: TABLE, id: id.to_string() };
        let position = match (row.lat, row.lon, row.fix_at) {
            (Some(lat), Some(lon), Some(at)) => Some((place(lat, lon, TABLE, id)?, at.to_jiff())),
            _ => None,
        };
        let vehicle = Vehicle {
            id: VehicleId::from_uuid(id),
            name: row.name,
            kind: VehicleKind::parse(&row.kind).ok_or_else(corrupt)?,
            cell: cell(&row.cell, TABLE, id)?,
            version: row.version,
        };
        let seen = row.seen_at.map(jiff_sqlx::Timestamp::to_jiff);
        Ok(Self { vehicle, position, seen, gone: row.gone.unwrap_or(false) })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT v.vehicle_id, v.name, v.kind, v.cell, v.version,
                    p.lat, p.lon, p.fix_at, s.seen_at, s.gone
               FROM vehicle v
               LEFT JOIN vehicle_position p ON p.vehicle_id = v.vehicle_id
               LEFT JOIN vehicle_presence s ON s.vehicle_id = v.vehicle_id ",
            $rest
        )
    };
}

/// Finds a vehicle.
pub(crate) async fn find(
    db: &mut PgConnection,
    id: VehicleId,
) -> Result<Option<SeenVehicle>, StoreError> {
    let row: Option<VehicleRow> = sqlx::query_as(select!("WHERE v.vehicle_id = $1"))
        .bind(id.as_uuid())
        .fetch_optional(db)
        .await?;
    row.map(SeenVehicle::try_from).transpose()
}

/// Lists vehicles by id, after `after`.
pub(crate) async fn list(
    db: &mut PgConnection,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<SeenVehicle>, StoreError> {
    let rows: Vec<VehicleRow> = sqlx::query_as(select!(
        "WHERE $1::uuid IS NULL OR v.vehicle_id > $1 ORDER BY v.vehicle_id LIMIT $2"
    ))
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(SeenVehicle::try_from).collect()
}

/// Inserts a vehicle; `false` where there is one with that id.
pub(crate) async fn insert(tx: &mut PgConnection, vehicle: &Vehicle) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO vehicle (vehicle_id, name, kind, cell, version)
         VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (vehicle_id) DO NOTHING",
    )
    .bind(vehicle.id.as_uuid())
    .bind(&vehicle.name)
    .bind(vehicle.kind.name())
    .bind(vehicle.cell.as_str())
    .bind(vehicle.version)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Replaces the version before this one; `false` where that is not the one stored.
pub(crate) async fn update(tx: &mut PgConnection, vehicle: &Vehicle) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE vehicle
            SET name = $2, kind = $3, cell = $4, version = $5
          WHERE vehicle_id = $1 AND version = $5 - 1",
    )
    .bind(vehicle.id.as_uuid())
    .bind(&vehicle.name)
    .bind(vehicle.kind.name())
    .bind(vehicle.cell.as_str())
    .bind(vehicle.version)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
