//! Use case: hear what the provider tells by itself.

use common::types::{Class, Fault};
use postgres_kit::{StoreError, Tx};

use super::{advance::Advanced, end};
use crate::{
    App,
    clients::{Signed, WebhookError},
    domain::{About, CallKey, Difference, Operation, Payment, RefundHeard, Step, Told},
    metrics,
    store::{self, notices::Outcome},
};

impl App {
    /// Takes a webhook in, if the provider sent it and has not told it before. What is about a payment that
    /// nobody here knows is parked.
    #[tracing::instrument(name = "payment.hear_provider", skip_all, fields(webhook.id = signed.id))]
    pub(crate) async fn hear_provider(
        &self,
        provider: &str,
        signed: &Signed<'_>,
        body: &[u8],
    ) -> Result<(), HearProviderError> {
        let now = self.clock.now();
        let notice = match self.provider.read(provider, signed, body, now) {
            Ok(notice) => notice,
            Err(error) => {
                metrics::notice("refused");
                return Err(error.into());
            }
        };
        let mut tx = self.db.begin().await?;
        let outcome = async {
            let outcome = self.weigh(&mut tx, notice.operation.as_ref()).await?;
            let new =
                store::notices::insert(&mut tx, provider, &notice.id, outcome, body, now).await?;
            Ok::<_, StoreError>(new.then_some(outcome))
        };
        let outcome = outcome.await;
        if matches!(outcome, Ok(None)) {
            // It was told before: nothing of this time is to be seen.
            tx.rollback().await;
            metrics::notice("again");
            return Ok(());
        }
        let outcome = end(tx, outcome).await?;
        metrics::notice(outcome.map_or("again", Outcome::name));
        // It may have been what a refund waits for.
        if outcome == Some(Outcome::Applied) {
            self.refunds.notify_one();
        }
        Ok(())
    }

    async fn weigh(
        &self,
        tx: &mut Tx,
        operation: Option<&Operation>,
    ) -> Result<Outcome, StoreError> {
        match operation {
            Some(operation) => self.take_in(tx, operation).await,
            None => Ok(Outcome::Ignored),
        }
    }

    /// Tries again what was parked, in a transaction of its own.
    pub(super) async fn unpark(&self, id: &str, body: &[u8]) -> Result<Outcome, StoreError> {
        let operation = self.provider.read_again(body);
        let mut tx = self.db.begin().await?;
        let outcome = async {
            let outcome = self.weigh(&mut tx, operation.as_ref()).await?;
            store::notices::settle(&mut tx, self.provider.name(), id, outcome, body).await?;
            Ok(outcome)
        };
        let outcome = outcome.await;
        end(tx, outcome).await
    }

    /// Takes in what the provider did, as its webhook or its list says it.
    pub(super) async fn take_in(
        &self,
        tx: &mut Tx,
        operation: &Operation,
    ) -> Result<Outcome, StoreError> {
        let CallKey { order, step, number } = match operation.about {
            About::Call(call) => call,
            About::Authorization { order, reference } => {
                match store::recon::generation_of(tx, order, reference).await? {
                    Some(number) => CallKey { order, step: Step::Authorize, number },
                    None => return Ok(Outcome::Parked),
                }
            }
            About::Nobody => return Ok(Outcome::Ignored),
        };
        let (amount_minor, fact) = (Some(operation.amount_minor), operation.fact);
        let told = Told { step, number, amount_minor, fact };
        let Some(held) = store::payments::lock(tx, order).await? else {
            return Ok(Outcome::Parked);
        };
        if step == Step::Refund {
            return self.take_in_refund(tx, &held.payment, &told, &operation.key).await;
        }
        match self.advance(tx, &held, &told).await? {
            Advanced::Saved(next) => {
                if next.held.payment.standing().work.is_some() {
                    store::payments::release(tx, &next.held).await?;
                }
                Ok(Outcome::Applied)
            }
            Advanced::Lost => Err(StoreError::Stale { table: "payment" }),
            Advanced::Stale => Ok(Outcome::Stale),
            Advanced::Contradiction => {
                let said = (format!("{fact:?}"), amount_minor);
                let (kind, payment) = (Difference::Contradiction, Some(&held.payment));
                self.break_found(tx, kind, &operation.key, payment, said).await?;
                Ok(Outcome::Contradiction)
            }
        }
    }

    async fn take_in_refund(
        &self,
        tx: &mut Tx,
        payment: &Payment,
        told: &Told,
        key: &str,
    ) -> Result<Outcome, StoreError> {
        let Some(id) = store::refunds::find_of_call(tx, key).await? else {
            return Ok(Outcome::Parked);
        };
        let held = store::refunds::lock(tx, id).await?;
        let held = held.ok_or(StoreError::Stale { table: "refund" })?;
        Ok(match self.advance_refund(tx, payment, &held, told).await? {
            RefundHeard::Succeeded | RefundHeard::Failed => Outcome::Applied,
            RefundHeard::Stale => Outcome::Stale,
            RefundHeard::Contradiction => Outcome::Contradiction,
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum HearProviderError {
    #[error("nobody listens to it")]
    Webhook(#[from] WebhookError),
    #[error("what was told could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for HearProviderError {
    fn class(&self) -> Class {
        match self {
            Self::Webhook(error) => error.class(),
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Webhook(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}
