//! Making or changing a courier.

use common::types::{Cell, Class, CourierId, Fault, VehicleId};
use postgres_kit::{PgConnection, StoreError};

use crate::{
    App,
    domain::{Courier, CourierState},
    store,
};

/// Why a courier is as before.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PutCourierError {
    #[error("the courier exists: name the version to be changed")]
    IfMatchRequired,
    #[error("the courier has changed since it was read")]
    Stale,
    #[error("there is no such vehicle")]
    NoSuchVehicle,
    #[error("another courier has the vehicle")]
    VehicleTaken,
    #[error("the courier has a delivery")]
    Busy,
    #[error("the courier could not be stored")]
    Store(#[source] StoreError),
}

impl From<StoreError> for PutCourierError {
    fn from(error: StoreError) -> Self {
        match error.constraint() {
            Some("courier_vehicle_known") => Self::NoSuchVehicle,
            Some("courier_vehicle_once") => Self::VehicleTaken,
            _ => Self::Store(error),
        }
    }
}

impl Fault for PutCourierError {
    fn class(&self) -> Class {
        match self {
            Self::IfMatchRequired | Self::Stale | Self::VehicleTaken | Self::Busy => {
                Class::Conflict
            }
            Self::NoSuchVehicle => Class::Invalid,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::IfMatchRequired => "if-match-required",
            Self::Stale => "if-match-failed",
            Self::NoSuchVehicle => "no-such-vehicle",
            Self::VehicleTaken => "vehicle-taken",
            Self::Busy => "courier-busy",
            Self::Store(error) => error.code(),
        }
    }
}

/// What is to be known of a courier.
#[derive(Debug, Clone)]
pub(crate) struct Sketch {
    pub(crate) name: String,
    pub(crate) vehicle: VehicleId,
    pub(crate) cell: Cell,
}

impl App {
    /// Makes a courier, who is off at first, or changes the version that the caller knows. Vehicle and
    /// cell stay while there is a delivery.
    #[tracing::instrument(name = "fleet.put_courier", skip_all, fields(courier.id = %id))]
    pub(crate) async fn put_courier(
        &self,
        id: CourierId,
        sketch: Sketch,
        known: Option<i64>,
    ) -> Result<Courier, PutCourierError> {
        let mut tx = self.db.begin().await?;
        match put(&mut tx, id, sketch, known).await {
            Ok(courier) => {
                tx.commit().await?;
                self.work.notify_one();
                Ok(courier)
            }
            Err(error) => {
                tx.rollback().await;
                Err(error)
            }
        }
    }
}

async fn put(
    tx: &mut PgConnection,
    id: CourierId,
    sketch: Sketch,
    known: Option<i64>,
) -> Result<Courier, PutCourierError> {
    let Sketch { name, vehicle, cell } = sketch;
    let Some(stored) = store::couriers::lock(tx, id).await? else {
        if known.is_some() {
            return Err(PutCourierError::Stale);
        }
        let courier = Courier { id, name, vehicle, cell, state: CourierState::Off, version: 1 };
        let inserted = store::couriers::insert(tx, &courier).await?;
        return if inserted { Ok(courier) } else { Err(PutCourierError::IfMatchRequired) };
    };
    let known = known.ok_or(PutCourierError::IfMatchRequired)?;
    if known != stored.version {
        return Err(PutCourierError::Stale);
    }
    let moved = stored.vehicle != vehicle || stored.cell != cell;
    if moved && matches!(stored.state, CourierState::Busy | CourierState::Offered) {
        return Err(PutCourierError::Busy);
    }
    let courier = Courier { name, vehicle, cell, version: stored.version + 1, ..stored };
    store::couriers::update(tx, &courier).await?;
    Ok(courier)
}
