//! Looking at vehicles.

use common::types::{Class, Fault, VehicleId};
use postgres_kit::StoreError;
use uuid::Uuid;

use crate::{
    App,
    domain::{Presence, SeenVehicle},
    store,
};

/// Why a vehicle is not shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindVehicleError {
    #[error("there is no such vehicle")]
    NoSuchVehicle,
    #[error("the vehicle could not be read")]
    Store(#[from] StoreError),
}

impl Fault for FindVehicleError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchVehicle => Class::Missing,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchVehicle => "no-such-vehicle",
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Finds a vehicle with where it is and whether it is there.
    pub(crate) async fn find_vehicle(
        &self,
        id: VehicleId,
    ) -> Result<(SeenVehicle, Presence), FindVehicleError> {
        let seen = store::vehicles::find(&mut *self.db.acquire().await?, id).await?;
        let seen = seen.ok_or(FindVehicleError::NoSuchVehicle)?;
        let presence = self.presence_of(&seen);
        Ok((seen, presence))
    }

    /// Lists vehicles by id.
    pub(crate) async fn list_vehicles(
        &self,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<(SeenVehicle, Presence)>, StoreError> {
        let mut db = self.db.acquire().await?;
        let seen = store::vehicles::list(&mut db, after, limit).await?;
        let with_presence = |seen| {
            let presence = self.presence_of(&seen);
            (seen, presence)
        };
        Ok(seen.into_iter().map(with_presence).collect())
    }

    pub(super) fn presence_of(&self, seen: &SeenVehicle) -> Presence {
        Presence::of(seen.seen, seen.gone, self.clock.now())
    }
}
