//! The states of an order and the one table of what may follow what.

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum State {
    Received,
    Reserving,
    Reserved,
    Authorizing,
    ActionRequired,
    Authorized,
    Confirmed,
    Revising,
    Preparing,
    Ready,
    Dispatched,
    Undelivered,
    Delivered,
    Capturing,
    CaptureFailed,
    Completed,
    CompletedUnpaid,
    Cancelling,
    Cancelled,
    Rejected,
}

use State::{
    ActionRequired, Authorized, Authorizing, Cancelled, Cancelling, CaptureFailed, Capturing,
    Completed, CompletedUnpaid, Confirmed, Delivered, Dispatched, Preparing, Ready, Received,
    Rejected, Reserved, Reserving, Revising, Undelivered,
};

/// What may follow what; not listed is illegal. The table `order_legal` says the same.
pub(crate) const LEGAL: &[(State, &[State])] = &[
    (Received, &[Reserving, Cancelling]),
    (Reserving, &[Reserved, Rejected, Cancelling]),
    (Reserved, &[Authorizing, Authorized, Cancelling]),
    (Authorizing, &[Authorized, ActionRequired, Cancelling]),
    (ActionRequired, &[Authorizing, Cancelling]),
    (Authorized, &[Confirmed, Cancelling]),
    (Confirmed, &[Preparing, Ready, Revising, Cancelling]),
    (Revising, &[Confirmed, Preparing, Cancelling]),
    (Preparing, &[Ready, Revising, Cancelling]),
    (Ready, &[Dispatched, Delivered, Undelivered, Preparing, Cancelling]),
    (Dispatched, &[Delivered, Undelivered]),
    (Undelivered, &[Dispatched, Capturing, Cancelling]),
    (Delivered, &[Capturing]),
    (Capturing, &[Completed, CaptureFailed]),
    (CaptureFailed, &[Capturing, CompletedUnpaid]),
    (Cancelling, &[Cancelled, Rejected]),
];

const NAMES: &[(State, &str, &str)] = &[
    (Received, "RECEIVED", "received"),
    (Reserving, "RESERVING", "received"),
    (Reserved, "RESERVED", "received"),
    (Authorizing, "AUTHORIZING", "received"),
    (ActionRequired, "ACTION_REQUIRED", "action_needed"),
    (Authorized, "AUTHORIZED", "received"),
    (Confirmed, "CONFIRMED", "confirmed"),
    (Revising, "REVISING", "confirmed"),
    (Preparing, "PREPARING", "preparing"),
    (Ready, "READY", "ready"),
    (Dispatched, "DISPATCHED", "on_the_way"),
    (Undelivered, "UNDELIVERED", "problem"),
    (Delivered, "DELIVERED", "delivered"),
    (Capturing, "CAPTURING", "delivered"),
    (CaptureFailed, "CAPTURE_FAILED", "delivered"),
    (Completed, "COMPLETED", "completed"),
    (CompletedUnpaid, "COMPLETED_UNPAID", "completed"),
    (Cancelling, "CANCELLING", "cancelled"),
    (Cancelled, "CANCELLED", "cancelled"),
    (Rejected, "REJECTED", "rejected"),
];

impl State {
    /// The word of tables, events and documents.
    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(state, ..)| *state == self).map_or("", |(_, name, _)| name)
    }

    /// The word for customers.
    pub(crate) fn status(self) -> &'static str {
        NAMES.iter().find(|(state, ..)| *state == self).map_or("", |(.., status)| status)
    }

    /// Reads the word of tables.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known, _)| *known == name).map(|(state, ..)| *state)
    }

    /// Whether nothing follows.
    pub(crate) const fn ended(self) -> bool {
        matches!(self, Completed | CompletedUnpaid | Cancelled | Rejected)
    }

    /// Whether `next` may follow.
    pub(crate) fn may_become(self, next: Self) -> bool {
        LEGAL.iter().any(|(from, to)| *from == self && to.contains(&next))
    }

    /// Whether stock is held, or may be on its way to be held, for an order in this state.
    pub(crate) const fn holds_stock(self) -> bool {
        !self.ended()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_one_state() {
        for (state, name, _) in NAMES {
            assert_eq!(State::parse(name), Some(*state));
            assert_eq!(state.name(), *name);
        }
        assert_eq!(State::parse("SHIPPED"), None);
    }

    #[test]
    fn nothing_follows_an_end_and_something_follows_everything_else() {
        for (state, ..) in NAMES {
            let goes_on = LEGAL.iter().any(|(from, to)| from == state && !to.is_empty());
            assert_eq!(goes_on, !state.ended(), "{state:?}");
        }
    }

    #[test]
    fn what_has_left_the_store_is_never_cancelled() {
        for state in [Dispatched, Delivered, Capturing, CaptureFailed] {
            assert!(!state.may_become(Cancelling), "{state:?}");
        }
    }

    #[test]
    fn every_state_is_reached_from_the_first() {
        let mut reached = vec![Received];
        let mut at = 0;
        while let Some(state) = reached.get(at).copied() {
            for (_, to) in LEGAL.iter().filter(|(from, _)| *from == state) {
                for next in *to {
                    if !reached.contains(next) {
                        reached.push(*next);
                    }
                }
            }
            at += 1;
        }
        assert_eq!(reached.len(), NAMES.len());
    }
}
