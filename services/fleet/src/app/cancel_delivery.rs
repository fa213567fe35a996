//! Calling a delivery off, even one that was never asked for.

use common::types::{Class, Event, Fault, OrderId};
use event_kit::{Heard, inbox};
use postgres_kit::{PgConnection, StoreError, repeat};

use crate::{
    App,
    domain::{AlreadyPickedUp, CANCELLED_ON_THE_WAY as CODE, Delivery},
    store,
};

/// Why a delivery was not called off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CancelDeliveryError {
    #[error("the delivery cannot be called off")]
    AlreadyPickedUp(#[from] AlreadyPickedUp),
    #[error("the cancellation could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for CancelDeliveryError {
    fn class(&self) -> Class {
        match self {
            Self::AlreadyPickedUp(_) => Class::Conflict,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::AlreadyPickedUp(_) => "already-picked-up",
            Self::Store(error) => error.code(),
        }
    }
}

/// Why it was not noted that an order is cancelled.
#[derive(Debug, thiserror::Error)]
#[error("the cancellation of the order could not be noted")]
pub(crate) struct HearCancellationError(#[from] StoreError);

impl Fault for HearCancellationError {
    fn class(&self) -> Class {
        self.0.class()
    }

    fn code(&self) -> &'static str {
        self.0.code()
    }
}

impl App {
    /// Calls the delivery of an order off. An order without a delivery gets a tombstone, so that a request
    /// for one that comes late is refused.
    #[tracing::instrument(name = "fleet.cancel_delivery", skip_all, fields(order.id = %order))]
    pub(crate) async fn cancel_delivery(
        &self,
        actor: &str,
        order: OrderId,
    ) -> Result<Option<Delivery>, CancelDeliveryError> {
        repeat(|| self.try_cancel_delivery(actor, order)).await
    }

    async fn try_cancel_delivery(
        &self,
        actor: &str,
        order: OrderId,
    ) -> Result<Option<Delivery>, CancelDeliveryError> {
        let mut tx = self.db.begin().await?;
        match self.call_off(&mut tx, actor, order).await {
            Ok(delivery) => {
                tx.commit().await?;
                if let Some(delivery) = &delivery {
                    self.committed(delivery);
                }
                Ok(delivery)
            }
            Err(error) => {
                tx.rollback().await;
                Err(error)
            }
        }
    }

    async fn call_off(
        &self,
        tx: &mut PgConnection,
        actor: &str,
        order: OrderId,
    ) -> Result<Option<Delivery>, CancelDeliveryError> {
        let now = self.clock.now();
        store::order_notes::lock(tx, order, now).await?;
        let Some(mut delivery) = store::deliveries::lock_by_order(tx, order).await? else {
            store::order_notes::set_cancelled(tx, order, now).await?;
            return Ok(None);
        };

        let step = delivery.cancel("cancelled", actor.to_owned(), now)?;

        if let Some(step) = step {
            store::order_notes::set_cancelled(tx, order, now).await?;
            self.save(tx, &delivery, &step).await?;
            self.settle_kept(tx, &mut delivery, now).await?;
        }
        Ok(Some(delivery))
    }

    /// Hears that an order is cancelled: the safety net under [`cancel_delivery`](Self::cancel_delivery).
    /// What is on its way by then is for a person to look at.
    pub(crate) async fn hear_cancellation<E: Event>(
        &self,
        heard: &Heard<E>,
        order: OrderId,
    ) -> Result<(), HearCancellationError> {
        let mut tx = self.db.begin().await?;
        if !inbox::claim_or_skip(&mut tx, heard).await? {
            tx.rollback().await;
            return Ok(());
        }
        let delivery = match self.call_off(&mut tx, "service:orders", order).await {
            Ok(delivery) => delivery,
            Err(CancelDeliveryError::Store(error)) => return Err(error.into()),
            Err(CancelDeliveryError::AlreadyPickedUp(_)) => {
                self.report_late_cancellation(&mut tx, order).await?
            }
        };
        tx.commit().await?;
        if let Some(delivery) = delivery {
            self.committed(&delivery);
        }
        Ok(())
    }

    async fn report_late_cancellation(
        &self,
        tx: &mut PgConnection,
        order: OrderId,
    ) -> Result<Option<Delivery>, StoreError> {
        let delivery = store::deliveries::find_by_order(tx, order).await?;
        if let Some(delivery) = delivery.as_ref().filter(|delivery| delivery.state().is_under_way())
        {
            let courier = delivery.holder().map(|holder| holder.courier);
            // Both cancelling and cancelled are heard; one of them is enough.
            if !store::incidents::is_open(tx, delivery.errand.id, CODE).await? {
                let now = self.clock.now();
                self.open_incident(tx, delivery, CODE, None, courier, now).await?;
            }
        }
        Ok(delivery)
    }
}
