//! Deciding what becomes of an order that did not reach its customer.

use common::types::{Class, Fault, OrderId};
use postgres_kit::StoreError;
use service_kit::{Key, Stored};
use uuid::Uuid;

use super::keys::{KeyError, accepted, claim};
use crate::{
    App,
    domain::{Actor, Decision, Order, Owner, StepError, Verdict},
    store::{self, answers::Scope},
};

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecideUndeliveredError {
    #[error("there is no such order")]
    NoSuchOrder,
    #[error("{0}")]
    Illegal(#[from] StepError),
    #[error("{0}")]
    Key(#[from] KeyError),
    #[error("the decision could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for DecideUndeliveredError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchOrder => Class::Missing,
            Self::Illegal(_) => Class::Conflict,
            Self::Key(error) => error.class(),
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchOrder => "no-such-order",
            Self::Illegal(_) => "illegal-transition",
            Self::Key(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

/// Who decides what about which order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settlement {
    pub(crate) principal: Uuid,
    pub(crate) id: OrderId,
    pub(crate) decision: Decision,
}

impl App {
    /// Lets an undelivered order go on as support says. The same key gets the same answer.
    #[tracing::instrument(name = "orders.decide_undelivered", skip_all, fields(order.id = %what.id))]
    pub(crate) async fn decide_undelivered(
        &self,
        key: &Key,
        what: Settlement,
    ) -> Result<Stored, DecideUndeliveredError> {
        let route = format!("POST /v1/ops/orders/{}/undelivered", what.id);
        let scope = Scope { principal: what.principal, route: &route };
        let mut tx = self.db.begin().await?;
        if let Some(first_answer) = claim(&mut tx, scope, key, what.id).await? {
            tx.rollback().await;
            return first_answer.map_err(Into::into);
        }
        let order = store::orders::lock(&mut tx, Owner::Everyone, what.id).await?;
        let (mut order, way) = match check(order, what.decision) {
            Ok(found) => found,
            Err(refusal) => {
                tx.rollback().await;
                return Err(refusal);
            }
        };

        let Verdict { states, cause } = way;
        store::act_as(&mut tx, Actor::Support).await?;
        if what.decision == Decision::CustomerAbsent {
            self.hand_over_ticket(&mut tx, &order).await?;
        }
        self.step_from_outside(&mut tx, &mut order, &states, cause, Actor::Support).await?;

        let answer = accepted(&order)?;
        store::answers::fill(&mut tx, scope, key, &answer).await?;
        tx.commit().await?;

        self.after_step(&order);
        Ok(answer)
    }
}

fn check(
    order: Option<Order>,
    decision: Decision,
) -> Result<(Order, Verdict), DecideUndeliveredError> {
    let order = order.ok_or(DecideUndeliveredError::NoSuchOrder)?;
    let way = order.decided(decision)?;
    Ok((order, way))
}
