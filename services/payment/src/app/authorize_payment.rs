//! Use case: hold the money of an order.

use common::types::{Class, Fault, PaymentId};
use postgres_kit::StoreError;

use super::settle::SettleError;
use crate::{
    App,
    domain::{AgainError, DeclineClass, Payment, State, Terms},
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
        let generation = terms.generation;
        if let Some(held) = self.open(&terms, actor).await? {
            return verdict(self.settle(held, false).await?, generation);
        }
        let known = store::payments::find(&mut *self.db.acquire().await?, terms.order).await?;
        let known = known.ok_or(StoreError::Stale { table: "payment" })?;
        match which(&known, &terms)? {
            Try::Decided => verdict(known, generation),
            Try::UnderWay => {
                let mut db = self.db.acquire().await?;
                let held = store::payments::claim(&mut db, terms.order).await?;
                drop(db);
                verdict(
                    self.settle(held.ok_or(AuthorizeError::Undecided)?, true).await?,
                    generation,
                )
            }
            Try::Next => {
                let held = self.open_again(terms, actor).await?;
                verdict(self.settle(held, false).await?, generation)
            }
        }
    }

    /// Stores another try and its call, before the call is made.
    async fn open_again(&self, terms: Terms, actor: &str) -> Result<Held, AuthorizeError> {
        let mut tx = self.db.begin().await?;
        let held = store::payments::lock(&mut tx, terms.order).await?;
        let held = held.ok_or(StoreError::Stale { table: "payment" })?;
        let mut payment = held.payment.clone();

        let changed = match payment.ask_again(terms) {
            Ok(changed) => changed,
            Err(refused) => {
                tx.rollback().await;
                return Err(refused.into());
            }
        };

        let saved = self.save(&mut tx, &held, payment, &changed, actor).await?;
        let saved = saved.ok_or(StoreError::Stale { table: "payment" })?;
        tx.commit().await?;
        Ok(saved)
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

/// Which try of a payment is meant.
enum Try {
    /// The one that is under way.
    UnderWay,
    Decided,
    /// One that was not made yet.
    Next,
}

/// One order has one set of terms for each try; a tombstone has none, and refuses them all.
fn which(known: &Payment, terms: &Terms) -> Result<Try, AuthorizeError> {
    let Some(first) = known.terms() else { return Ok(Try::Decided) };
    if !first.is_between_the_same(terms) {
        return Err(AuthorizeError::KeyReused);
    }
    let in_force = first.generation;
    match terms.generation {
        again if again == in_force && first != terms => Err(AuthorizeError::KeyReused),
        again if again == in_force && known.state() == State::Authorizing => Ok(Try::UnderWay),
        earlier if earlier <= known.standing().tries => Ok(Try::Decided),
        _ => Ok(Try::Next),
    }
}

fn declined(payment: &Payment) -> DeclineClass {
    payment.standing().decline.unwrap_or(DeclineClass::OtherMethod)
}

/// What the state of a payment means to the one who asked for this try.
fn verdict(payment: Payment, generation: i32) -> Result<Payment, AuthorizeError> {
    match payment.state() {
        // It was refused, and left an earlier authorization standing.
        State::Authorized if payment.generation() < generation => {
            Err(AuthorizeError::Declined(declined(&payment)))
        }
        State::Declined | State::Owed => Err(AuthorizeError::Declined(declined(&payment))),
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
    #[error("this try is not allowed: {0}")]
    Generation(#[from] AgainError),
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
            Self::AlreadyCancelled => Class::Conflict,
            Self::Generation(error) => error.class(),
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
            Self::Generation(error) => error.code(),
            Self::Undecided => "payment-undecided",
            Self::Settle(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}
