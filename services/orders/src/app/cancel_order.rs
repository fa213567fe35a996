//! Cancelling an order.

use common::types::{Class, Fault, OrderId};
use postgres_kit::StoreError;
use service_kit::{Key, Stored};
use uuid::Uuid;

use super::keys::{KeyError, accepted, claim};
use crate::{
    App,
    domain::{Actor, CancelError, Order, Owner, State},
    store::{self, answers::Scope},
};

/// Why an order was not cancelled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CancelOrderError {
    #[error("there is no such order")]
    NoSuchOrder,
    #[error("{0}")]
    Refused(#[from] CancelError),
    #[error("{0}")]
    Key(#[from] KeyError),
    #[error("the cancellation could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for CancelOrderError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchOrder => Class::Missing,
            Self::Refused(_) => Class::Conflict,
            Self::Key(error) => error.class(),
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchOrder => "no-such-order",
            Self::Refused(CancelError::TooLateForCustomer) => "already-in-the-kitchen",
            Self::Refused(CancelError::AlreadyOnItsWay) => "already-on-its-way",
            Self::Refused(CancelError::AlreadyCancelled) => "already-cancelled",
            Self::Key(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

/// Who cancels what, and why.
#[derive(Debug)]
pub(crate) struct Cancellation<'a> {
    pub(crate) principal: Uuid,
    pub(crate) owner: Owner<'a>,
    pub(crate) actor: Actor,
    pub(crate) id: OrderId,
    pub(crate) cause: String,
}

impl App {
    /// Begins to cancel an order; the saga gives back stock and money. The same key gets the same answer.
    #[tracing::instrument(name = "orders.cancel_order", skip_all, fields(order.id = %what.id))]
    pub(crate) async fn cancel_order(
        &self,
        key: &Key,
        what: Cancellation<'_>,
    ) -> Result<Stored, CancelOrderError> {
        let route = format!("POST /v1/orders/{}/cancellation", what.id);
        let scope = Scope { principal: what.principal, route: &route };
        let mut tx = self.db.begin().await?;
        if let Some(first_answer) = claim(&mut tx, scope, key, what.id).await? {
            tx.rollback().await;
            return first_answer.map_err(Into::into);
        }
        let order = store::orders::lock(&mut tx, what.owner, what.id).await?;
        let mut order = match check(order, what.actor) {
            Ok(order) => order,
            Err(refusal) => {
                tx.rollback().await;
                return Err(refusal);
            }
        };

        let states = [State::Cancelling];
        self.step_from_outside(&mut tx, &mut order, &states, Some(what.cause), what.actor).await?;

        let answer = accepted(&order)?;
        store::answers::fill(&mut tx, scope, key, &answer).await?;
        tx.commit().await?;

        self.after_step(&order);
        Ok(answer)
    }
}

fn check(order: Option<Order>, actor: Actor) -> Result<Order, CancelOrderError> {
    let order = order.ok_or(CancelOrderError::NoSuchOrder)?;
    order.may_cancel(actor)?;
    Ok(order)
}
