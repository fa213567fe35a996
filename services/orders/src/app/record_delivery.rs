//! What couriers did with an order, as the fleet tells it.

use common::types::{Class, Fault, OrderId};
use event_kit::{Heard, inbox};
use postgres_kit::StoreError;

use crate::{
    App,
    domain::{Actor, Incident, Owner, State},
    store,
};

/// Why a courier's fact was not recorded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordDeliveryError {
    #[error("the delivery could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for RecordDeliveryError {
    fn class(&self) -> Class {
        let Self::Store(error) = self;
        error.class()
    }

    fn code(&self) -> &'static str {
        let Self::Store(error) = self;
        error.code()
    }
}

/// What a courier did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DeliveryFact {
    PickedUp,
    Completed,
    Failed { cause: String },
}

impl DeliveryFact {
    const fn name(&self) -> &'static str {
        match self {
            Self::PickedUp => "delivery_picked_up",
            Self::Completed => "delivery_completed",
            Self::Failed { .. } => "delivery_failed",
        }
    }

    /// The way from where the order is. A delivery that is told before its pick-up is both, and so is one
    /// that succeeds after it had failed.
    fn path(&self, from: State) -> &'static [State] {
        match self {
            Self::PickedUp => &[State::Dispatched],
            Self::Completed if matches!(from, State::Ready | State::Undelivered) => {
                &[State::Dispatched, State::Delivered, State::Capturing]
            }
            Self::Completed => &[State::Delivered, State::Capturing],
            Self::Failed { .. } => &[State::Undelivered],
        }
    }

    /// Whether an order in `state` shows it already, however that was learned.
    const fn is_known_in(&self, state: State) -> bool {
        match self {
            Self::PickedUp => matches!(state, State::Dispatched),
            Self::Completed => matches!(
                state,
                State::Delivered
                    | State::Capturing
                    | State::CaptureFailed
                    | State::Completed
                    | State::CompletedUnpaid
            ),
            Self::Failed { .. } => matches!(state, State::Undelivered),
        }
    }
}

impl App {
    /// Takes note of what a courier did with an order, once. What is too late for the order's state
    /// becomes an incident: never dropped, never forced.
    #[tracing::instrument(name = "orders.record_delivery", skip_all, fields(order.id = %order))]
    pub(crate) async fn record_delivery<E: Sync>(
        &self,
        heard: &Heard<E>,
        order: OrderId,
        fact: DeliveryFact,
    ) -> Result<(), RecordDeliveryError> {
        let mut tx = self.db.begin().await?;
        if !inbox::claim_or_skip(&mut tx, heard).await? {
            tx.rollback().await;
            return Ok(());
        }
        let found = match store::orders::lock(&mut tx, Owner::Everyone, order).await? {
            Some(found) => Some(found),
            None => store::archive::find(&mut tx, Owner::Everyone, order).await?,
        };
        let moved = match found {
            None => None,
            Some(order) if fact.is_known_in(order.state) => None,
            Some(mut order) => {
                let path = fact.path(order.state);
                if order.may_take(path).is_ok() {
                    store::act_as(&mut tx, Actor::Courier).await?;
                    self.hand_over_ticket(&mut tx, &order).await?;
                    let cause = match fact {
                        DeliveryFact::Failed { cause } => Some(cause),
                        _ => None,
                    };
                    self.step_from_outside(&mut tx, &mut order, path, cause, Actor::Courier)
                        .await?;
                    Some(order)
                } else {
                    let incident = Incident::late_fact(fact.name());
                    self.open_incidents(&mut tx, &order, &[incident]).await?;
                    None
                }
            }
        };
        tx.commit().await?;

        if let Some(order) = moved {
            self.after_step(&order);
        }
        Ok(())
    }
}
