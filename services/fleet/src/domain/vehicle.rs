//! Vehicles.

use common::types::{Cell, GeoPoint, Timestamp, VehicleId};

use super::kept_words;

kept_words! {
    /// What a vehicle is.
    VehicleKind {
        Bike = "bike",
        CargoBike = "cargo_bike",
        Scooter = "scooter",
        Car = "car",
        Van = "van",
        Truck = "truck",
        Trailer = "trailer",
    }
}

/// Something that carries goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vehicle {
    pub(crate) id: VehicleId,
    pub(crate) name: String,
    pub(crate) kind: VehicleKind,
    pub(crate) cell: Cell,
    pub(crate) version: i64,
}

/// A vehicle with where and when it was last seen.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SeenVehicle {
    pub(crate) vehicle: Vehicle,
    pub(crate) position: Option<(GeoPoint, Timestamp)>,
    /// When it last gave a sign of life.
    pub(crate) seen: Option<Timestamp>,
    /// Whether its will has been read since.
    pub(crate) gone: bool,
}
