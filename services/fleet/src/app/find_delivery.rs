//! Looking at deliveries.

use common::types::{Class, CourierId, DeliveryId, Fault, OrderId, Timestamp};
use postgres_kit::StoreError;
use uuid::Uuid;

use crate::{
    App,
    domain::{Delivery, Which},
    store,
};

/// Why a delivery is not shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindDeliveryError {
    #[error("there is no such delivery")]
    NoSuchDelivery,
    #[error("the delivery could not be read")]
    Store(#[from] StoreError),
}

impl Fault for FindDeliveryError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchDelivery => Class::Missing,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchDelivery => "no-such-delivery",
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Finds a delivery; of a courier only `own` ones.
    pub(crate) async fn find_delivery(
        &self,
        id: DeliveryId,
        own: Option<CourierId>,
    ) -> Result<Delivery, FindDeliveryError> {
        let delivery = store::deliveries::find(&mut *self.db.acquire().await?, id).await?;
        let theirs = |delivery: &Delivery| {
            own.is_none_or(|own| delivery.holder().is_some_and(|holder| holder.courier == own))
        };
        delivery.filter(theirs).ok_or(FindDeliveryError::NoSuchDelivery)
    }

    /// Finds the delivery of an order.
    pub(crate) async fn find_delivery_of_order(
        &self,
        order: OrderId,
    ) -> Result<Delivery, FindDeliveryError> {
        let mut db = self.db.acquire().await?;
        let delivery = store::deliveries::find_by_order(&mut db, order).await?;
        delivery.ok_or(FindDeliveryError::NoSuchDelivery)
    }

    /// Lists deliveries, oldest first; of a courier only `own` ones.
    pub(crate) async fn list_deliveries(
        &self,
        own: Option<CourierId>,
        which: Which,
        after: Option<(Timestamp, Uuid)>,
        limit: i64,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut db = self.db.acquire().await?;
        store::deliveries::list(&mut db, own, which, after, limit).await
    }
}
