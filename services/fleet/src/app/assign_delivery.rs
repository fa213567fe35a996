//! A dispatcher gives a delivery to a courier.

use common::types::{Class, CourierId, DeliveryId, Fault};
use postgres_kit::{PgConnection, StoreError, repeat};

use crate::{
    App,
    domain::{AlreadyPickedUp, AssignError, Delivery, Holder},
    store,
};

/// Why a delivery stays where it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AssignDeliveryError {
    #[error("there is no such delivery")]
    NoSuchDelivery,
    #[error("the delivery has changed since it was read")]
    Stale,
    #[error("there is no such courier")]
    NoSuchCourier,
    #[error("the courier is not available for this delivery")]
    CourierNotAvailable,
    #[error("the courier has the goods already")]
    AlreadyPickedUp(#[from] AlreadyPickedUp),
    #[error("the delivery cannot be given to a courier")]
    Refused(#[from] AssignError),
    #[error("the assignment could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for AssignDeliveryError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchDelivery => Class::Missing,
            Self::NoSuchCourier => Class::Invalid,
            Self::Stale
            | Self::CourierNotAvailable
            | Self::AlreadyPickedUp(_)
            | Self::Refused(_) => Class::Conflict,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchDelivery => "no-such-delivery",
            Self::NoSuchCourier => "no-such-courier",
            Self::Stale => "if-match-failed",
            Self::CourierNotAvailable => "courier-not-available",
            Self::AlreadyPickedUp(_) | Self::Refused(AssignError::AlreadyPickedUp) => {
                "already-picked-up"
            }
            Self::Refused(_) => "delivery-ended",
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Gives a delivery to a courier who is free; the one who had it is free then.
    #[tracing::instrument(name = "fleet.assign_delivery", skip_all, fields(delivery.id = %id, courier.id = %to))]
    pub(crate) async fn assign_delivery(
        &self,
        actor: &str,
        id: DeliveryId,
        known: i64,
        to: CourierId,
    ) -> Result<Delivery, AssignDeliveryError> {
        repeat(|| self.try_assign_delivery(actor, id, known, to)).await
    }

    async fn try_assign_delivery(
        &self,
        actor: &str,
        id: DeliveryId,
        known: i64,
        to: CourierId,
    ) -> Result<Delivery, AssignDeliveryError> {
        let mut tx = self.db.begin().await?;
        let delivery = match known_version(&mut tx, id, known).await {
            Ok(delivery) => self.give(&mut tx, actor, delivery, to).await,
            Err(error) => Err(error),
        };
        match delivery {
            Ok(delivery) => {
                tx.commit().await?;
                self.committed(&delivery);
                Ok(delivery)
            }
            Err(error) => {
                tx.rollback().await;
                Err(error)
            }
        }
    }

    async fn give(
        &self,
        tx: &mut PgConnection,
        actor: &str,
        mut delivery: Delivery,
        to: CourierId,
    ) -> Result<Delivery, AssignDeliveryError> {
        const CAUSE: &str = "dispatcher";
        let now = self.clock.now();
        let before = delivery.holder().map(|holder| holder.courier);
        if before == Some(to) && delivery.state().is_before_pickup() {
            return Ok(delivery);
        }
        store::couriers::lock_both(tx, before.unwrap_or(to), to).await?;
        if store::couriers::find(tx, to).await?.is_none() {
            return Err(AssignDeliveryError::NoSuchCourier);
        }

        if before.is_some() {
            let step = delivery.release(CAUSE, actor.to_owned(), now)?;
            self.save(tx, &delivery, &step).await?;
        }
        let vehicle = store::couriers::claim(tx, to, &delivery.errand.cell).await?;
        let vehicle = vehicle.ok_or(AssignDeliveryError::CourierNotAvailable)?;
        let holder = Holder { courier: to, vehicle, since: now };
        let step = delivery.assign(holder, CAUSE, actor.to_owned())?;

        self.save(tx, &delivery, &step).await?;
        self.settle_kept(tx, &mut delivery, now).await?;
        Ok(delivery)
    }
}

async fn known_version(
    tx: &mut PgConnection,
    id: DeliveryId,
    known: i64,
) -> Result<Delivery, AssignDeliveryError> {
    let delivery = store::deliveries::lock(tx, id).await?;
    let delivery = delivery.ok_or(AssignDeliveryError::NoSuchDelivery)?;
    if delivery.version() == known { Ok(delivery) } else { Err(AssignDeliveryError::Stale) }
}
