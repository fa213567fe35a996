//! What a person has to look at, because the machine may not decide it.

use super::{Call, Heard, Order, Progress, State};

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// A fact came too late for the state of its order: never dropped, never forced.
    LateFact,
    /// Another service refused what nobody refuses in daily life: stock or money may stay held, or nobody
    /// brings the goods.
    Refused,
    /// The order waits longer in its state than it should.
    Overdue,
    /// The goods are with the customer and the money is not with us.
    Unpaid,
}

/// How soon somebody has to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Today.
    Alert,
    /// Now.
    Page,
}

/// What a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Incident {
    pub(crate) trouble: Trouble,
    /// The fact, the step or the state that it is about; of one kind there is one open incident for each.
    pub(crate) about: &'static str,
    pub(crate) severity: Severity,
    /// Why, in the words of who refused.
    pub(crate) detail: Option<String>,
}

impl Trouble {
    pub(crate) const ALL: [Self; 4] = [Self::LateFact, Self::Refused, Self::Overdue, Self::Unpaid];

    /// The word of tables and answers.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::LateFact => "late-fact",
            Self::Refused => "refused",
            Self::Overdue => "overdue",
            Self::Unpaid => "unpaid",
        }
    }
}

impl Severity {
    pub(crate) const ALL: [Self; 2] = [Self::Alert, Self::Page];

    /// The word of tables and answers.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Page => "page",
        }
    }
}

impl Incident {
    /// A courier's fact came too late.
    pub(crate) const fn late_fact(fact: &'static str) -> Self {
        let (trouble, severity) = (Trouble::LateFact, Severity::Alert);
        Self { trouble, about: fact, severity, detail: None }
    }

    /// The order waits too long in its state.
    pub(crate) fn overdue(order: &Order) -> Self {
        let severity = if order.state.pages() { Severity::Page } else { Severity::Alert };
        let about = order.state.name();
        Self { trouble: Trouble::Overdue, about, severity, detail: order.cause.clone() }
    }
}

/// The incidents in answers that were just stored, and in the state that `order` was brought to by them.
pub(crate) fn incidents_in(order: &Order, answered: &Progress) -> Vec<Incident> {
    let refused = answered.iter().filter_map(|(call, answer)| match answer {
        Heard::Refused(why) if !call.may_be_refused() => Some(Incident {
            trouble: Trouble::Refused,
            about: call.name(),
            severity: if call.undoes() { Severity::Page } else { Severity::Alert },
            detail: Some(why.clone()),
        }),
        _ => None,
    });
    let unpaid = (order.state == State::CompletedUnpaid).then(|| Incident {
        trouble: Trouble::Unpaid,
        about: Call::Capture.name(),
        severity: Severity::Alert,
        detail: order.cause.clone(),
    });
    refused.chain(unpaid).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::tests::an_order;

    fn refused(calls: &[Call]) -> Progress {
        calls.iter().map(|call| (*call, Heard::Refused("already-captured".to_owned()))).collect()
    }

    #[test]
    fn a_refused_undo_needs_a_person_and_a_refused_order_does_not() {
        let order = an_order(State::Cancelled);
        let undo = refused(&[Call::Release, Call::Void, Call::Recall]);

        let found = incidents_in(&order, &undo);

        assert!(found.iter().all(|one| one.severity == Severity::Page));
        let about: Vec<_> = found.iter().map(|one| one.about).collect();
        assert_eq!(about, ["release", "void", "recall"]);
        let daily = refused(&[Call::Reserve, Call::Authorize, Call::Capture]);
        assert_eq!(incidents_in(&order, &daily), []);
    }

    #[test]
    fn what_was_eaten_and_not_paid_is_for_a_person() {
        let found = incidents_in(&an_order(State::CompletedUnpaid), &Progress::new());
        assert_eq!(found.first().map(|one| one.trouble), Some(Trouble::Unpaid));
    }
}
