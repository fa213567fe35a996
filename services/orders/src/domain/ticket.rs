//! Kitchen tickets.

use common::types::{OrderId, StoreId, TicketId, Timestamp};

use super::{Fulfilment, Line};

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TicketState {
    Scheduled,
    Waiting,
    Accepted,
    Preparing,
    Ready,
    HandedOver,
    Refused,
    Cancelled,
}

use TicketState::{Accepted, Cancelled, HandedOver, Preparing, Ready, Refused, Scheduled, Waiting};

/// What may follow what. The table `ticket_legal` says the same.
pub(crate) const TICKET_LEGAL: &[(TicketState, &[TicketState])] = &[
    (Scheduled, &[Waiting, Cancelled]),
    (Waiting, &[Accepted, Refused, Cancelled]),
    (Accepted, &[Preparing, Ready, Refused, Cancelled]),
    (Preparing, &[Ready, Cancelled]),
    (Ready, &[HandedOver, Preparing, Cancelled]),
];

const NAMES: &[(TicketState, &str)] = &[
    (Scheduled, "SCHEDULED"),
    (Waiting, "WAITING"),
    (Accepted, "ACCEPTED"),
    (Preparing, "PREPARING"),
    (Ready, "READY"),
    (HandedOver, "HANDED_OVER"),
    (Refused, "REFUSED"),
    (Cancelled, "CANCELLED"),
];

/// A ticket.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(crate) id: TicketId,
    pub(crate) order: OrderId,
    pub(crate) store: StoreId,
    pub(crate) number: i64,
    pub(crate) fulfilment: Fulfilment,
    pub(crate) state: TicketState,
    pub(crate) version: i64,
    pub(crate) lines: Vec<Line>,
    pub(crate) prep_s: i64,
    pub(crate) promise_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
}

/// A step that the ticket's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a ticket that is {from} cannot become {to}")]
pub(crate) struct TicketError {
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
}

impl TicketState {
    /// The word of tables, events and documents.
    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }

    /// Reads the word of tables.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known)| *known == name).map(|(state, _)| *state)
    }

    /// Whether `next` may follow.
    pub(crate) fn may_become(self, next: Self) -> bool {
        TICKET_LEGAL.iter().any(|(from, to)| *from == self && to.contains(&next))
    }
}

impl Ticket {
    /// Takes the ticket to `next`.
    pub(crate) fn become_state(&mut self, next: TicketState) -> Result<(), TicketError> {
        if !self.state.may_become(next) {
            return Err(TicketError { from: self.state.name(), to: next.name() });
        }
        self.state = next;
        self.version += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_one_state() {
        for (state, name) in NAMES {
            assert_eq!(TicketState::parse(name), Some(*state));
        }
    }

    #[test]
    fn nothing_follows_what_has_left_the_kitchen() {
        for ended in [HandedOver, Refused, Cancelled] {
            assert!(NAMES.iter().all(|(next, _)| !ended.may_become(*next)), "{ended:?}");
        }
    }
}
