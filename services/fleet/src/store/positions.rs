//! The tables `vehicle_boot`, `vehicle_position`, `vehicle_track` and `telemetry_quarantine`.

use common::{
    mutants,
    types::{Timestamp, VehicleId},
};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use sqlx::{AssertSqlSafe, SqlSafeStr};
use uuid::Uuid;

use super::place;
use crate::domain::{Cause, Fix, Reading};

/// What is kept of a payload that was turned away.
const KEPT_BYTES: usize = 1_024;

/// Moves to the newest fix of each vehicle, unless a newer one is known.
const MOVE: &str = "
    INSERT INTO vehicle_position AS p (vehicle_id, boot_ord, seq, fix_at, lat, lon, speed_mps, course_deg)
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::timestamptz[],
                         $5::float8[], $6::float8[], $7::float8[], $8::float8[])
        ON CONFLICT (vehicle_id) DO UPDATE
       SET boot_ord = excluded.boot_ord, seq = excluded.seq, fix_at = excluded.fix_at,
           lat = excluded.lat, lon = excluded.lon,
           speed_mps = excluded.speed_mps, course_deg = excluded.course_deg
     WHERE (excluded.boot_ord, excluded.seq) > (p.boot_ord, p.seq)";
/// What the mutant leaves out.
const NEWER: &str = "(excluded.boot_ord, excluded.seq) > (p.boot_ord, p.seq)";

/// A reading with its place in the vehicle's history.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) vehicle: VehicleId,
    pub(crate) boot_ord: i64,
    pub(crate) reading: Reading,
}

/// A message that was turned away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejected {
    pub(crate) vehicle: VehicleId,
    /// The last part of the topic.
    pub(crate) kind: &'static str,
    pub(crate) cause: Cause,
    pub(crate) payload: bytes::Bytes,
}

/// Finds the place of a start of a device among its starts, or gives it the next one; `None` for a vehicle
/// that is none of ours. A statement of its own, outside any transaction: starts are seen once.
pub(crate) async fn find_or_insert_boot(
    db: &mut PgConnection,
    vehicle: VehicleId,
    boot: Uuid,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    const TWINS_MAX: usize = 3;
    for _ in 0..TWINS_MAX {
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT boot_ord FROM vehicle_boot WHERE vehicle_id = $1 AND boot_id = $2",
        )
        .bind(vehicle.as_uuid())
        .bind(boot)
        .fetch_optional(&mut *db)
        .await?;
        if found.is_some() {
            return Ok(found);
        }
        // A twin that sees another start at the same time draws the same number: it looks again.
        let drawn: Option<i64> = sqlx::query_scalar(
            "INSERT INTO vehicle_boot (vehicle_id, boot_id, boot_ord, seen_at)
             SELECT v.vehicle_id, $2,
                    (SELECT coalesce(max(boot_ord), 0) + 1 FROM vehicle_boot WHERE vehicle_id = $1), $3
               FROM vehicle v
              WHERE v.vehicle_id = $1
                 ON CONFLICT DO NOTHING
             RETURNING boot_ord",
        )
        .bind(vehicle.as_uuid())
        .bind(boot)
        .bind(now.to_sqlx())
        .fetch_optional(&mut *db)
        .await?;
        if drawn.is_some() {
            return Ok(drawn);
        }
    }
    Ok(None)
}

/// Finds where a vehicle is.
pub(crate) async fn find(
    db: &mut PgConnection,
    vehicle: VehicleId,
) -> Result<Option<Fix>, StoreError> {
    #[derive(sqlx::FromRow)]
    struct FixRow {
        boot_ord: i64,
        seq: i64,
        fix_at: jiff_sqlx::Timestamp,
        lat: f64,
        lon: f64,
        speed_mps: Option<f64>,
        course_deg: Option<f64>,
    }
    let row: Option<FixRow> = sqlx::query_as(
        "SELECT boot_ord, seq, fix_at, lat, lon, speed_mps, course_deg
           FROM vehicle_position
          WHERE vehicle_id = $1",
    )
    .bind(vehicle.as_uuid())
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Fix {
            boot_ord: row.boot_ord,
            seq: row.seq,
            at: row.fix_at.to_jiff(),
            place: place(row.lat, row.lon, "vehicle_position", vehicle.as_uuid())?,
            speed_mps: row.speed_mps,
            course_deg: row.course_deg,
        })
    })
    .transpose()
}

