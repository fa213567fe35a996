//! What an order needs next. A pure function of what is known; workers do what it says.
//!
//! A call's outcome is done, refused or unknown. What is unknown is asked again with the same key and
//! never counts as refused; so nothing here can tell "it failed" from silence.

use std::collections::BTreeMap;

use super::{Fulfilment, Order, State};

/// A question to another service. Its key is `order_id:name:generation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Call {
    /// Hold the goods.
    Reserve,
    /// Hold the money.
    Authorize,
    /// Bring it.
    Deliver,
    /// The goods have left.
    Ship,
    /// Take the money.
    Capture,
    /// Free the goods.
    Release,
    /// Free the money.
    Void,
    /// Do not bring it.
    Recall,
}

/// A definite answer to a [`Call`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It was done.
    Done,
    /// It was refused, for this reason, and nothing was changed by it.
    Refused(String),
}

/// What was heard so far.
pub(crate) type Progress = BTreeMap<Call, Heard>;

/// What a worker does with an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Ask these; they may be asked at once.
    Ask(Vec<Call>),
    /// Take the order through these states, in one transaction.
    Become(Verdict),
    /// Nothing: people are at work, or the order has ended.
    Wait,
}

/// Where an order goes, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) states: Vec<State>,
    pub(crate) cause: Option<String>,
}

impl Call {
    const ALL: [Self; 8] = [
        Self::Reserve,
        Self::Authorize,
        Self::Deliver,
        Self::Ship,
        Self::Capture,
        Self::Release,
        Self::Void,
        Self::Recall,
    ];

    /// The word of tables and keys.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Authorize => "authorize",
            Self::Deliver => "deliver",
            Self::Ship => "ship",
            Self::Capture => "capture",
            Self::Release => "release",
            Self::Void => "void",
            Self::Recall => "recall",
        }
    }

    /// Reads the word of tables.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|call| call.name() == name)
    }
}

/// The calls that may be made once an order is in `state`; stored as asked in the transaction that
/// brings it there, before the first is made.
pub(crate) fn calls_of(state: State, order: &Order) -> &'static [Call] {
    match state {
        State::Reserving if order.totals.total_minor == 0 => &[Call::Reserve],
        State::Reserving => &[Call::Reserve, Call::Authorize],
        State::Confirmed if order.fulfilment == Fulfilment::Delivery => &[Call::Deliver],
        State::Capturing => &[Call::Ship, Call::Capture],
        State::Cancelling if order.confirmed && order.fulfilment == Fulfilment::Delivery => {
            &[Call::Release, Call::Void, Call::Recall]
        }
        State::Cancelling => &[Call::Release, Call::Void],
        _ => &[],
    }
}

/// What `order` needs next, given what was heard; `late` is whether its deadline has passed.
pub(crate) fn next(order: &Order, heard: &Progress, late: bool) -> Plan {
    match order.state {
        State::Received | State::ActionRequired if late => {
            to(&[State::Cancelling], Some("deadline"))
        }
        State::Received => to(&[State::Reserving], None),
        State::Reserving | State::Reserved | State::Authorizing | State::Authorized => {
            forward(order, heard, late)
        }
        State::Confirmed | State::Preparing | State::Ready => with_people(order, heard, late),
        State::Dispatched if late => to(&[State::Undelivered], Some("deadline")),
        State::Delivered => to(&[State::Capturing], None),
        State::Capturing => capture(heard),
        State::CaptureFailed => to(&[State::CompletedUnpaid], None),
        State::Cancelling => undo(order, heard),
        _ => Plan::Wait,
    }
}

/// From the hold to the confirmation. Reserve comes before authorize: who loses a sale keeps their card.
fn forward(order: &Order, heard: &Progress, late: bool) -> Plan {
    let path: &[State] = match (order.state, order.totals.total_minor) {
        (State::Reserving, 0) => &[State::Reserved, State::Authorized, State::Confirmed],
        (State::Reserving, _) => {
            &[State::Reserved, State::Authorizing, State::Authorized, State::Confirmed]
        }
        (State::Reserved, 1..) => &[State::Authorizing, State::Authorized, State::Confirmed],
        (State::Reserved | State::Authorizing, _) => &[State::Authorized, State::Confirmed],
        _ => &[State::Confirmed],
    };
    match (heard.get(&Call::Reserve), heard.get(&Call::Authorize)) {
        // A refusal to hold is final only where nothing was held before: `already-cancelled` means that
        // somebody undid a hold, so money may be held as well.
        (Some(Heard::Refused(why)), _) if why != "already-cancelled" => {
            to(&[State::Rejected], Some(why))
        }
        (Some(Heard::Refused(why)), _) => to(&[State::Cancelling], Some(why)),
        (_, Some(Heard::Refused(why))) => {
            let reached = path.iter().take_while(|state| **state != State::Authorized).copied();
            let states = reached.chain([State::Cancelling]).collect();
            Plan::Become(Verdict { states, cause: Some(why.clone()) })
        }
        _ if late => to(&[State::Cancelling], Some("deadline")),
        (None, _) => Plan::Ask(vec![Call::Reserve]),
        (Some(Heard::Done), None) if order.totals.total_minor > 0 => {
            Plan::Ask(vec![Call::Authorize])
        }
        (Some(Heard::Done), _) => to(path, None),
    }
}

