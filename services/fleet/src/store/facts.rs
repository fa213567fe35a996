//! The `courier_fact` table.

use common::types::{CourierId, DeliveryId, Timestamp, VehicleId};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use super::place;
use crate::domain::{Fact, FactKind, Refusal};

const TABLE: &str = "courier_fact";

/// What became of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It took a step.
    Applied,
    /// It was history already.
    Passed,
    /// It waits for what must come before it.
    Kept,
    /// It has no effect.
    Refused(Refusal),
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Applied => "APPLIED",
            Self::Passed => "PASSED",
            Self::Kept => "KEPT",
            Self::Refused(_) => "REFUSED",
        }
    }

    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Refused(refusal) => Some(refusal.name()),
            _ => None,
        }
    }
}

#[derive(sqlx::FromRow)]
struct FactRow {
    event_id: Uuid,
    delivery_id: Uuid,
    courier_id: Uuid,
    vehicle_id: Uuid,
    seq: i64,
    kind: String,
    device_time: jiff_sqlx::Timestamp,
    lat: f64,
    lon: f64,
    proof: Option<String>,
    outcome: String,
    code: Option<String>,
}

impl TryFrom<FactRow> for (Fact, Outcome) {
    type Error = StoreError;

    fn try_from(row: FactRow) -> Result<Self, StoreError> {
        let id = row.event_id;
        let corrupt = || StoreError::Corrupt { table: TABLE, id: id.to_string() };
        let refusal = row.code.as_deref().and_then(Refusal::parse);
        let outcome = match (row.outcome.as_str(), refusal) {
            ("APPLIED", _) => Outcome::Applied,
            ("PASSED", _) => Outcome::Passed,
            ("KEPT", _) => Outcome::Kept,
            ("REFUSED", Some(refusal)) => Outcome::Refused(refusal),
            _ => return Err(corrupt()),
        };
        let fact = Fact {
            id,
            delivery: DeliveryId::from_uuid(row.delivery_id),
            courier: CourierId::from_uuid(row.courier_id),
            vehicle: VehicleId::from_uuid(row.vehicle_id),
            seq: row.seq,
            kind: FactKind::parse(&row.kind).ok_or_else(corrupt)?,
            device_time: row.device_time.to_jiff(),
            place: place(row.lat, row.lon, TABLE, id)?,
            proof: row.proof,
        };
        Ok((fact, outcome))
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT event_id, delivery_id, courier_id, vehicle_id, seq, kind, device_time,
                    lat, lon, proof, outcome, code
               FROM courier_fact ",
            $rest
        )
    };
}

/// Finds a fact.
pub(crate) async fn find(
    db: &mut PgConnection,
    id: Uuid,
) -> Result<Option<(Fact, Outcome)>, StoreError> {
    let row: Option<FactRow> =
        sqlx::query_as(select!("WHERE event_id = $1")).bind(id).fetch_optional(db).await?;
    row.map(TryInto::try_into).transpose()
}

/// Inserts a fact; `false` where its id is taken.
pub(crate) async fn claim(
    tx: &mut PgConnection,
    fact: &Fact,
    outcome: Outcome,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO courier_fact (event_id, delivery_id, courier_id, vehicle_id, seq, kind, device_time,
                                   lat, lon, proof, outcome, code, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
             ON CONFLICT (event_id) DO NOTHING",
    )
    .bind(fact.id)
    .bind(fact.delivery.as_uuid())
    .bind(fact.courier.as_uuid())
    .bind(fact.vehicle.as_uuid())
    .bind(fact.seq)
    .bind(fact.kind.name())
    .bind(fact.device_time.to_sqlx())
    .bind(fact.place.lat())
    .bind(fact.place.lon())
    .bind(&fact.proof)
    .bind(outcome.name())
    .bind(outcome.code())
    .bind(now.to_sqlx())
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Lists the facts of a delivery that wait, as the devices counted them.
pub(crate) async fn list_kept(
    tx: &mut PgConnection,
    delivery: DeliveryId,
) -> Result<Vec<Fact>, StoreError> {
    let rows: Vec<FactRow> = sqlx::query_as(select!(
        "WHERE delivery_id = $1 AND outcome = 'KEPT' ORDER BY device_time, seq, event_id"
    ))
    .bind(delivery.as_uuid())
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(|row| <(Fact, Outcome)>::try_from(row).map(|(fact, _)| fact)).collect()
}

/// Writes down what became of a fact that waited.
pub(crate) async fn settle(
    tx: &mut PgConnection,
    id: Uuid,
    outcome: Outcome,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE courier_fact SET outcome = $2, code = $3 WHERE event_id = $1")
        .bind(id)
        .bind(outcome.name())
        .bind(outcome.code())
        .execute(tx)
        .await?;
    Ok(())
}
