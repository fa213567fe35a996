//! Handing an order over at the counter.

use common::types::{Class, Fault, OrderId};
use postgres_kit::StoreError;

use crate::{
    App,
    domain::{Actor, Fulfilment, Order, Owner, State, StepError},
    store,
};

/// Why an order was not completed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompleteOrderError {
    #[error("there is no such order")]
    NoSuchOrder,
    #[error("the order has changed since it was read")]
    Stale,
    #[error("{0}")]
    Illegal(#[from] StepError),
    #[error("a courier brings this order; it is not handed over at the counter")]
    ForACourier,
    #[error("the order could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for CompleteOrderError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchOrder => Class::Missing,
            Self::Stale | Self::Illegal(_) | Self::ForACourier => Class::Conflict,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchOrder => "no-such-order",
            Self::Stale => "if-match-failed",
            Self::Illegal(_) | Self::ForACourier => "illegal-transition",
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// The customer has collected the order; the money is taken in the background. An order still being
    /// prepared is recorded as ready first. `version`: what the caller has seen; `None` takes any.
    #[tracing::instrument(name = "orders.complete_order", skip_all, fields(order.id = %id))]
    pub(crate) async fn complete_order(
        &self,
        owner: Owner<'_>,
        id: OrderId,
        version: Option<i64>,
    ) -> Result<Order, CompleteOrderError> {
        let mut tx = self.db.begin().await?;
        let order = store::orders::lock(&mut tx, owner, id).await?;
        let (mut order, path) = match path(order, version) {
            Ok(found) => found,
            Err(refusal) => {
                tx.rollback().await;
                return Err(refusal);
            }
        };

        store::act_as(&mut tx, Actor::Staff).await?;
        self.hand_over_ticket(&mut tx, &order).await?;
        self.step_from_outside(&mut tx, &mut order, &path, None, Actor::Staff).await?;
        tx.commit().await?;

        self.after_step(&order);
        Ok(order)
    }
}

fn path(
    order: Option<Order>,
    version: Option<i64>,
) -> Result<(Order, Vec<State>), CompleteOrderError> {
    let order = order.ok_or(CompleteOrderError::NoSuchOrder)?;
    if version.is_some_and(|seen| seen != order.version) {
        return Err(CompleteOrderError::Stale);
    }
    if order.fulfilment == Fulfilment::Delivery {
        return Err(CompleteOrderError::ForACourier);
    }
    let mut path = vec![State::Delivered, State::Capturing];
    if order.state == State::Preparing {
        path.insert(0, State::Ready);
    }
    order.may_take(&path)?;
    Ok((order, path))
}
