//! Use cases: give money back.

use axum::http::StatusCode;
use common::types::{Class, Fault, PaymentId, Principal};
use postgres_kit::{
    StoreError, Tx,
    answers::{self, Asked, Claim, Kept},
};
use service_kit::{Key, Stored};

use super::end;
use crate::{
    App,
    domain::{
        Liable, Payment, Reason, Refund, RefundError, RefundLine, RefundState, RefundTerms,
        Refundable, total_minor,
    },
    store::{self, refunds::FoundRefund},
};

const ROUTE: &str = "POST /v1/payments/{payment_id}/refunds";

/// What somebody asks to be given back.
pub(crate) struct AskRefund {
    pub(crate) amount_minor: Option<i64>,
    pub(crate) lines: Vec<RefundLine>,
    pub(crate) reason: Reason,
    pub(crate) liable: Liable,
}

impl App {
    /// Promises a part of what was taken for a payment; the provider is asked in the background, or once a
    /// second person has agreed. `written` writes the answer, which is kept with the key.
    #[tracing::instrument(name = "payment.refund_payment", skip_all, fields(payment.id = %id))]
    pub(crate) async fn refund_payment(
        &self,
        by: &Principal,
        key: &Key,
        id: PaymentId,
        ask: AskRefund,
        written: impl Fn(&FoundRefund) -> serde_json::Result<Vec<u8>> + Send,
    ) -> Result<Stored, RefundPaymentError> {
        let mut tx = self.db.begin().await?;
        let asked = Asked { by, route: ROUTE, key: &key.text };
        let outcome = match answers::claim(&mut tx, asked, &key.fingerprint, self.clock.now()).await
        {
            Ok(Claim::First) => match self.ask_refund(&mut tx, by, id, ask).await {
                Ok(found) => keep(&mut tx, asked, &found, written).await,
                Err(error) => Err(error),
            },
            Ok(Claim::Again(kept)) => Ok(given(kept, true)),
            Ok(Claim::Reused) => Err(RefundPaymentError::KeyReused),
            Err(error) => Err(error.into()),
        };
        let answer = end(tx, outcome).await?;
        self.refunds.notify_one();
        Ok(answer)
    }

    async fn ask_refund(
        &self,
        tx: &mut Tx,
        by: &Principal,
        id: PaymentId,
        ask: AskRefund,
    ) -> Result<FoundRefund, RefundPaymentError> {
        let amount_minor = total_minor(ask.amount_minor, &ask.lines)?;
        let payment = store::payments::lock_by_id(tx, id).await?;
        let payment = payment.ok_or(RefundPaymentError::NoSuchPayment)?;
        let currency = payment.currency().ok_or(RefundError::NotCaptured)?;
        Refundable::of(payment.standing()).promise(amount_minor)?;

        let AskRefund { reason, liable, lines, .. } = ask;
        let asked_by = Some(by.id);
        let terms = RefundTerms { amount_minor, currency, reason, liable, lines, asked_by };
        let actor = by.id.to_string();
        let begun = self.begin_refund(tx, &payment, terms, "asked", &actor).await?;
        // The row is locked, so what was left a moment ago is left.
        let begun = begun.ok_or(RefundError::ExceedsCaptured)?;
        let found = store::refunds::find(tx, begun.id).await?;
        Ok(found.ok_or(StoreError::Stale { table: "refund" })?)
    }

    /// Gives everything back that was taken and is not promised to somebody yet. `None`: nothing is left.
    pub(super) async fn give_back(
        &self,
        tx: &mut Tx,
        payment: &Payment,
        actor: &str,
    ) -> Result<Option<Refund>, StoreError> {
        let left_minor = Refundable::of(payment.standing()).left_minor();
        let Some(currency) = payment.currency().filter(|_| left_minor > 0) else {
            return Ok(None);
        };
        let terms = RefundTerms {
            amount_minor: left_minor,
            currency,
            reason: Reason::OrderCancelled,
            liable: Liable::Platform,
            lines: Vec::new(),
            asked_by: None,
        };
        self.begin_refund(tx, payment, terms, "given-back", actor).await
    }

    /// Stores a refund and, where nobody else has to agree, its call. `None`: so much is not left.
    async fn begin_refund(
        &self,
        tx: &mut Tx,
        payment: &Payment,
        terms: RefundTerms,
        cause: &str,
        actor: &str,
    ) -> Result<Option<Refund>, StoreError> {
        let order = payment.order();
        let promised = store::payments::promise_refund(tx, order, terms.amount_minor).await?;
        let Some(number) = promised else { return Ok(None) };
        let mut refund = Refund::ask(self.clock.new_id(), order, number, terms);
        if refund.state == RefundState::Submitting {
            refund.call = store::payments::next_refund_call(tx, order).await?;
            store::refunds::insert_call(tx, &refund).await?;
        }
        store::refunds::insert(tx, &refund, cause, actor, self.clock.now()).await?;
        Ok(Some(refund))
    }
}

async fn keep(
    tx: &mut Tx,
    asked: Asked<'_>,
    found: &FoundRefund,
    written: impl Fn(&FoundRefund) -> serde_json::Result<Vec<u8>>,
) -> Result<Stored, RefundPaymentError> {
    let answer = Kept {
        status: StatusCode::ACCEPTED.as_u16(),
        location: Some(format!("/v1/refunds/{}", found.refund.id)),
        body: written(found)?,
    };
    answers::keep(tx, asked, &answer).await?;
    Ok(given(answer, false))
}

/// An answer that is kept with its key, as it is given.
fn given(kept: Kept, replayed: bool) -> Stored {
    let Kept { status, location, body } = kept;
    Stored { status, body, location, replayed }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum RefundPaymentError {
    #[error("there is no such payment")]
    NoSuchPayment,
    #[error("the refund is not possible: {0}")]
    Refused(#[from] RefundError),
    #[error("another refund was asked for with this key")]
    KeyReused,
    #[error("the answer cannot be written")]
    Unwritable(#[from] serde_json::Error),
    #[error("the refund could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for RefundPaymentError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchPayment => Class::Missing,
            Self::Refused(error) => error.class(),
            Self::KeyReused => Class::Invalid,
            Self::Unwritable(_) => Class::Broken,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchPayment => "no-such-payment",
            Self::Refused(error) => error.code(),
            Self::KeyReused => "key-reused",
            Self::Unwritable(_) => "unwritable-answer",
            Self::Store(error) => error.code(),
        }
    }
}
