//! How long an order may wait in a state before a person is told, and before the machine acts.

use common::types::Timestamp;
use jiff::SignedDuration;

use super::{Fulfilment, Order, State};

/// Seconds in which an order must be confirmed, from its receipt.
pub(crate) const FORWARD_S: i64 = 15 * 60;
const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 60 * MINUTE_S;
/// A page is repeated after this.
const PAGE_EVERY_S: i64 = 5 * MINUTE_S;

/// When an order has waited too long in its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadlines {
    /// A person is told, by an incident.
    pub(crate) alert_at: Option<Timestamp>,
    /// What then happens says [`next`](super::next).
    pub(crate) act_at: Timestamp,
}

impl Deadlines {
    /// When somebody next has to look at an order that rests until then.
    pub(crate) fn first(self) -> Timestamp {
        self.alert_at.map_or(self.act_at, |alert_at| alert_at.min(self.act_at))
    }
}

impl Order {
    /// The deadlines of an order that has come to its state at `now`: the table of RELIABILITY 7.1.
    pub(crate) fn deadlines(&self, now: Timestamp) -> Deadlines {
        let promise_at = self.promise_at.unwrap_or(now);
        let act = |from, seconds| Deadlines { alert_at: None, act_at: after(from, seconds) };
        let alert_then = |from, alert_s, act_s| Deadlines {
            alert_at: Some(after(from, alert_s)),
            act_at: after(from, act_s),
        };
        match self.state {
            State::ActionRequired => act(now, 10 * MINUTE_S),
            State::Revising | State::CaptureFailed => act(now, 15 * MINUTE_S),
            State::Confirmed | State::Preparing => alert_then(promise_at, HOUR_S, 4 * HOUR_S),
            State::Ready if self.fulfilment == Fulfilment::Pickup => {
                act(promise_at.max(now), HOUR_S)
            }
            State::Ready => alert_then(now, 2 * HOUR_S, 4 * HOUR_S),
            State::Dispatched => alert_then(promise_at.max(now), HOUR_S, 6 * HOUR_S),
            State::Undelivered => alert_then(now, 24 * HOUR_S, 24 * HOUR_S),
            State::Delivered => alert_then(now, MINUTE_S, 5 * MINUTE_S),
            State::Capturing | State::Cancelling => alert_then(now, 5 * MINUTE_S, 5 * MINUTE_S),
            _ => act(self.created_at, FORWARD_S),
        }
    }

    /// The deadlines of an order whose store has to accept it first: silence cancels it.
    pub(crate) fn deadlines_of_acceptance(now: Timestamp) -> Deadlines {
        Deadlines { alert_at: None, act_at: after(now, 5 * MINUTE_S) }
    }

    /// The deadlines of an order about which a person has been told at `now`. Where the machine never gives
    /// up they are told again; where only people can decide, the time to decide begins anew.
    pub(crate) fn deadlines_after_alert(&self, now: Timestamp) -> Deadlines {
        match self.state {
            State::Undelivered => self.deadlines(now),
            state if state.pages() => {
                Deadlines { alert_at: Some(after(now, PAGE_EVERY_S)), act_at: self.deadline_at }
            }
            _ => Deadlines { alert_at: None, act_at: self.deadline_at },
        }
    }
}

impl State {
    /// Whether waiting too long in this state gets a person out of bed: nobody but the machine can go on.
    pub(crate) const fn pages(self) -> bool {
        matches!(self, Self::Delivered | Self::Capturing | Self::Cancelling)
    }
}

fn after(from: Timestamp, seconds: i64) -> Timestamp {
    from.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::tests::an_order;

    /// RELIABILITY 7.1: minutes from the state's beginning to the alert and to the act. The order was
    /// received 2 minutes ago and is promised in 30.
    #[test]
    fn the_table_of_the_design_holds() {
        use Fulfilment::{Delivery, Pickup};
        let table = [
            (State::Received, Pickup, None, 13),
            (State::Reserving, Pickup, None, 13),
            (State::Reserved, Pickup, None, 13),
            (State::Authorizing, Pickup, None, 13),
            (State::ActionRequired, Pickup, None, 10),
            (State::Authorized, Pickup, None, 13),
            (State::Confirmed, Pickup, Some(90), 270),
            (State::Revising, Pickup, None, 15),
            (State::Preparing, Pickup, Some(90), 270),
            (State::Ready, Pickup, None, 90),
            (State::Ready, Delivery, Some(120), 240),
            (State::Dispatched, Delivery, Some(90), 390),
            (State::Undelivered, Delivery, Some(24 * 60), 24 * 60),
            (State::Delivered, Pickup, Some(1), 5),
            (State::Capturing, Pickup, Some(5), 5),
            (State::CaptureFailed, Pickup, None, 15),
            (State::Cancelling, Pickup, Some(5), 5),
        ];
        let received = Timestamp::UNIX_EPOCH;
        let now = after(received, 2 * MINUTE_S);
        let minutes = |at: Timestamp| at.duration_since(now).as_secs() / MINUTE_S;
        for (state, fulfilment, alert, act) in table {
            let promise_at = Some(after(now, 30 * MINUTE_S));
            let order = Order { fulfilment, promise_at, ..an_order(state) };
            let deadlines = order.deadlines(now);
            let said = (deadlines.alert_at.map(minutes), minutes(deadlines.act_at));
            assert_eq!(said, (alert, act), "{state:?} {fulfilment:?}");
        }
    }

    #[test]
    fn what_the_machine_never_gives_up_is_told_again_and_what_people_decide_waits_another_day() {
        let now = after(Timestamp::UNIX_EPOCH, HOUR_S);
        for state in [State::Cancelling, State::Capturing, State::Delivered] {
            let told = an_order(state).deadlines_after_alert(now);
            assert_eq!(told.alert_at, Some(after(now, 5 * MINUTE_S)), "{state:?}");
        }
        let undelivered = an_order(State::Undelivered).deadlines_after_alert(now);
        assert_eq!(undelivered.act_at, after(now, 24 * HOUR_S));
        assert_eq!(an_order(State::Preparing).deadlines_after_alert(now).alert_at, None);
    }
}
