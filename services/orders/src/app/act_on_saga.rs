//! What operations do to an order that does not go on by itself: try again, send back, skip a step.

#[cfg(test)]
mod live;
mod skip;

use axum::http::StatusCode;
use common::types::{Class, Fault, OrderId};
use postgres_kit::{PgConnection, StoreError};
use service_kit::{Key, Stored};
use uuid::Uuid;

use super::keys::{KeyError, claim};
use crate::{
    App,
    domain::{Actor, Call, CancelError, Order, Owner, Progress, RetryError, SkipError, Verdict},
    store::{
        self,
        answers::Scope,
        saga_acts::{New, Stored as Written},
    },
    wire,
};

/// Why nothing was done by hand.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ActOnSagaError {
    #[error("there is no such order")]
    NoSuchOrder,
    #[error("{0}")]
    Retry(#[from] RetryError),
    #[error("{0}")]
    Compensate(#[from] CancelError),
    #[error("{0}")]
    Skip(#[from] SkipError),
    #[error("who asked for it cannot agree to it")]
    SamePerson,
    #[error("{0}")]
    Key(#[from] KeyError),
    #[error("the act could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for ActOnSagaError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchOrder => Class::Missing,
            Self::Retry(_) | Self::Compensate(_) | Self::Skip(_) => Class::Conflict,
            Self::SamePerson => Class::Forbidden,
            Self::Key(error) => error.class(),
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchOrder => "no-such-order",
            Self::Retry(_) => "nothing-to-retry",
            Self::Compensate(CancelError::AlreadyCancelled) => "already-cancelled",
            Self::Compensate(_) => "already-on-its-way",
            Self::Skip(SkipError::NothingWaits) => "nothing-to-skip",
            Self::Skip(SkipError::NeverSkipped(_)) => "never-skipped",
            Self::Skip(SkipError::Several(_)) => "several-steps-wait",
            Self::SamePerson => "second-person-needed",
            Self::Key(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

/// What is done.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    /// What the order waits for is asked for at once.
    Retry,
    /// What was held is given back.
    Compensate,
    /// An answer is waited for no longer; without a name, the only one that may be.
    Skip(Option<Call>),
}

impl Act {
    /// The word of tables and paths.
    const fn name(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Compensate => "compensate",
            Self::Skip(_) => "skip",
        }
    }
}

/// Who acts on which order, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByHand<'a> {
    pub(crate) by: Uuid,
    pub(crate) id: OrderId,
    pub(crate) reason: &'a str,
}

/// An order that is held, and what it knows.
struct Held {
    order: Order,
    heard: Progress,
    late: bool,
}

impl App {
    /// Does something to an order's saga, and writes down who did it and why. The same key gets the same answer.
    #[tracing::instrument(name = "orders.act_on_saga", skip_all, fields(order.id = %who.id, act = act.name()))]
    pub(crate) async fn act_on_saga(
        &self,
        key: &Key,
        act: Act,
        who: ByHand<'_>,
    ) -> Result<Stored, ActOnSagaError> {
        let route = format!("POST /v1/ops/orders/{}/saga/{}", who.id, act.name());
        let scope = Scope { principal: who.by, route: &route };
        let mut tx = self.db.begin().await?;
        if let Some(first_answer) = claim(&mut tx, scope, key, who.id).await? {
            tx.rollback().await;
            return first_answer.map_err(Into::into);
        }
        let mut held = match self.hold(&mut tx, who.id).await {
            Ok(held) => held,
            Err(refusal) => {
                tx.rollback().await;
                return Err(refusal);
            }
        };
        let done = match act {
            Act::Retry => self.retry(&mut tx, &mut held, who).await,
            Act::Compensate => self.compensate(&mut tx, &mut held, who).await,
            Act::Skip(named) => self.skip(&mut tx, &mut held, named, who).await,
        };
        let written = match done {
            Ok(written) => written,
            Err(refusal) => {
                tx.rollback().await;
                return Err(refusal);
            }
        };

        let answer = answer(&written)?;
        store::answers::fill(&mut tx, scope, key, &answer).await?;
        tx.commit().await?;

        self.after_step(&held.order);
        Ok(answer)
    }

    /// Holds an order. One that is in the archive is found as well: it has ended, and says so.
    async fn hold(&self, tx: &mut PgConnection, id: OrderId) -> Result<Held, ActOnSagaError> {
        let order = match store::orders::lock(tx, Owner::Everyone, id).await? {
            Some(order) => Some(order),
            None => store::archive::find(tx, Owner::Everyone, id).await?,
        };
        let order = order.ok_or(ActOnSagaError::NoSuchOrder)?;
        let heard = store::steps::list_answered(tx, &order).await?;
        let late = order.deadline_at < self.clock.now();
        Ok(Held { order, heard, late })
    }

    async fn retry(
        &self,
        tx: &mut PgConnection,
        held: &mut Held,
        who: ByHand<'_>,
    ) -> Result<Written, ActOnSagaError> {
        held.order.may_retry(&held.heard, held.late)?;
        let written = self.write_down(tx, &held.order, Act::Retry, None, who).await?;
        store::orders::make_due(tx, &mut held.order).await?;
        Ok(written)
    }

    async fn compensate(
        &self,
        tx: &mut PgConnection,
        held: &mut Held,
        who: ByHand<'_>,
    ) -> Result<Written, ActOnSagaError> {
        let Verdict { states, cause } = held.order.compensated()?;
        let written = self.write_down(tx, &held.order, Act::Compensate, None, who).await?;
        self.step_from_outside(tx, &mut held.order, &states, cause, Actor::Ops).await?;
        Ok(written)
    }

    async fn write_down(
        &self,
        tx: &mut PgConnection,
        order: &Order,
        act: Act,
        step: Option<Call>,
        who: ByHand<'_>,
    ) -> Result<Written, StoreError> {
        tracing::info!(order.id = %order.id, order.state = order.state.name(), act = act.name(),
            step = step.map(Call::name), by = %who.by, "somebody acts on a saga by hand");
        let new =
            New { id: self.clock.new_id(), act: act.name(), step, by: who.by, reason: who.reason };
        store::saga_acts::insert(tx, order, new).await
    }
}

/// 202: the machine goes on with it in the background, or a second person is waited for; 200: it was agreed to.
fn answer(written: &Written) -> Result<Stored, KeyError> {
    let status = if written.agreed.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED };
    let location = Some(format!("/v1/orders/{}", written.order));
    Stored::first(status, &wire::saga_act(written), location).map_err(|_| KeyError::Answer)
}
