//! Use case: let the money of an order go, or forbid that it is ever held.

use common::types::{Class, Fault, OrderId, PaymentId};
use postgres_kit::StoreError;

use super::settle::SettleError;
use crate::{
    App,
    domain::{Payment, State, VoidError},
    store::{self, payments::Held},
};

impl App {
    /// Makes sure that nothing is held for an order. A void that overtakes its authorization leaves a
    /// tombstone, here and at the provider, which refuses the late request.
    #[tracing::instrument(name = "payment.void_payment", skip_all, fields(order.id = %order))]
    pub(crate) async fn void_payment(
        &self,
        order: OrderId,
        actor: &str,
    ) -> Result<Payment, VoidPaymentError> {
        let payment = match self.begin_void(order, actor).await? {
            Begun::Now(held) => self.settle(held, false).await?,
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
            _ => Err(VoidPaymentError::Undecided),
        }
    }

    async fn begin_void(&self, order: OrderId, actor: &str) -> Result<Begun, VoidPaymentError> {
        let mut tx = self.db.begin().await?;
        let Some(held) = store::payments::lock(&mut tx, order).await? else {
            let id = PaymentId::from_uuid(self.clock.new_id());
            let (payment, changed) = Payment::tombstone(id, order);
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
            Err(refused) => {
                tx.rollback().await;
                return Err(refused.into());
            }
        };

        let saved = self.save(&mut tx, &held, payment, &changed, actor).await?;
        let saved = saved.ok_or(StoreError::Stale { table: "payment" })?;
        tx.commit().await?;
        Ok(Begun::Now(saved))
    }
}

enum Begun {
    Now(Held),
    Before(Payment),
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
