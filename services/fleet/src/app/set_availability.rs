//! Beginning and ending a courier's work.

use common::types::{Class, CourierId, Fault};
use postgres_kit::{PgConnection, StoreError};

use crate::{
    App,
    domain::{Courier, CourierBusy},
    store,
};

/// Why a courier goes on as before.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetAvailabilityError {
    #[error("there is no such courier")]
    NoSuchCourier,
    #[error("the courier can neither come nor go")]
    Busy(#[from] CourierBusy),
    #[error("the availability could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for SetAvailabilityError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchCourier => Class::Missing,
            Self::Busy(_) => Class::Conflict,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchCourier => "no-such-courier",
            Self::Busy(_) => "courier-busy",
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Begins or ends a courier's work.
    #[tracing::instrument(name = "fleet.set_availability", skip_all, fields(courier.id = %id, available))]
    pub(crate) async fn set_availability(
        &self,
        id: CourierId,
        available: bool,
    ) -> Result<Courier, SetAvailabilityError> {
        let mut tx = self.db.begin().await?;
        match set(&mut tx, id, available).await {
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

async fn set(
    tx: &mut PgConnection,
    id: CourierId,
    available: bool,
) -> Result<Courier, SetAvailabilityError> {
    let courier = store::couriers::lock(tx, id).await?;
    let mut courier = courier.ok_or(SetAvailabilityError::NoSuchCourier)?;
    if courier.set_available(available)? {
        store::couriers::update(tx, &courier).await?;
    }
    Ok(courier)
}