/// Moves vehicles, but never back in their own history. Sorted by vehicle, each named once.
pub(crate) async fn move_to(
    tx: &mut PgConnection,
    fixes: &[(VehicleId, Fix)],
) -> Result<(), StoreError> {
    let of = |value: fn(&Fix) -> f64| fixes.iter().map(|(_, fix)| value(fix)).collect::<Vec<_>>();
    let sql = if mutants::on("last_arrival_wins") {
        AssertSqlSafe(MOVE.replace(NEWER, "true")).into_sql_str()
    } else {
        MOVE.into_sql_str()
    };
    sqlx::query(sql)
        .bind(fixes.iter().map(|(vehicle, _)| vehicle.as_uuid()).collect::<Vec<_>>())
        .bind(fixes.iter().map(|(_, fix)| fix.boot_ord).collect::<Vec<_>>())
        .bind(fixes.iter().map(|(_, fix)| fix.seq).collect::<Vec<_>>())
        .bind(fixes.iter().map(|(_, fix)| fix.at.to_sqlx()).collect::<Vec<_>>())
        .bind(of(|fix| fix.place.lat()))
        .bind(of(|fix| fix.place.lon()))
        .bind(fixes.iter().map(|(_, fix)| fix.speed_mps).collect::<Vec<_>>())
        .bind(fixes.iter().map(|(_, fix)| fix.course_deg).collect::<Vec<_>>())
        .execute(tx)
        .await?;
    Ok(())
}

/// Writes points down, late ones too, each once.
pub(crate) async fn insert_track(
    tx: &mut PgConnection,
    points: &[Point],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO vehicle_track (vehicle_id, boot_ord, seq, fix_at, lat, lon, speed_mps, course_deg,
                                    accuracy_m, battery_pct, received_at)
         SELECT t.*, $11 FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::timestamptz[],
                                     $5::float8[], $6::float8[], $7::float8[], $8::float8[],
                                     $9::float8[], $10::float8[]) AS t
             ON CONFLICT DO NOTHING",
    )
    .bind(points.iter().map(|point| point.vehicle.as_uuid()).collect::<Vec<_>>())
    .bind(points.iter().map(|point| point.boot_ord).collect::<Vec<_>>())
    .bind(points.iter().map(|point| point.reading.seq).collect::<Vec<_>>())
    .bind(points.iter().map(|point| point.reading.at.to_sqlx()).collect::<Vec<_>>())
    .bind(points.iter().map(|point| point.reading.place.lat()).collect::<Vec<_>>())
    .bind(points.iter().map(|point| point.reading.place.lon()).collect::<Vec<_>>())
    .bind(points.iter().map(|point| point.reading.speed_mps).collect::<Vec<_>>())
    .bind(points.iter().map(|point| point.reading.course_deg).collect::<Vec<_>>())
    .bind(points.iter().map(|point| point.reading.accuracy_m).collect::<Vec<_>>())
    .bind(points.iter().map(|point| point.reading.battery_pct).collect::<Vec<_>>())
    .bind(now.to_sqlx())
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps what was turned away, for a person to look at.
pub(crate) async fn quarantine(
    tx: &mut PgConnection,
    rejected: &[Rejected],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO telemetry_quarantine (vehicle_id, kind, cause, payload, at)
         SELECT t.*, $5 FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[]) AS t",
    )
    .bind(rejected.iter().map(|message| message.vehicle.as_uuid()).collect::<Vec<_>>())
    .bind(rejected.iter().map(|message| message.kind).collect::<Vec<_>>())
    .bind(rejected.iter().map(|message| message.cause.name()).collect::<Vec<_>>())
    .bind(rejected.iter().map(|message| beginning(&message.payload)).collect::<Vec<_>>())
    .bind(now.to_sqlx())
    .execute(tx)
    .await?;
    Ok(())
}

fn beginning(payload: &[u8]) -> &[u8] {
    payload.get(..KEPT_BYTES).unwrap_or(payload)
}
