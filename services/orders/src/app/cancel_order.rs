//! Cancelling an order.

use common::types::{Class, Fault, OrderId};
use postgres_kit::StoreError;
use service_kit::{Key, Stored};
use uuid::Uuid;

use crate::{
    App,
    domain::{Actor, CancelError, Order, Owner, State},
    store::{
        self,
        answers::{Claim, Scope},
    },
    wire,
};

/// Why an order was not cancelled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CancelOrderError {
    #[error("there is no such order")]
    NoSuchOrder,
    #[error("{0}")]
    Refused(#[from] CancelError),
    #[error("the key was used for another request")]
    KeyReused,
    #[error("the cancellation could not be stored")]
    Store(#[from] StoreError),
    #[error("the answer could not be written")]
    Answer,
}

impl Fault for CancelOrderError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchOrder => Class::Missing,
            Self::Refused(_) => Class::Conflict,
            Self::KeyReused => Class::Invalid,
            Self::Store(error) => error.class(),
            Self::Answer => Class::Broken,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchOrder => "no-such-order",
            Self::Refused(CancelError::TooLateForCustomer) => "already-in-the-kitchen",
            Self::Refused(CancelError::AlreadyOnItsWay) => "already-on-its-way",
            Self::Refused(CancelError::AlreadyCancelled) => "already-cancelled",
            Self::KeyReused => "key-reused",
            Self::Store(error) => error.code(),
            Self::Answer => "unwritable-answer",
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
        if let Some(claim) = store::answers::find(&mut tx, scope, key).await? {
            tx.rollback().await;
            return first_answer(claim);
        }
        let order = store::orders::lock(&mut tx, what.owner, what.id).await?;
        let order = match check(order, what.actor) {
            Ok(order) => order,
            Err(refusal) => {
                tx.rollback().await;
                return Err(refusal);
            }
        };

        let mut order = order;
        let states = [State::Cancelling];
        self.step_from_outside(&mut tx, &mut order, &states, Some(what.cause), what.actor).await?;

        let location = Some(format!("/v1/orders/{}", order.id));
        let answer =
            Stored::first(axum::http::StatusCode::ACCEPTED, &wire::order(&order), location)
                .map_err(|_| CancelOrderError::Answer)?;
        let claim = store::answers::claim(&mut tx, scope, key, order.id, &answer).await?;
        if claim != Claim::First {
            tx.rollback().await;
            return first_answer(claim);
        }
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

fn first_answer(claim: Claim) -> Result<Stored, CancelOrderError> {
    match claim {
        Claim::Again(stored) => Ok(stored),
        Claim::First | Claim::Reused => Err(CancelOrderError::KeyReused),
    }
}
