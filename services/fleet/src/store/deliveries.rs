//! The tables `delivery` and `delivery_assignment`.

use common::types::{
    CourierId, CustomerId, DeliveryId, GeoPoint, OrderId, StoreId, Timestamp, VehicleId,
};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use super::{cell, cells::EPOCH, place};
use crate::domain::{Delivery, Errand, Holder, Kept, State, Step, Which};

const TABLE: &str = "delivery";

#[derive(sqlx::FromRow)]
struct DeliveryRow {
    delivery_id: Uuid,
    order_id: Uuid,
    store_id: Uuid,
    customer_id: Uuid,
    cell: String,
    state: String,
    courier_id: Option<Uuid>,
    vehicle_id: Option<Uuid>,
    assigned_at: Option<jiff_sqlx::Timestamp>,
    pickup_lat: f64,
    pickup_lon: f64,
    pickup_name: String,
    dropoff_lat: f64,
    dropoff_lon: f64,
    dropoff_text: String,
    instructions: Option<String>,
    ready: bool,
    promise_at: Option<jiff_sqlx::Timestamp>,
    version: i64,
    created_at: jiff_sqlx::Timestamp,
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = StoreError;

    fn try_from(row: DeliveryRow) -> Result<Self, StoreError> {
        let id = row.delivery_id;
        let corrupt = || StoreError::Corrupt { table: TABLE, id: id.to_string() };
        let holder = match (row.courier_id, row.vehicle_id, row.assigned_at) {
            (Some(courier), Some(vehicle), Some(since)) => Some(Holder {
                courier: CourierId::from_uuid(courier),
                vehicle: VehicleId::from_uuid(vehicle),
                since: since.to_jiff(),
            }),
            (None, None, None) => None,
            _ => return Err(corrupt()),
        };
        let state = State::parse(&row.state).ok_or_else(corrupt)?;
        let errand = Errand {
            id: DeliveryId::from_uuid(id),
            order: OrderId::from_uuid(row.order_id),
            store: StoreId::from_uuid(row.store_id),
            cell: cell(&row.cell, TABLE, id)?,
            customer: CustomerId::from_uuid(row.customer_id),
            pickup: place(row.pickup_lat, row.pickup_lon, TABLE, id)?,
            pickup_name: row.pickup_name,
            dropoff: place(row.dropoff_lat, row.dropoff_lon, TABLE, id)?,
            dropoff_text: row.dropoff_text,
            instructions: row.instructions,
            promise_at: row.promise_at.map(jiff_sqlx::Timestamp::to_jiff),
            created_at: row.created_at.to_jiff(),
        };
        let kept = Kept { state, holder, ready: row.ready, version: row.version };
        Ok(Self::restore(errand, kept))
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT delivery_id, order_id, store_id, customer_id, cell, state,
                    courier_id, vehicle_id, assigned_at,
                    pickup_lat, pickup_lon, pickup_name, dropoff_lat, dropoff_lon, dropoff_text,
                    instructions, ready, promise_at, version, created_at
               FROM delivery ",
            $rest
        )
    };
}

/// Finds a delivery.
pub(crate) async fn find(
    db: &mut PgConnection,
    id: DeliveryId,
) -> Result<Option<Delivery>, StoreError> {
    let row: Option<DeliveryRow> = sqlx::query_as(select!("WHERE delivery_id = $1"))
        .bind(id.as_uuid())
        .fetch_optional(db)
        .await?;
    row.map(Delivery::try_from).transpose()
}

/// Finds the delivery of an order.
pub(crate) async fn find_by_order(
    db: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Delivery>, StoreError> {
    let row: Option<DeliveryRow> = sqlx::query_as(select!("WHERE order_id = $1"))
        .bind(order.as_uuid())
        .fetch_optional(db)
        .await?;
    row.map(Delivery::try_from).transpose()
}

/// Finds a delivery and holds it until the transaction ends.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    id: DeliveryId,
) -> Result<Option<Delivery>, StoreError> {
    let row: Option<DeliveryRow> = sqlx::query_as(select!("WHERE delivery_id = $1 FOR UPDATE"))
        .bind(id.as_uuid())
        .fetch_optional(tx)
        .await?;
    row.map(Delivery::try_from).transpose()
}

