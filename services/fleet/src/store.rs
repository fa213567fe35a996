//! The tables of the fleet.
//!
//! Rows are locked in this order: order note, delivery, couriers by id, positions by vehicle id.

pub(crate) mod cells;
pub(crate) mod couriers;
pub(crate) mod deliveries;
pub(crate) mod facts;
pub(crate) mod incidents;
pub(crate) mod order_notes;
pub(crate) mod positions;
pub(crate) mod presence;
pub(crate) mod pruning;
pub(crate) mod vehicles;
pub(crate) mod xray;

use common::types::{Cell, GeoPoint};
use postgres_kit::StoreError;
use uuid::Uuid;

fn cell(name: &str, table: &'static str, id: Uuid) -> Result<Cell, StoreError> {
    Cell::parse(name).map_err(|_| StoreError::Corrupt { table, id: id.to_string() })
}

fn place(lat: f64, lon: f64, table: &'static str, id: Uuid) -> Result<GeoPoint, StoreError> {
    GeoPoint::new(lat, lon).map_err(|_| StoreError::Corrupt { table, id: id.to_string() })
}
