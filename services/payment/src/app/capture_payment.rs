//! Use case: take the money that is held.

use common::types::{Class, Fault, OrderId};
use postgres_kit::StoreError;

use super::settle::SettleError;
use crate::{
    App,
    domain::{CaptureError, Part, Payment, State},
    store::{self, payments::Held},
};

impl App {
    /// Takes what the provider holds for an order, or a part of it, once. A payment that is taken at once is
    /// found taken.
    #[tracing::instrument(name = "payment.capture_payment", skip_all, fields(order.id = %order))]
    pub(crate) async fn capture_payment(
        &self,
        order: OrderId,
        part: Part,
        actor: &str,
    ) -> Result<Payment, CapturePaymentError> {
        let (held, asked_before) = match self.begin_capture(order, part, actor).await? {
            Begun::Now(held) => (held, false),
            Begun::Before(payment) if payment.has_taken(&part) => return Ok(payment),
            Begun::Before(_) => {
                let mut db = self.db.acquire().await?;
                let held = store::payments::claim(&mut db, order).await?;
                (held.ok_or(CapturePaymentError::Undecided)?, true)
            }
        };
        let payment = self.settle(held, asked_before).await?;
        match payment.state() {
            _ if payment.has_taken(&part) => Ok(payment),
            State::Authorized | State::PartlyCaptured => {
                Err(CapturePaymentError::RefusedByProvider)
            }
            State::Owed | State::Captured => {
                Err(CapturePaymentError::Refused(CaptureError::NotAuthorized))
            }
            _ => Err(CapturePaymentError::Undecided),
        }
    }

    async fn begin_capture(
        &self,
        order: OrderId,
        part: Part,
        actor: &str,
    ) -> Result<Begun, CapturePaymentError> {
        let mut tx = self.db.begin().await?;
        let Some(held) = store::payments::lock(&mut tx, order).await? else {
            tx.rollback().await;
            return Err(CapturePaymentError::NoSuchPayment);
        };
        let mut payment = held.payment.clone();

        let changed = match payment.capture(part) {
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
pub(crate) enum CapturePaymentError {
    #[error("there is no payment for this order")]
    NoSuchPayment,
    #[error("the payment cannot be captured: {0}")]
    Refused(#[from] CaptureError),
    #[error("the provider refused the capture")]
    RefusedByProvider,
    #[error("the provider has not decided")]
    Undecided,
    #[error("the capture is not settled")]
    Settle(#[from] SettleError),
    #[error("the capture could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for CapturePaymentError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchPayment => Class::Missing,
            Self::Refused(error) => error.class(),
            Self::RefusedByProvider => Class::Conflict,
            Self::Undecided => Class::Unknown,
            Self::Settle(error) => error.class(),
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchPayment => "no-such-payment",
            Self::Refused(error) => error.code(),
            Self::RefusedByProvider => "capture-refused",
            Self::Undecided => "payment-undecided",
            Self::Settle(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}
