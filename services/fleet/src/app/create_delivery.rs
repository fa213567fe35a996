//! Asking for an order to be brought.

use common::types::{Class, DeliveryId, Fault, Timestamp};
use postgres_kit::{PgConnection, StoreError, repeat};

use crate::{
    App,
    domain::{Delivery, Errand},
    store,
};

/// Why an order will not be brought.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateDeliveryError {
    #[error("the delivery was called off before it was asked for")]
    AlreadyCancelled,
    #[error("the delivery could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for CreateDeliveryError {
    fn class(&self) -> Class {
        match self {
            Self::AlreadyCancelled => Class::Conflict,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::AlreadyCancelled => "already-cancelled",
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Plans the delivery of an order, once: asked again it answers with the one that is planned. `make`
    /// puts the errand together from a fresh id and the time.
    #[tracing::instrument(name = "fleet.create_delivery", skip_all)]
    pub(crate) async fn create_delivery(
        &self,
        actor: &str,
        make: impl Fn(DeliveryId, Timestamp) -> Errand,
    ) -> Result<Delivery, CreateDeliveryError> {
        let errand = make(DeliveryId::from_uuid(self.clock.new_id()), self.clock.now());
        repeat(|| self.try_create_delivery(actor, &errand)).await
    }

    async fn try_create_delivery(
        &self,
        actor: &str,
        errand: &Errand,
    ) -> Result<Delivery, CreateDeliveryError> {
        let mut tx = self.db.begin().await?;
        match self.plan(&mut tx, actor, errand).await {
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

    async fn plan(
        &self,
        tx: &mut PgConnection,
        actor: &str,
        errand: &Errand,
    ) -> Result<Delivery, CreateDeliveryError> {
        let note = store::order_notes::lock(tx, errand.order, errand.created_at).await?;
        if let Some(planned) = store::deliveries::find_by_order(tx, errand.order).await? {
            return Ok(planned);
        }
        if note.cancelled {
            return Err(CreateDeliveryError::AlreadyCancelled);
        }
        store::cells::ensure(tx, &errand.cell).await?;
        let (delivery, step) = Delivery::plan(errand.clone(), note.ready, actor.to_owned());
        self.save(tx, &delivery, &step).await?;
        Ok(delivery)
    }
}
