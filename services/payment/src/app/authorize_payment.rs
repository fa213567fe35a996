//! Use case: hold the money of an order.

use common::types::{Class, Fault, PaymentId};
use postgres_kit::StoreError;

use super::settle::SettleError;
use crate::{
    App,
    domain::{DeclineClass, Payment, State, Terms},
    store::{self, payments::Held},
};

impl App {
    /// Asks the provider to hold what an order costs, once for each order and generation. A repetition
    /// asks what became of the first, never assumes it.
    #[tracing::instrument(name = "payment.authorize_payment", skip_all, fields(order.id = %terms.order))]
    pub(crate) async fn authorize_payment(
        &self,
        terms: Terms,
        actor: &str,
    ) -> Result<Payment, AuthorizeError> {
        if let Some(held) = self.open(&terms, actor).await? {
            return verdict(self.settle(held, false).await?);
        }
        let mut db = self.db.acquire().await?;
        let known = store::payments::find(&mut db, terms.order).await?;
        let known = known.ok_or(StoreError::Stale { table: "payment" })?;
        same(&known, &terms)?;
        if known.state() != State::Authorizing {
            return verdict(known);
        }
        let held = store::payments::claim(&mut db, terms.order).await?;
        drop(db);
        verdict(self.settle(held.ok_or(AuthorizeError::Undecided)?, true).await?)
    }

    /// Stores the payment and its call, before the call is made. `None`: it was stored before.
    async fn open(&self, terms: &Terms, actor: &str) -> Result<Option<Held>, AuthorizeError> {
        let id = PaymentId::from_uuid(self.clock.new_id());
        let (payment, changed) = Payment::begin(id, terms.clone());
        let provider = self.provider.name();
        let opened = match changed.news {
            // One statement is a transaction of its own.
            None => {
                let mut db = self.db.acquire().await?;
                store::payments::open(&mut db, &payment, &changed, actor, provider).await?
            }
            Some(news) => {
                let mut tx = self.db.begin().await?;
                let opened =
                    store::payments::open(&mut tx, &payment, &changed, actor, provider).await?;
                if opened {
                    self.tell(&mut tx, &payment, news).await?;
                }
                tx.commit().await?;
                opened
            }
        };
        Ok(opened.then_some(Held { payment, lease_epoch: 1 }))
    }
}

/// One order has one set of terms; a tombstone has none, and refuses them all.
fn same(known: &Payment, terms: &Terms) -> Result<(), AuthorizeError> {
    match known.terms() {
        Some(first) if first.generation != terms.generation => Err(AuthorizeError::Generation),
        Some(first) if first != terms => Err(AuthorizeError::KeyReused),
        _ => Ok(()),
    }
}

/// What the state of a payment means to the one who asked for the authorization.
fn verdict(payment: Payment) -> Result<Payment, AuthorizeError> {
    match payment.state() {
        State::Declined | State::Owed => {
            let class = payment.standing().decline.unwrap_or(DeclineClass::OtherMethod);
            Err(AuthorizeError::Declined(class))
        }
        State::Voiding | State::Voided => Err(AuthorizeError::AlreadyCancelled),
        State::Created | State::Authorizing | State::ActionRequired => {
            Err(AuthorizeError::Undecided)
        }
        _ => Ok(payment),
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthorizeError {
    #[error("the payment was declined: {}", .0.name())]
    Declined(DeclineClass),
    #[error("the payment was voided")]
    AlreadyCancelled,
    #[error("another payment was asked for with this key")]
    KeyReused,
    #[error("this try is not allowed")]
    Generation,
    #[error("the provider has not decided")]
    Undecided,
    #[error("the payment is not settled")]
    Settle(#[from] SettleError),
    #[error("the payment could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for AuthorizeError {
    fn class(&self) -> Class {
        match self {
            Self::Declined(_) => Class::Declined,
            Self::AlreadyCancelled | Self::Generation => Class::Conflict,
            Self::KeyReused => Class::Invalid,
            Self::Undecided => Class::Unknown,
            Self::Settle(error) => error.class(),
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Declined(_) => "payment-declined",
            Self::AlreadyCancelled => "already-cancelled",
            Self::KeyReused => "key-reused",
            Self::Generation => "generation-not-allowed",
            Self::Undecided => "payment-undecided",
            Self::Settle(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}
