//! Money given back: who asks, who agrees, and how it stands (FEATURES 5.1).

mod terms;
mod words;

use common::types::{Class, Fault, OrderId};
use uuid::Uuid;

use super::{Fact, Standing, Step, Told};

pub(crate) use terms::{RefundError, RefundLine, RefundTerms, total_minor};
pub(crate) use words::{Liable, Reason, RefundState};

/// More than this needs a second person.
const ALONE_MAX_MINOR: i64 = 10_000;
/// After so many refusals of the provider a person has to find another way.
const FAILURES_MAX: i32 = 5;

/// A part of what was taken, on its way back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refund {
    pub(crate) id: Uuid,
    pub(crate) order: OrderId,
    /// Counted from 1 for each payment.
    pub(crate) number: i32,
    pub(crate) terms: RefundTerms,
    pub(crate) state: RefundState,
    pub(crate) version: i64,
    pub(crate) approved_by: Option<Uuid>,
    /// The number of the call to the provider that is under way, or was the last; 0: none yet.
    pub(crate) call: i32,
    pub(crate) failures: i32,
}

/// What can still be given back of a payment.
#[expect(clippy::struct_field_names, reason = "the unit is part of each name")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refundable {
    pub(crate) captured_minor: i64,
    pub(crate) refunded_minor: i64,
    /// What open refunds have been promised.
    pub(crate) refunding_minor: i64,
}

/// What came of being told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefundHeard {
    Succeeded,
    Failed,
    Stale,
    Contradiction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApproveError {
    #[error("a second person has to agree")]
    SamePerson,
    #[error("the refund does not wait for anybody to agree")]
    NotAwaiting,
}

impl Refund {
    /// A refund with its first transition. What a machine gives back needs nobody's consent.
    pub(crate) fn ask(id: Uuid, order: OrderId, number: i32, terms: RefundTerms) -> Self {
        let alone = terms.amount_minor <= ALONE_MAX_MINOR || terms.asked_by.is_none();
        let state = if alone { RefundState::Submitting } else { RefundState::AwaitingApproval };
        let (version, approved_by, call, failures) = (1, None, 0, 0);
        Self { id, order, number, terms, state, version, approved_by, call, failures }
    }

    /// Lets a second person agree, or not. False: so it was decided before.
    pub(crate) fn decide(&mut self, by: Uuid, agreed: bool) -> Result<bool, ApproveError> {
        let repeated = self.approved_by == Some(by);
        match self.state {
            RefundState::AwaitingApproval if self.terms.asked_by == Some(by) => {
                Err(ApproveError::SamePerson)
            }
            RefundState::AwaitingApproval => {
                self.approved_by = Some(by);
                let next = if agreed { RefundState::Submitting } else { RefundState::Refused };
                self.enter(next);
                Ok(true)
            }
            RefundState::Refused if repeated && !agreed => Ok(false),
            RefundState::Refused => Err(ApproveError::NotAwaiting),
            _ if repeated && agreed => Ok(false),
            _ => Err(ApproveError::NotAwaiting),
        }
    }

    /// Begins another call after a refusal.
    pub(crate) fn resubmit(&mut self) -> bool {
        let failed = self.state == RefundState::Failed;
        if failed {
            self.enter(RefundState::Submitting);
        }
        failed
    }

    /// Takes in what the provider says about one of the calls, however often and in whatever order.
    pub(crate) fn apply(&mut self, told: &Told) -> RefundHeard {
        let another = told.amount_minor.is_some_and(|minor| minor != self.terms.amount_minor);
        match (self.state, told.fact) {
            _ if told.step != Step::Refund || another || told.number > self.call => {
                RefundHeard::Contradiction
            }
            (_, Fact::RefundRefused) if told.number < self.call => RefundHeard::Stale,
            // Refused, asked anew, and done all the same.
            _ if told.number < self.call => RefundHeard::Contradiction,
            (RefundState::Submitting, Fact::Refunded) => {
                self.enter(RefundState::Succeeded);
                RefundHeard::Succeeded
            }
            (RefundState::Submitting, Fact::RefundRefused) => {
                self.failures += 1;
                self.enter(RefundState::Failed);
                RefundHeard::Failed
            }
            (RefundState::Succeeded, Fact::Refunded)
            | (RefundState::Failed | RefundState::Manual, Fact::RefundRefused) => {
                RefundHeard::Stale
            }
            _ => RefundHeard::Contradiction,
        }
    }

    /// Leaves it to a person when the provider has refused too often.
    pub(crate) fn give_up(&mut self) -> bool {
        let too_often = self.state == RefundState::Failed && self.failures >= FAILURES_MAX;
        if too_often {
            self.enter(RefundState::Manual);
        }
        too_often
    }

    /// The key of the call that is under way.
    pub(crate) fn key(&self) -> String {
        Step::Refund.key(self.order, self.call)
    }

    const fn enter(&mut self, state: RefundState) {
        self.state = state;
        self.version += 1;
    }
}

impl Refundable {
    pub(crate) const fn of(now: &Standing) -> Self {
        Self {
            captured_minor: now.captured_minor,
            refunded_minor: now.refunded_minor,
            refunding_minor: now.refunding_minor,
        }
    }

    pub(crate) const fn left_minor(self) -> i64 {
        self.captured_minor - self.refunded_minor - self.refunding_minor
    }

    /// Promises a part of what is left.
    pub(crate) const fn promise(self, amount_minor: i64) -> Result<Self, RefundError> {
        if self.captured_minor == 0 {
            return Err(RefundError::NotCaptured);
        }
        if amount_minor > self.left_minor() {
            return Err(RefundError::ExceedsCaptured);
        }
        Ok(Self { refunding_minor: self.refunding_minor + amount_minor, ..self })
    }
}

impl Fault for ApproveError {
    fn class(&self) -> Class {
        match self {
            Self::SamePerson => Class::Forbidden,
            Self::NotAwaiting => Class::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::SamePerson => "second-person-needed",
            Self::NotAwaiting => "not-awaiting-approval",
        }
    }
}

#[cfg(test)]
mod tests;