/// While kitchen and courier are at work the machine only sees to it that a courier is asked for.
fn with_people(order: &Order, heard: &Progress, late: bool) -> Plan {
    let uncollected = order.state == State::Ready && order.fulfilment == Fulfilment::Pickup;
    if late && uncollected {
        to(&[State::Undelivered], Some("not-collected"))
    } else if late {
        to(&[State::Cancelling], Some("deadline"))
    } else if order.fulfilment == Fulfilment::Delivery && !heard.contains_key(&Call::Deliver) {
        Plan::Ask(vec![Call::Deliver])
    } else {
        Plan::Wait
    }
}

fn capture(heard: &Progress) -> Plan {
    match (heard.get(&Call::Ship), heard.get(&Call::Capture)) {
        (Some(_), Some(Heard::Done)) => to(&[State::Completed], None),
        (Some(_), Some(Heard::Refused(why))) => to(&[State::CaptureFailed], Some(why)),
        _ => Plan::Ask(open(&[Call::Ship, Call::Capture], heard)),
    }
}

/// Both holds are undone, whatever was reached: an undo of what was never done leaves a tombstone.
fn undo(order: &Order, heard: &Progress) -> Plan {
    let left = open(calls_of(State::Cancelling, order), heard);
    let by_customer = order.cause.as_deref().is_some_and(|cause| cause.starts_with("customer"));
    if !left.is_empty() {
        Plan::Ask(left)
    } else if order.confirmed || by_customer {
        to(&[State::Cancelled], None)
    } else {
        to(&[State::Rejected], None)
    }
}

fn open(calls: &[Call], heard: &Progress) -> Vec<Call> {
    calls.iter().filter(|call| !heard.contains_key(call)).copied().collect()
}

fn to(states: &[State], cause: Option<&str>) -> Plan {
    Plan::Become(Verdict { states: states.to_vec(), cause: cause.map(str::to_owned) })
}