/// Finds the delivery of an order and holds it until the transaction ends.
pub(crate) async fn lock_by_order(
    tx: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Delivery>, StoreError> {
    let row: Option<DeliveryRow> = sqlx::query_as(select!("WHERE order_id = $1 FOR UPDATE"))
        .bind(order.as_uuid())
        .fetch_optional(tx)
        .await?;
    row.map(Delivery::try_from).transpose()
}

/// Finds a delivery that nobody has and holds it, unless another worker does.
pub(crate) async fn lock_pending(
    tx: &mut PgConnection,
    id: DeliveryId,
) -> Result<Option<Delivery>, StoreError> {
    let row: Option<DeliveryRow> = sqlx::query_as(select!(
        "WHERE delivery_id = $1 AND state = 'PENDING' FOR UPDATE SKIP LOCKED"
    ))
    .bind(id.as_uuid())
    .fetch_optional(tx)
    .await?;
    row.map(Delivery::try_from).transpose()
}

/// Lists deliveries, oldest first, after the one that `after` names; of one courier, or of all.
pub(crate) async fn list(
    db: &mut PgConnection,
    courier: Option<CourierId>,
    which: Which,
    after: Option<(Timestamp, Uuid)>,
    limit: i64,
) -> Result<Vec<Delivery>, StoreError> {
    let states: Option<Vec<&str>> = match which {
        Which::All => None,
        Which::Open => Some(
            State::ALL
                .iter()
                .filter(|state| state.is_under_way() || **state == State::Pending)
                .map(|state| state.name())
                .collect(),
        ),
        Which::In(state) => Some(vec![state.name()]),
    };
    let rows: Vec<DeliveryRow> = sqlx::query_as(select!(
        "WHERE ($1::uuid IS NULL OR courier_id = $1)
           AND ($2::text[] IS NULL OR state = ANY($2))
           AND ($3::timestamptz IS NULL OR (created_at, delivery_id) > ($3, $4))
         ORDER BY created_at, delivery_id
         LIMIT $5"
    ))
    .bind(courier.map(CourierId::as_uuid))
    .bind(states)
    .bind(after.map(|(at, _)| at.to_sqlx()))
    .bind(after.map(|(_, id)| id))
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Delivery::try_from).collect()
}

/// Lists deliveries that nobody has and somebody of their cell could have, oldest first.
pub(crate) async fn list_pending(
    db: &mut PgConnection,
    limit: i64,
) -> Result<Vec<DeliveryId>, StoreError> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "SELECT d.delivery_id
           FROM delivery d
          WHERE d.state = 'PENDING'
            AND EXISTS (SELECT FROM courier c WHERE c.cell = d.cell AND c.state = 'AVAILABLE')
          ORDER BY d.created_at, d.delivery_id
          LIMIT $1",
    )
    .bind(limit)
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(DeliveryId::from_uuid).collect())
}

/// Lists deliveries whose courier has not collected them and has given no sign of life since `since`.
pub(crate) async fn list_silent(
    db: &mut PgConnection,
    since: Timestamp,
) -> Result<Vec<DeliveryId>, StoreError> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "SELECT d.delivery_id
           FROM delivery d
           LEFT JOIN vehicle_presence s ON s.vehicle_id = d.vehicle_id
          WHERE d.state IN ('ASSIGNED', 'AT_PICKUP')
            AND d.assigned_at < $1
            AND (s.seen_at IS NULL OR s.seen_at < $1)
          ORDER BY d.delivery_id
          LIMIT 100",
    )
    .bind(since.to_sqlx())
    .fetch_all(db)
    .await?;
    Ok(ids.into_iter().map(DeliveryId::from_uuid).collect())
}

/// Lists deliveries on the road in these vehicles whose customers were not told that the courier is near.
pub(crate) async fn list_approaching(
    db: &mut PgConnection,
    vehicles: &[Uuid],
) -> Result<Vec<(DeliveryId, VehicleId, GeoPoint)>, StoreError> {
    let rows: Vec<(Uuid, Uuid, f64, f64)> = sqlx::query_as(
        "SELECT delivery_id, vehicle_id, dropoff_lat, dropoff_lon
           FROM delivery
          WHERE vehicle_id = ANY($1) AND state = 'PICKED_UP' AND nearby_at IS NULL",
    )
    .bind(vehicles)
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|(id, vehicle, lat, lon)| {
            let door = place(lat, lon, TABLE, id)?;
            Ok((DeliveryId::from_uuid(id), VehicleId::from_uuid(vehicle), door))
        })
        .collect()
}

