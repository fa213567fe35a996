//! The `vehicle_presence` table.

use common::types::{Timestamp, VehicleId};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

/// Notes a sign of life of each of these vehicles, which are sorted and named once.
pub(crate) async fn set_seen(
    tx: &mut PgConnection,
    vehicles: &[Uuid],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO vehicle_presence AS p (vehicle_id, seen_at)
         SELECT vehicle_id, $2
           FROM unnest($1::uuid[]) AS seen (vehicle_id)
             ON CONFLICT (vehicle_id)
             DO UPDATE SET seen_at = greatest(p.seen_at, excluded.seen_at), gone = false",
    )
    .bind(vehicles)
    .bind(now.to_sqlx())
    .execute(tx)
    .await?;
    Ok(())
}

/// Notes what a device, or its will, said of itself; `seen` is absent where that may be an old word.
pub(crate) async fn set_status(
    tx: &mut PgConnection,
    vehicle: VehicleId,
    online: bool,
    firmware: &str,
    seen: Option<Timestamp>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO vehicle_presence AS p (vehicle_id, seen_at, gone, firmware)
         SELECT $1, $2, NOT $3, $4
          WHERE EXISTS (SELECT FROM vehicle WHERE vehicle_id = $1)
             ON CONFLICT (vehicle_id)
             DO UPDATE SET seen_at = greatest(p.seen_at, excluded.seen_at), gone = NOT $3, firmware = $4",
    )
    .bind(vehicle.as_uuid())
    .bind(seen.map(Timestamp::to_sqlx))
    .bind(online)
    .bind(firmware)
    .execute(tx)
    .await?;
    Ok(())
}