/// Milliseconds until the next try after `attempts` that stayed without answer: 0.5 s doubled each
/// time, up to 5 s while a customer waits for the order to be confirmed, else up to 60 s and then every
/// 5 minutes. `roll` of 0 to 1 is the jitter, at least a tenth is waited.
/// Source: full jitter, AWS Builders' Library, "Timeouts, retries and backoff with jitter".
pub(crate) fn backoff_ms(state: State, attempts: u32, roll: f64) -> i64 {
    let hurried = matches!(state, State::Reserving | State::Authorizing);
    if attempts > 12 && !hurried {
        return 300_000;
    }
    let most = if hurried { 5_000 } else { 60_000 };
    let cap = 500_i64.saturating_mul(1_i64 << attempts.min(7)).min(most);
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "at most 60 000"
    )]
    let wait = (cap as f64 * roll.clamp(0.1, 1.0)) as i64;
    wait
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::order::tests::an_order;

    fn heard(list: &[(Call, Heard)]) -> Progress {
        list.iter().cloned().collect()
    }

    fn refused(why: &str) -> Heard {
        Heard::Refused(why.to_owned())
    }

    #[test]
    fn goods_are_held_before_money() {
        let order = an_order(State::Reserving);
        assert_eq!(next(&order, &Progress::new(), false), Plan::Ask(vec![Call::Reserve]));
        let held = heard(&[(Call::Reserve, Heard::Done)]);
        assert_eq!(next(&order, &held, false), Plan::Ask(vec![Call::Authorize]));
    }

    #[test]
    fn out_of_stock_is_rejected_at_once_and_a_decline_gives_the_goods_back_first() {
        let order = an_order(State::Reserving);
        let sold_out = heard(&[(Call::Reserve, refused("out-of-stock"))]);
        assert_eq!(next(&order, &sold_out, false), to(&[State::Rejected], Some("out-of-stock")));

        let declined =
            heard(&[(Call::Reserve, Heard::Done), (Call::Authorize, refused("payment-declined"))]);
        let path = [State::Reserved, State::Authorizing, State::Cancelling];
        assert_eq!(next(&order, &declined, false), to(&path, Some("payment-declined")));
    }

    #[test]
    fn a_hold_that_somebody_undid_means_that_money_may_be_held_too() {
        let order = an_order(State::Reserving);
        let undone = heard(&[(Call::Reserve, refused("already-cancelled"))]);
        assert_eq!(
            next(&order, &undone, false),
            to(&[State::Cancelling], Some("already-cancelled"))
        );
    }

    #[test]
    fn what_costs_nothing_asks_nobody_for_money() {
        let mut order = an_order(State::Reserving);
        order.totals.total_minor = 0;
        let held = heard(&[(Call::Reserve, Heard::Done)]);
        let path = [State::Reserved, State::Authorized, State::Confirmed];
        assert_eq!(next(&order, &held, false), to(&path, None));
    }

    #[test]
    fn an_undo_asks_for_both_whatever_was_reached() {
        let order = an_order(State::Cancelling);
        assert_eq!(
            next(&order, &Progress::new(), true),
            Plan::Ask(vec![Call::Release, Call::Void])
        );
        let done = heard(&[(Call::Release, Heard::Done), (Call::Void, Heard::Done)]);
        assert_eq!(next(&order, &done, true), to(&[State::Rejected], None));
        let confirmed = Order { confirmed: true, ..order };
        assert_eq!(next(&confirmed, &done, true), to(&[State::Cancelled], None));
    }

    #[test]
    fn waiting_grows_and_never_ends() {
        let undoing = |attempts, roll| backoff_ms(State::Cancelling, attempts, roll);
        assert_eq!(undoing(0, 1.0), 500);
        assert_eq!(undoing(3, 1.0), 4_000);
        assert_eq!(undoing(9, 1.0), 60_000);
        assert_eq!(undoing(9, 0.0), 6_000);
        assert_eq!(undoing(50, 0.5), 300_000);
        assert_eq!(backoff_ms(State::Reserving, 50, 1.0), 5_000);
    }

    /// Inventory and payment as the saga sees them: idempotent by key, with tombstones.
    #[derive(Debug, Default)]
    struct World {
        held: Option<bool>,
        authorized: Option<bool>,
        ever_authorized: bool,
    }

    impl World {
        fn ask(&mut self, call: Call, willing: bool) -> Heard {
            let hold = match call {
                Call::Reserve | Call::Release => &mut self.held,
                _ => &mut self.authorized,
            };
            match (call, *hold) {
                (Call::Release | Call::Void, _) => {
                    *hold = Some(false);
                    Heard::Done
                }
                (Call::Reserve | Call::Authorize, Some(false)) => refused("already-cancelled"),
                (Call::Reserve | Call::Authorize, None) if !willing => refused("out-of-stock"),
                (Call::Authorize, _) => {
                    *hold = Some(true);
                    self.ever_authorized = true;
                    Heard::Done
                }
                (Call::Reserve, _) => {
                    *hold = Some(true);
                    Heard::Done
                }
                _ => Heard::Done,
            }
        }
    }

    /// What can happen while a worker works.
    #[derive(Debug, Clone, Copy)]
    enum Luck {
        /// The answer arrives.
        Answer,
        /// The work is done and the answer is lost.
        LoseReply,
        /// The request never arrives.
        LoseRequest,
        /// The worker dies; the next one knows only what was stored.
        Crash,
        /// The customer cancels from outside.
        Cancel,
    }

    fn luck() -> impl Strategy<Value = Luck> {
        prop_oneof![
            4 => Just(Luck::Answer),
            1 => Just(Luck::LoseReply),
            1 => Just(Luck::LoseRequest),
            1 => Just(Luck::Crash),
            1 => Just(Luck::Cancel),
        ]
    }

    proptest! {
        /// I2, I7, I8, I10 on paper: whatever is lost, doubled or killed, the order takes legal steps only,
        /// comes to rest, and what was not confirmed holds neither goods nor money.
        #[test]
        fn every_order_settles_and_holds_only_what_it_must(
            events in proptest::collection::vec((luck(), any::<bool>()), 0..60),
        ) {
            let mut order = an_order(State::Reserving);
            let (mut world, mut known) = (World::default(), Progress::new());
            let calm = std::iter::repeat_n((Luck::Answer, true), 30);
            for (luck, willing) in events.into_iter().chain(calm) {
                match (luck, next(&order, &known, false)) {
                    (Luck::Crash, _) => known.clear(),
                    (Luck::Cancel, _) if order.may_cancel(crate::domain::Actor::Customer).is_ok() => {
                        order.state = State::Cancelling;
                        order.cause = Some("customer_changed_mind".to_owned());
                        known.clear();
                    }
                    (_, Plan::Ask(calls)) => for call in calls {
                        if matches!(luck, Luck::LoseRequest) { continue; }
                        let answer = world.ask(call, willing);
                        if !matches!(luck, Luck::LoseReply) { known.insert(call, answer); }
                    },
                    (_, Plan::Become(verdict)) => {
                        prop_assert_eq!(order.may_take(&verdict.states), Ok(()));
                        order.state = *verdict.states.last().unwrap();
                        order.confirmed |= verdict.states.contains(&State::Confirmed);
                        order.cause = verdict.cause.or(order.cause);
                        known.clear();
                    }
                    (_, Plan::Wait) => {}
                }
            }
            let settled = order.state.ended() || order.state == State::Confirmed;
            prop_assert!(settled, "{:?}", order.state);
            if order.state == State::Confirmed {
                prop_assert_eq!((world.held, world.authorized), (Some(true), Some(true)));
            } else {
                prop_assert_ne!(world.held, Some(true));
                prop_assert_ne!(world.authorized, Some(true));
            }
        }
    }
}
