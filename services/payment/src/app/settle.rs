//! Use case: finish the call to the provider that is under way.

use std::time::Duration;

use common::types::{Class, Fault, OrderId};
use futures::{StreamExt, stream};
use postgres_kit::StoreError;

use super::advance::Advanced;
use crate::{
    App,
    clients::NotDecided,
    domain::{Difference, Errand, Fact, Payment, Told},
    store::{self, payments::Held},
};

/// How often a busy database is asked again, and after how long; together well within a lease.
const KEEP_TRIES: u32 = 8;
const KEEP_PAUSE: Duration = Duration::from_millis(500);
/// After so many tries somebody should look.
pub(super) const ALARMING_ATTEMPTS: i32 = 20;

/// What a round of the worker found.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Round {
    pub(crate) claimed: usize,
}

impl App {
    /// Asks the provider and keeps what it says. The payment as it stands then: in an `-ING` state only
    /// where somebody else has taken it over.
    #[tracing::instrument(name = "payment.settle", skip_all, fields(order.id = %held.payment.order()))]
    pub(super) async fn settle(
        &self,
        mut held: Held,
        asked_before: bool,
    ) -> Result<Payment, SettleError> {
        let mut asked_before = asked_before;
        loop {
            let Some(errand) = held.payment.errand() else { return Ok(held.payment) };
            let fact = match self.ask(&errand, asked_before).await {
                Ok(fact) => fact,
                Err(open) => return Err(self.postpone(&held, open).await),
            };
            match self.keep_patiently(&held, fact).await? {
                // What was decided may call for another step, such as a void.
                Some(next) => held = next,
                None => return self.look_again(held.payment.order()).await,
            }
            asked_before = false;
        }
    }

    /// Finishes up to `limit` calls whose workers are gone, at most `parallel` at a time.
    pub(crate) async fn settle_due(
        &self,
        limit: i64,
        parallel: usize,
    ) -> Result<Round, StoreError> {
        let due = store::payments::claim_due(&mut *self.db.acquire().await?, limit).await?;
        let round = Round { claimed: due.len() };
        stream::iter(due)
            .for_each_concurrent(parallel, async |held| {
                let order = held.payment.order();
                if let Err(error) = self.settle(held, true).await {
                    let error: &dyn std::error::Error = &error;
                    tracing::info!(order.id = %order, error, "the payment is not settled yet");
                }
            })
            .await;
        Ok(round)
    }

    /// Asks; and where the answer was lost on its way, asks once more what became of the key.
    async fn ask(&self, errand: &Errand<'_>, asked_before: bool) -> Result<Fact, NotDecided> {
        match self.provider.run(errand, asked_before).await {
            Err(NotDecided(lost)) if !asked_before && lost.class() == Class::Unknown => {
                self.provider.run(errand, true).await
            }
            outcome => outcome,
        }
    }

    /// Keeps what was decided, however busy the database is for a moment: the lease leaves the time, and
    /// without it the next worker would have to wait for the lease to end.
    async fn keep_patiently(&self, held: &Held, fact: Fact) -> Result<Option<Held>, SettleError> {
        let mut left = KEEP_TRIES;
        loop {
            match self.keep(held, fact).await {
                Err(SettleError::Store(error))
                    if error.class() == Class::Unavailable && left > 0 =>
                {
                    left -= 1;
                    tokio::time::sleep(KEEP_PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// Stores what was decided, with the books and the news. `None`: somebody else has the payment now.
    async fn keep(&self, held: &Held, fact: Fact) -> Result<Option<Held>, SettleError> {
        let Some(told) = held.payment.heard(fact) else { return Ok(None) };
        let mut tx = self.db.begin().await?;
        match self.advance(&mut tx, held, &told).await? {
            Advanced::Saved(next) => {
                tx.commit().await?;
                if next.give_back {
                    self.refunds.notify_one();
                }
                Ok(Some(next.held))
            }
            Advanced::Lost | Advanced::Stale => {
                tx.rollback().await;
                Ok(None)
            }
            Advanced::Contradiction => {
                self.leave_to_a_person(&mut tx, held, &told).await?;
                tx.commit().await?;
                Err(SettleError::Contradiction)
            }
        }
    }

    /// Writes down that the provider contradicts itself, and asks again seldom.
    async fn leave_to_a_person(
        &self,
        tx: &mut postgres_kit::Tx,
        held: &Held,
        told: &Told,
    ) -> Result<(), StoreError> {
        let payment = &held.payment;
        tracing::error!(order.id = %payment.order(), ?told, "the provider contradicts itself");
        let key = told.step.key(payment.order(), told.number);
        let said = (format!("{:?}", told.fact), told.amount_minor);
        self.break_found(tx, Difference::Contradiction, &key, Some(payment), said).await?;
        store::payments::rest(tx, held).await
    }

    async fn postpone(&self, held: &Held, open: NotDecided) -> SettleError {
        let order = held.payment.order();
        let kept = async { store::payments::postpone(&mut *self.db.acquire().await?, held).await };
        match kept.await {
            Ok(Some(attempts)) if attempts >= ALARMING_ATTEMPTS => {
                tracing::error!(order.id = %order, attempts, "the provider does not decide");
            }
            Ok(_) => {}
            // The lease runs out by itself.
            Err(error) => tracing::warn!(order.id = %order, %error, "the lease was not given back"),
        }
        SettleError::Open(open)
    }

    async fn look_again(&self, order: OrderId) -> Result<Payment, SettleError> {
        let found = store::payments::find(&mut *self.db.acquire().await?, order).await?;
        found.ok_or(SettleError::Contradiction)
    }
}

/// Why a call was not finished.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettleError {
    #[error("the call is not decided")]
    Open(#[from] NotDecided),
    #[error("what was said does not fit what was said before")]
    Contradiction,
    #[error("what was decided could not be stored")]
    Store(#[from] StoreError),
}

/// The provider may have done it, whatever went wrong here afterwards: the payment is asked for again.
impl Fault for SettleError {
    fn class(&self) -> Class {
        match self {
            Self::Contradiction => Class::Broken,
            Self::Open(_) | Self::Store(_) => Class::Unknown,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Contradiction => "payment-contradiction",
            Self::Open(_) | Self::Store(_) => "payment-undecided",
        }
    }
}