/// Notes that the customer was told that the courier is near; `false` where that is so already, or the
/// courier is not on the road any more.
pub(crate) async fn set_nearby(
    tx: &mut PgConnection,
    id: DeliveryId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE delivery
            SET nearby_at = $2
          WHERE delivery_id = $1 AND state = 'PICKED_UP' AND nearby_at IS NULL",
    )
    .bind(id.as_uuid())
    .bind(now.to_sqlx())
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Inserts a delivery that was just planned.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    delivery: &Delivery,
    step: &Step,
) -> Result<(), StoreError> {
    let errand = &delivery.errand;
    sqlx::query(
        "INSERT INTO delivery (delivery_id, order_id, store_id, customer_id, cell, state, cause, actor,
                               pickup_lat, pickup_lon, pickup_name, dropoff_lat, dropoff_lon, dropoff_text,
                               instructions, ready, promise_at, version, write_epoch, created_at, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20)",
    )
    .bind(errand.id.as_uuid())
    .bind(errand.order.as_uuid())
    .bind(errand.store.as_uuid())
    .bind(errand.customer.as_uuid())
    .bind(errand.cell.as_str())
    .bind(delivery.state().name())
    .bind(step.cause)
    .bind(&step.actor)
    .bind(errand.pickup.lat())
    .bind(errand.pickup.lon())
    .bind(&errand.pickup_name)
    .bind(errand.dropoff.lat())
    .bind(errand.dropoff.lon())
    .bind(&errand.dropoff_text)
    .bind(&errand.instructions)
    .bind(delivery.is_ready())
    .bind(errand.promise_at.map(Timestamp::to_sqlx))
    .bind(delivery.version())
    .bind(EPOCH)
    .bind(errand.created_at.to_sqlx())
    .execute(tx)
    .await?;
    Ok(())
}

/// Replaces the version before this one, under the fence of its cell.
pub(crate) async fn update(
    tx: &mut PgConnection,
    delivery: &Delivery,
    step: &Step,
) -> Result<(), StoreError> {
    let holder = delivery.holder();
    let done = sqlx::query(
        "UPDATE delivery d
            SET state = $3, cause = $4, actor = $5, courier_id = $6, vehicle_id = $7, assigned_at = $8,
                ready = $9, version = $2, write_epoch = $11, changed_at = $10,
                nearby_at = CASE WHEN $6 IS NOT DISTINCT FROM d.courier_id THEN d.nearby_at END
          WHERE d.delivery_id = $1
            AND d.version = $2 - 1
            AND EXISTS (SELECT FROM cell_fence f WHERE f.cell = d.cell AND f.epoch = $11)",
    )
    .bind(delivery.errand.id.as_uuid())
    .bind(delivery.version())
    .bind(delivery.state().name())
    .bind(step.cause)
    .bind(&step.actor)
    .bind(holder.map(|holder| holder.courier.as_uuid()))
    .bind(holder.map(|holder| holder.vehicle.as_uuid()))
    .bind(holder.map(|holder| holder.since.to_sqlx()))
    .bind(delivery.is_ready())
    .bind(step.at.to_sqlx())
    .bind(EPOCH)
    .execute(tx)
    .await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale { table: TABLE }) }
}

/// Writes down that a courier has it.
pub(crate) async fn begin_assignment(
    tx: &mut PgConnection,
    delivery: &Delivery,
    holder: Holder,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO delivery_assignment (delivery_id, version, courier_id, vehicle_id, assigned_at)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(delivery.errand.id.as_uuid())
    .bind(delivery.version())
    .bind(holder.courier.as_uuid())
    .bind(holder.vehicle.as_uuid())
    .bind(holder.since.to_sqlx())
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes down that the courier who had it has it no more.
pub(crate) async fn end_assignment(
    tx: &mut PgConnection,
    id: DeliveryId,
    step: &Step,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE delivery_assignment
            SET ended_at = $2, ended_by = $3
          WHERE delivery_id = $1 AND ended_at IS NULL",
    )
    .bind(id.as_uuid())
    .bind(step.at.to_sqlx())
    .bind(step.cause)
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether a courier or a vehicle ever had a delivery; answers with the last such pair.
pub(crate) async fn find_former_holder(
    tx: &mut PgConnection,
    id: DeliveryId,
    courier_or_vehicle: Uuid,
) -> Result<Option<(CourierId, VehicleId)>, StoreError> {
    let row: Option<(Uuid, Uuid)> = sqlx::query_as(
        "SELECT courier_id, vehicle_id
           FROM delivery_assignment
          WHERE delivery_id = $1 AND (courier_id = $2 OR vehicle_id = $2)
          ORDER BY version DESC
          LIMIT 1",
    )
    .bind(id.as_uuid())
    .bind(courier_or_vehicle)
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|(courier, vehicle)| (CourierId::from_uuid(courier), VehicleId::from_uuid(vehicle))))
}
