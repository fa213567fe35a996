//! A payment, from the first call to the provider to the last.

mod again;
mod apply;
mod capture;
mod errand;

use common::types::{Class, Currency, Fault, OrderId, PaymentId};
use uuid::Uuid;

use super::{Answer, Asked, DeclineClass, Posting, State, Step, Terms};

pub(crate) use again::AgainError;
pub(crate) use apply::{Applied, Fact, Told};
pub(crate) use capture::{CaptureError, CaptureMethod, Part};
pub(crate) use errand::{Errand, Taking};

/// What one order pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payment {
    id: PaymentId,
    order: OrderId,
    /// Absent where it was voided before it was asked for.
    terms: Option<Terms>,
    standing: Standing,
}

/// The part of a payment that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) state: State,
    /// The call that is under way.
    pub(crate) work: Option<Step>,
    pub(crate) version: i64,
    pub(crate) authorized_minor: i64,
    pub(crate) capturing_minor: i64,
    pub(crate) captured_minor: i64,
    /// What each part took, where money is taken in parts.
    pub(crate) parts: Vec<i64>,
    /// Whether the rest is freed: with the capture that is under way or, once some of it was taken, by a void.
    pub(crate) closing: bool,
    pub(crate) refunded_minor: i64,
    /// What open refunds have been promised.
    pub(crate) refunding_minor: i64,
    /// How many captures were asked for.
    pub(crate) captures: i32,
    pub(crate) reference: Option<Uuid>,
    pub(crate) decline: Option<DeclineClass>,
    /// The highest generation that was asked for; the one in force is in the terms.
    pub(crate) tries: i32,
    /// Whether an expired authorization was asked for again, which happens once.
    pub(crate) renewed: bool,
    /// To be taken as soon as a renewed authorization stands.
    pub(crate) wanted_minor: i64,
    pub(crate) surplus: Option<Surplus>,
}

/// A hold besides the one in force: the smaller that a larger one replaces, or one that nobody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Surplus {
    pub(crate) generation: i32,
    pub(crate) reference: Uuid,
    pub(crate) amount_minor: i64,
    /// Whether the hold is in the books.
    pub(crate) booked: bool,
}

/// What a transition brings about besides the new standing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Changed {
    pub(crate) cause: &'static str,
    pub(crate) asked: Vec<Asked>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) postings: Vec<Posting>,
    pub(crate) news: Option<News>,
    /// Whether all that was taken is to be given back.
    pub(crate) give_back: bool,
}

/// What the others are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    Authorized,
    Declined,
    Captured,
    Voided,
    Expired,
    Owed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum VoidError {
    #[error("what was captured is refunded, never voided")]
    AlreadyCaptured,
}

impl Payment {
    /// Begins a payment: the provider is to be asked, unless there is nothing to pay.
    pub(crate) fn begin(id: PaymentId, terms: Terms) -> (Self, Changed) {
        let mut standing = Standing::new(State::Authorizing, Some(Step::Authorize));
        let mut changed = Changed { cause: "asked", ..Changed::default() };
        if terms.amount_minor == 0 {
            standing = Standing::new(State::Authorized, None);
            changed = Changed { cause: "nothing-to-pay", news: Some(News::Authorized), ..changed };
        } else {
            let (generation, amount_minor) = (terms.generation, terms.amount_minor);
            changed.asked = vec![Asked { step: Step::Authorize, generation, amount_minor }];
        }
        standing.tries = terms.generation;
        (Self { id, order: terms.order, terms: Some(terms), standing }, changed)
    }

    /// Refuses a payment before it is asked for: a void that overtook its authorization.
    pub(crate) fn tombstone(id: PaymentId, order: OrderId) -> (Self, Changed) {
        let standing = Standing::new(State::Voided, Some(Step::Void));
        let asked = [Step::Authorize, Step::Void]
            .map(|step| Asked { step, generation: 1, amount_minor: 0 })
            .to_vec();
        let changed = Changed { cause: "voided-before-asked", asked, ..Changed::default() };
        (Self { id, order, terms: None, standing }, changed)
    }

    /// Begins to let the money go, whether or not the provider holds it yet. Nothing changes where
    /// nothing is held. What was taken is not let go but given back, with the rest of it let go.
    pub(crate) fn void(&mut self) -> Result<Option<Changed>, VoidError> {
        let generation = self.generation();
        let now = &mut self.standing;
        match now.state {
            State::Authorizing | State::ActionRequired | State::Authorized => {
                let something = now.state != State::Authorized || now.authorized_minor > 0;
                let mut asked = Vec::new();
                if let Some(smaller) = now.surplus.filter(|_| now.state == State::Authorizing) {
                    asked.push(smaller.void());
                }
                if something {
                    let amount_minor = now.authorized_minor;
                    asked.push(Asked { step: Step::Void, generation, amount_minor });
                }
                now.wanted_minor = 0;
                now.enter(State::Voiding, Some(Step::Void));
                Ok(Some(Changed { cause: "void-asked", asked, ..Changed::default() }))
            }
            State::PartlyCaptured if !now.closing => {
                let changed = self.let_rest_go();
                Ok(Some(Changed { give_back: true, ..changed }))
            }
            State::Capturing | State::PartlyCaptured | State::Captured => {
                Err(VoidError::AlreadyCaptured)
            }
            State::Expired if now.wanted_minor > 0 => {
                now.wanted_minor = 0;
                Ok(Some(Changed { cause: "capture-unwanted", ..Changed::default() }))
            }
            _ => Ok(None),
        }
    }

    pub(crate) const fn restore(
        id: PaymentId,
        order: OrderId,
        terms: Option<Terms>,
        standing: Standing,
    ) -> Self {
        Self { id, order, terms, standing }
    }

    pub(crate) const fn id(&self) -> PaymentId {
        self.id
    }

    pub(crate) const fn order(&self) -> OrderId {
        self.order
    }

    pub(crate) const fn terms(&self) -> Option<&Terms> {
        self.terms.as_ref()
    }

    pub(crate) const fn standing(&self) -> &Standing {
        &self.standing
    }

    pub(crate) const fn state(&self) -> State {
        self.standing.state
    }

    /// Number of the try that may charge.
    pub(crate) fn generation(&self) -> i32 {
        self.terms.as_ref().map_or(1, |terms| terms.generation)
    }

    /// `None` (ISO 4217 would say `XXX`) where nobody said what it was about.
    pub(crate) fn currency(&self) -> Option<Currency> {
        self.terms.as_ref().map(|terms| terms.currency)
    }
}

impl Standing {
    const fn new(state: State, work: Option<Step>) -> Self {
        Self {
            state,
            work,
            version: 1,
            authorized_minor: 0,
            capturing_minor: 0,
            captured_minor: 0,
            parts: Vec::new(),
            closing: false,
            refunded_minor: 0,
            refunding_minor: 0,
            captures: 0,
            reference: None,
            decline: None,
            tries: 1,
            renewed: false,
            wanted_minor: 0,
            surplus: None,
        }
    }

    /// What is held and not taken yet.
    pub(super) const fn left_minor(&self) -> i64 {
        self.authorized_minor - self.captured_minor
    }

    const fn enter(&mut self, state: State, work: Option<Step>) {
        self.state = state;
        self.work = work;
        self.version += 1;
    }
}

impl Fault for VoidError {
    fn class(&self) -> Class {
        Class::Conflict
    }

    fn code(&self) -> &'static str {
        "already-captured"
    }
}

#[cfg(test)]
mod tests;
