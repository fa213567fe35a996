//! Use case: have the provider give back what was promised.

use common::types::OrderId;
use event_kit::outbox;
use futures::{StreamExt, stream};
use postgres_kit::{StoreError, Tx};

use super::{
    advance::PROVIDER,
    settle::{ALARMING_ATTEMPTS, Round, SettleError},
};
use crate::{
    App,
    clients::NotDecided,
    domain::{Difference, Outcome, Payment, Refund, RefundHeard, RefundState, Step, Told},
    events,
    store::{self, refunds::HeldRefund},
};

impl App {
    /// Waits until a refund was asked for or approved.
    pub(crate) async fn refund_asked(&self) {
        self.refunds.notified().await;
    }

    /// Makes up to `limit` calls for refunds that are due, of one order or of all.
    pub(crate) async fn submit_refunds(
        &self,
        order: Option<OrderId>,
        limit: i64,
        parallel: usize,
    ) -> Result<Round, StoreError> {
        let mut db = self.db.acquire().await?;
        let due = store::refunds::claim_due(&mut db, order, limit).await?;
        drop(db);
        let round = Round { claimed: due.len() };
        stream::iter(due)
            .for_each_concurrent(parallel, async |held| {
                let refund = held.refund.id;
                if let Err(error) = self.submit_refund(held).await {
                    let error: &dyn std::error::Error = &error;
                    tracing::info!(refund.id = %refund, error, "the refund is not settled yet");
                }
            })
            .await;
        Ok(round)
    }

    /// Asks the provider what became of the call, makes it where it never arrived, and keeps the answer.
    #[tracing::instrument(name = "payment.submit_refund", skip_all, fields(refund.id = %held.refund.id))]
    async fn submit_refund(&self, held: HeldRefund) -> Result<(), SettleError> {
        if held.refund.state == RefundState::Failed {
            return self.resubmit_refund(&held).await;
        }
        let refund = &held.refund;
        let payment = store::payments::find(&mut *self.db.acquire().await?, refund.order).await?;
        let reference = payment.and_then(|payment| payment.standing().reference);
        let reference = reference.ok_or(SettleError::Contradiction)?;
        let (key, amount_minor) = (refund.key(), refund.terms.amount_minor);
        let fact = match self.provider.refund(&key, reference, amount_minor).await {
            Ok(fact) => fact,
            Err(open) => return Err(self.postpone_refund(&held, open).await),
        };

        let told = Told { step: Step::Refund, number: refund.call, amount_minor: None, fact };
        let mut tx = self.db.begin().await?;
        let payment = store::payments::lock(&mut tx, refund.order).await?;
        let payment = payment.ok_or(StoreError::Stale { table: "payment" })?.payment;
        match self.advance_refund(&mut tx, &payment, &held, &told).await {
            Ok(_heard) => tx.commit().await?,
            // A webhook was faster.
            Err(StoreError::Stale { table: "refund" }) => tx.rollback().await,
            Err(error) => {
                tx.rollback().await;
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Begins another call after a refusal; the worker makes it.
    async fn resubmit_refund(&self, held: &HeldRefund) -> Result<(), SettleError> {
        let mut refund = held.refund.clone();
        if !refund.resubmit() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        refund.call = store::payments::next_refund_call(&mut tx, refund.order).await?;
        store::refunds::insert_call(&mut tx, &refund).await?;
        self.update_refund(&mut tx, held, &refund, "asked-again", PROVIDER).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes in what the provider says about a refund, with the books, the credit note and the news. The
    /// payment is locked.
    pub(super) async fn advance_refund(
        &self,
        tx: &mut Tx,
        payment: &Payment,
        before: &HeldRefund,
        told: &Told,
    ) -> Result<RefundHeard, StoreError> {
        let mut refund = before.refund.clone();
        let heard = refund.apply(told);
        let key = told.step.key(refund.order, told.number);
        match heard {
            RefundHeard::Succeeded => {
                self.update_refund(tx, before, &refund, "given-back", PROVIDER).await?;
                store::refunds::answer_call(tx, &key, Outcome::Ok).await?;
                self.book_refund(tx, payment, &refund).await?;
            }
            RefundHeard::Failed => {
                let held = self.update_refund(tx, before, &refund, "declined", PROVIDER).await?;
                store::refunds::answer_call(tx, &key, Outcome::Refused).await?;
                if refund.give_up() {
                    // What was promised stays promised: a person gives it back in another way.
                    self.update_refund(tx, &held, &refund, "given-up", PROVIDER).await?;
                    let said = ("declined".to_owned(), told.amount_minor);
                    let kind = Difference::RefundRefused;
                    self.break_found(tx, kind, &key, Some(payment), said).await?;
                    self.tell_refund(tx, payment, &refund, None).await?;
                }
            }
            RefundHeard::Stale => {}
            RefundHeard::Contradiction => {
                let said = (format!("{:?}", told.fact), told.amount_minor);
                self.break_found(tx, Difference::Contradiction, &key, Some(payment), said).await?;
            }
        }
        Ok(heard)
    }

    async fn book_refund(
        &self,
        tx: &mut Tx,
        payment: &Payment,
        refund: &Refund,
    ) -> Result<(), StoreError> {
        let (order, amount_minor) = (refund.order, refund.terms.amount_minor);
        store::payments::settle_refund(tx, order, amount_minor).await?;
        if let Some(posting) = payment.refunded(refund, self.provider.name()) {
            store::ledger::insert(tx, self.clock.new_id(), order, &posting).await?;
        }
        let Some(terms) = payment.terms() else { return Ok(()) };
        let now = self.clock.now();
        let note = store::refunds::insert_credit_note(tx, terms.store, refund, now).await?;
        self.tell_refund(tx, payment, refund, Some(note)).await
    }

    async fn tell_refund(
        &self,
        tx: &mut Tx,
        payment: &Payment,
        refund: &Refund,
        credit_note: Option<i64>,
    ) -> Result<(), StoreError> {
        let Some(told) = events::ToldRefund::of(payment, refund) else { return Ok(()) };
        match credit_note {
            Some(number) => outbox::stage(tx, &told.succeeded(number)).await,
            None => outbox::stage(tx, &told.failed()).await,
        }
    }

    async fn postpone_refund(&self, held: &HeldRefund, open: NotDecided) -> SettleError {
        let refund = held.refund.id;
        let kept = async { store::refunds::postpone(&mut *self.db.acquire().await?, held).await };
        match kept.await {
            Ok(Some(attempts)) if attempts >= ALARMING_ATTEMPTS => {
                tracing::error!(refund.id = %refund, attempts, "the provider does not decide");
            }
            Ok(_) => {}
            // The lease runs out by itself.
            Err(error) => {
                tracing::warn!(refund.id = %refund, %error, "the lease was not given back");
            }
        }
        SettleError::Open(open)
    }
}
