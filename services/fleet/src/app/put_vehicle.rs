//! Making or changing a vehicle.

use common::types::{Class, Fault};
use postgres_kit::{PgConnection, StoreError};

use crate::{
    App,
    domain::{Presence, SeenVehicle, Vehicle},
    store,
};

/// Why a vehicle is as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PutVehicleError {
    #[error("the vehicle exists: name the version to be changed")]
    IfMatchRequired,
    #[error("the vehicle has changed since it was read")]
    Stale,
    #[error("the vehicle could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for PutVehicleError {
    fn class(&self) -> Class {
        match self {
            Self::IfMatchRequired | Self::Stale => Class::Conflict,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::IfMatchRequired => "if-match-required",
            Self::Stale => "if-match-failed",
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Makes a vehicle, or changes the version that the caller knows.
    #[tracing::instrument(name = "fleet.put_vehicle", skip_all, fields(vehicle.id = %vehicle.id))]
    pub(crate) async fn put_vehicle(
        &self,
        vehicle: Vehicle,
        known: Option<i64>,
    ) -> Result<(SeenVehicle, Presence), PutVehicleError> {
        let mut tx = self.db.begin().await?;
        match put(&mut tx, vehicle, known).await {
            Ok(seen) => {
                tx.commit().await?;
                let presence = self.presence_of(&seen);
                Ok((seen, presence))
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
    mut vehicle: Vehicle,
    known: Option<i64>,
) -> Result<SeenVehicle, PutVehicleError> {
    let stored = store::vehicles::find(tx, vehicle.id).await?;
    match (stored, known) {
        (None, None) => {
            vehicle.version = 1;
            if !store::vehicles::insert(tx, &vehicle).await? {
                return Err(PutVehicleError::IfMatchRequired);
            }
            Ok(SeenVehicle { vehicle, position: None, seen: None, gone: false })
        }
        (Some(_), None) => Err(PutVehicleError::IfMatchRequired),
        (None, Some(_)) => Err(PutVehicleError::Stale),
        (Some(stored), Some(known)) => {
            vehicle.version = known.saturating_add(1);
            if !store::vehicles::update(tx, &vehicle).await? {
                return Err(PutVehicleError::Stale);
            }
            Ok(SeenVehicle { vehicle, ..stored })
        }
    }
}
