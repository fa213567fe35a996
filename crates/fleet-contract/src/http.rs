//! Bodies that the fleet service takes and gives.

use common::types::{
    Cell, CourierId, CustomerId, DeliveryId, GeoPoint, OrderId, StoreId, Text, Timestamp, VehicleId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Asks for an order to be brought (`POST /v1/internal/deliveries`); the same order is brought once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDelivery {
    /// The order.
    pub order_id: OrderId,
    /// The store that hands it over.
    pub store_id: StoreId,
    /// The cell that owns the store.
    pub cell: Cell,
    /// Who gets it.
    pub customer_id: CustomerId,
    /// Where it is collected.
    pub pickup: GeoPoint,
    /// Name of that place.
    #[schema(value_type = String)]
    pub pickup_name: Text<80>,
    /// Where it goes.
    pub dropoff: GeoPoint,
    /// Street and number.
    #[schema(value_type = String)]
    pub dropoff_text: Text<200>,
    /// For the courier.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub instructions: Option<Text<280>>,
    /// By when it should be there.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub promise_at: Option<Timestamp>,
}

/// The delivery of an order is called off, or will be refused (`POST …/{order_id}/cancel`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CancelledDelivery {
    /// The order.
    pub order_id: OrderId,
    /// Its delivery, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_id: Option<DeliveryId>,
}

/// A delivery, as services, dispatchers and its courier see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// The order.
    pub order_id: OrderId,
    /// The store that hands it over.
    pub store_id: StoreId,
    /// The cell that owns the store.
    pub cell: Cell,
    /// `PENDING`, `ASSIGNED`, `AT_PICKUP`, `PICKED_UP`, `AT_DROPOFF`, `DELIVERED`, `FAILED`, `CANCELLED` and so on.
    pub state: String,
    /// Who brings it.
    pub courier_id: Option<CourierId>,
    /// With what.
    pub vehicle_id: Option<VehicleId>,
    /// Where it is collected.
    pub pickup: GeoPoint,
    /// Name of that place.
    pub pickup_name: String,
    /// Where it goes.
    pub dropoff: GeoPoint,
    /// Street and number.
    pub dropoff_text: String,
    /// For the courier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Whether the kitchen has finished.
    pub ready: bool,
    /// By when it should be there.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub promise_at: Option<Timestamp>,
    /// When it was asked for.
    #[schema(value_type = String, format = "date-time")]
    pub created_at: Timestamp,
    /// Counts its changes; the `ETag`.
    pub version: i64,
}

/// Deliveries, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Deliveries {
    /// The deliveries.
    pub deliveries: Vec<Delivery>,
    /// Leads to the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Gives a delivery to a courier (`PUT /v1/deliveries/{delivery_id}/assignment`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignDelivery {
    /// Who shall bring it.
    pub courier_id: CourierId,
}

/// What a courier did (`POST /v1/deliveries/{delivery_id}/events`; by MQTT as `evt`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryEvent {
    /// Drawn by the device; the same event counts once.
    pub event_id: Uuid,
    /// What was done.
    pub kind: DeliveryEventKind,
    /// When, by the device's clock.
    #[schema(value_type = String, format = "date-time")]
    pub device_time: Timestamp,
    /// Counts the device's events.
    pub seq: i64,
    /// Where.
    pub position: GeoPoint,
    /// Code or name of who took it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub proof: Option<Text<120>>,
}

/// What a courier can do with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryEventKind {
    /// Is at the store.
    ArrivePickup,
    /// Has the goods.
    Pickup,
    /// Is at the door.
    ArriveDropoff,
    /// Has handed them over.
    Deliver,
    /// Could not hand them over.
    Fail,
    /// Gives it back before collecting.
    Decline,
}

/// A vehicle as an admin makes or changes it (`PUT /v1/vehicles/{vehicle_id}`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutVehicle {
    /// Its name.
    #[schema(value_type = String)]
    pub name: Text<60>,
    /// What it is.
    pub kind: VehicleKind,
    /// The cell in which it works.
    pub cell: Cell,
}

/// What a vehicle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words say it")]
pub enum VehicleKind {
    Bike,
    CargoBike,
    Scooter,
    Car,
    Van,
    Truck,
    Trailer,
}

/// A vehicle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Vehicle {
    /// The vehicle; also its MQTT user name.
    pub vehicle_id: VehicleId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: VehicleKind,
    /// The cell in which it works.
    pub cell: Cell,
    /// Where it was last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<GeoPoint>,
    /// When that was.
    #[schema(value_type = Option<String>, format = "date-time")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position_at: Option<Timestamp>,
    /// `ONLINE`, `STALE` or `OFFLINE`.
    pub presence: String,
    /// Counts its changes; the `ETag`.
    pub version: i64,
}

/// Vehicles, by id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Vehicles {
    /// The vehicles.
    pub vehicles: Vec<Vehicle>,
    /// Leads to the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A courier as an admin makes or changes one (`PUT /v1/couriers/{courier_id}`; the id is the account's).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutCourier {
    /// What to call the courier.
    #[schema(value_type = String)]
    pub name: Text<80>,
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// The cell in which the courier works.
    pub cell: Cell,
}

/// A courier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Courier {
    /// The courier.
    pub courier_id: CourierId,
    /// What to call the courier.
    pub name: String,
    /// The vehicle.
    pub vehicle_id: VehicleId,
    /// The cell in which the courier works.
    pub cell: Cell,
    /// `OFF`, `AVAILABLE`, `OFFERED`, `BUSY`, `ON_BREAK` or `SUSPENDED`.
    pub state: String,
    /// Counts its changes; the `ETag`.
    pub version: i64,
}

/// Couriers, by id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Couriers {
    /// The couriers.
    pub couriers: Vec<Courier>,
    /// Leads to the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Begins or ends a courier's work (`PUT /v1/couriers/me/availability`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetAvailability {
    /// True: takes deliveries.
    pub available: bool,
    /// Where the courier is.
    #[serde(default)]
    pub note: Option<Text<60>>,
}

/// Where the courier of an order is, as the tracking stream tells it (`event: position`, without `id:`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TrackedPosition {
    /// The order.
    pub order_id: OrderId,
    /// Where.
    pub position: GeoPoint,
    /// When, by the device's clock.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// How fast, in metres per second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed_mps: Option<f64>,
    /// In which direction, in degrees from north.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course_deg: Option<f64>,
}
