//! Use case: let the money of an order go, or forbid that it is ever held.

use common::{
    mutants,
    types::{Class, Fault, OrderId, PaymentId},
};
use postgres_kit::StoreError;

use super::settle::SettleError;
use crate::{
    App,
    domain::{Payment, State, VoidError},
    store::{self, payments::Held},
};

/// Refunds of one order that a caller waits for.
const REFUNDS_MAX: i64 = 4;

impl App {
    /// Makes sure that an order costs nothing. A void that overtakes its authorization leaves a tombstone,
    /// here and at the provider, which refuses the late request. What was taken already is given back.
    #[tracing::instrument(name = "payment.void_payment", skip_all, fields(order.id = %order))]
    pub(crate) async fn void_payment(
        &self,
        order: OrderId,
        actor: &str,
    ) -> Result<Payment, VoidPaymentError> {
        let payment = match self.begin_void(order, actor).await? {
            Begun::Now(held) => self.settle(held, false).await?,
            Begun::GivingBack => return self.give_back_now(order).await,
            Begun::Nothing(payment) => return Ok(payment),
            Begun::Before(payment) if payment.standing().work.is_none() => return Ok(payment),
            Begun::Before(_) => {
                let mut db = self.db.acquire().await?;
                let held = store::payments::claim(&mut db, order).await?;
                drop(db);
                self.settle(held.ok_or(VoidPaymentError::Undecided)?, true).await?
            }
        };
        match payment.state() {
            State::Voided | State::Declined => Ok(payment),
            // The void came too late: what was taken is on its way back.
            State::Captured => self.give_back_now(order).await,
            _ => Err(VoidPaymentError::Undecided),
        }
    }

    async fn begin_void(&self, order: OrderId, actor: &str) -> Result<Begun, VoidPaymentError> {
        let mut tx = self.db.begin().await?;
        let Some(held) = store::payments::lock(&mut tx, order).await? else {
            let id = PaymentId::from_uuid(self.clock.new_id());
            let (payment, changed) = Payment::tombstone(id, order);
            if mutants::on("no_tombstone") {
                tx.rollback().await;
                return Ok(Begun::Nothing(payment));
            }
            let provider = self.provider.name();
            let opened =
                store::payments::open(&mut tx, &payment, &changed, actor, provider).await?;
            tx.commit().await?;
            // A request that came in between is a payment like others now; whoever voids asks again.
            return if opened {
                Ok(Begun::Now(Held { payment, lease_epoch: 1 }))
            } else {
                Err(VoidPaymentError::Undecided)
            };
        };
        let mut payment = held.payment.clone();

        let changed = match payment.void() {
            Ok(Some(changed)) => changed,
            Ok(None) => {
                tx.rollback().await;
                return Ok(Begun::Before(payment));
            }
            // First it has to be known whether it was taken.
            Err(VoidError::AlreadyCaptured) if payment.state() == State::Capturing => {
                tx.rollback().await;
                return Ok(Begun::Before(payment));
            }
            Err(VoidError::AlreadyCaptured) => {
                self.give_back(&mut tx, &payment, actor).await?;
                tx.commit().await?;
                return Ok(Begun::GivingBack);
            }
        };

        let saved = self.save(&mut tx, &held, payment, &changed, actor).await?;
        let saved = saved.ok_or(StoreError::Stale { table: "payment" })?;
        if changed.give_back {
            self.give_back(&mut tx, &saved.payment, actor).await?;
        }
        tx.commit().await?;
        Ok(Begun::Now(saved))
    }

    /// Makes the calls for the refunds of an order that are due. The payment, when all is given back.
    async fn give_back_now(&self, order: OrderId) -> Result<Payment, VoidPaymentError> {
        self.submit_refunds(Some(order), REFUNDS_MAX, 1).await?;
        let mut db = self.db.acquire().await?;
        let payment = store::payments::find(&mut db, order).await?;
        let payment = payment.ok_or(StoreError::Stale { table: "payment" })?;
        let now = payment.standing();
        if now.state == State::Captured && now.refunded_minor == now.captured_minor {
            return Ok(payment);
        }
        if store::refunds::is_left_to_a_person(&mut db, order).await? {
            return Err(VoidError::AlreadyCaptured.into());
        }
        Err(VoidPaymentError::Undecided)
    }
}

enum Begun {
    Now(Held),
    Before(Payment),
    GivingBack,
    /// Nothing is known of the order, and nothing is remembered of the void: only a mutant does this.
    Nothing(Payment),
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum VoidPaymentError {
    #[error("the payment cannot be voided: {0}")]
    Refused(#[from] VoidError),
    #[error("the provider has not decided")]
    Undecided,
    #[error("the void is not settled")]
    Settle(#[from] SettleError),
    #[error("the void could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for VoidPaymentError {
    fn class(&self) -> Class {
        match self {
            Self::Refused(error) => error.class(),
            Self::Undecided => Class::Unknown,
            Self::Settle(error) => error.class(),
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Refused(error) => error.code(),
            Self::Undecided => "payment-undecided",
            Self::Settle(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}
