//! Use case: finish the call to the provider that is under way.

use std::time::Duration;

use common::types::{Class, Fault, OrderId};
use event_kit::outbox;
use futures::{StreamExt, stream};
use postgres_kit::{StoreError, Tx};

use crate::{
    App,
    clients::NotDecided,
    domain::{Changed, Errand, Fact, News, Payment},
    events,
    store::{self, payments::Held},
};

/// Who made a change that the provider decided.
const PROVIDER: &str = "provider";
/// How often a busy database is asked again, and after how long; together well within a lease.
const KEEP_TRIES: u32 = 8;
const KEEP_PAUSE: Duration = Duration::from_millis(500);
/// After so many tries somebody should look.
const ALARMING_ATTEMPTS: i32 = 20;

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
        let mut payment = held.payment.clone();
        let Some(changed) = payment.settle(fact, self.provider.name()) else {
            tracing::error!(order.id = %payment.order(), ?fact, "the provider contradicts itself");
            return Err(SettleError::Contradiction);
        };
        let mut tx = self.db.begin().await?;
        let saved = self.save(&mut tx, held, payment, &changed, PROVIDER).await?;
        if saved.is_some() {
            tx.commit().await?;
        } else {
            tx.rollback().await;
        }
        Ok(saved)
    }

    /// Stores a change and stages what the others are told.
    pub(super) async fn save(
        &self,
        tx: &mut Tx,
        before: &Held,
        payment: Payment,
        changed: &Changed,
        actor: &str,
    ) -> Result<Option<Held>, StoreError> {
        let saved =
            store::payments::save(tx, before, &payment, changed, actor, &*self.clock).await?;
        let Some(lease_epoch) = saved else { return Ok(None) };
        if let Some(news) = changed.news {
            self.tell(tx, &payment, news).await?;
        }
        Ok(Some(Held { payment, lease_epoch }))
    }

    pub(super) async fn tell(
        &self,
        tx: &mut Tx,
        payment: &Payment,
        news: News,
    ) -> Result<(), StoreError> {
        let provider = self.provider.name();
        let Some(told) = events::Told::of(payment, provider) else { return Ok(()) };
        match news {
            News::Authorized => outbox::stage(tx, &told.authorized()).await,
            News::Declined => outbox::stage(tx, &told.declined()).await,
            News::Captured => outbox::stage(tx, &told.captured()).await,
            News::Voided => outbox::stage(tx, &told.voided()).await,
        }
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
