//! What an order needs next. A pure function of what is known; workers do what it says.
//!
//! A call's outcome is done, refused or unknown. What is unknown is asked again with the same key and
//! never counts as refused; so nothing here can tell "it failed" from silence.

use std::collections::BTreeMap;

use super::{Fulfilment, GENERATIONS, Order, State};

#[cfg(test)]
mod model;
#[cfg(test)]
pub(crate) mod world;

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

    /// Number of the try in which `order` makes this call: only what charges is ever tried anew.
    pub(crate) const fn generation(self, order: &Order) -> i32 {
        match self {
            Self::Authorize | Self::Capture => order.generation,
            _ => 1,
        }
    }

    /// Whether this gives back what was held.
    pub(crate) const fn undoes(self) -> bool {
        matches!(self, Self::Release | Self::Void | Self::Recall)
    }

    /// Whether a refusal is an answer of daily life, after which the machine knows what to do.
    pub(crate) const fn may_be_refused(self) -> bool {
        matches!(self, Self::Reserve | Self::Authorize | Self::Capture)
    }
}

/// The calls that may be made once an order is in `state`, whatever its kind.
pub(crate) const fn calls_in(state: State) -> &'static [Call] {
    match state {
        State::Reserving => &[Call::Reserve, Call::Authorize],
        State::Confirmed => &[Call::Deliver],
        State::Capturing => &[Call::Ship, Call::Capture],
        State::CaptureFailed => &[Call::Authorize],
        State::Cancelling => &[Call::Release, Call::Void, Call::Recall],
        _ => &[],
    }
}

/// Those of them that this order may need; stored as asked in the transaction that brings it to its state,
/// before the first is made.
pub(crate) fn calls_of(order: &Order) -> Vec<Call> {
    let brought = order.fulfilment == Fulfilment::Delivery;
    let needed = |call: &Call| match call {
        Call::Authorize => order.totals.total_minor > 0 && order.generation <= GENERATIONS,
        Call::Deliver => brought,
        Call::Recall => brought && order.confirmed,
        _ => true,
    };
    calls_in(order.state).iter().copied().filter(needed).collect()
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
        State::Revising if late => to(&[State::Confirmed], Some("revision-timed-out")),
        State::Dispatched if late => to(&[State::Undelivered], Some("deadline")),
        State::Delivered => to(&[State::Capturing], None),
        State::Capturing => capture(heard),
        State::CaptureFailed => charge_again(order, heard, late),
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
        // A refusal to hold is final only where nothing was held before, nor can be after: `already-cancelled`
        // means that somebody undid a hold, so money may be held as well; and an earlier request of which
        // nothing was heard may yet arrive, so the undo leaves a tombstone for it.
        (Some(Heard::Refused(why)), _) if why != "already-cancelled" && order.asked_once() => {
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
    } else if late && order.state == State::Confirmed {
        to(&[State::Cancelling], Some("store-silent"))
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

/// A capture that was refused for good is tried once more, with a new authorization. What that leaves open
/// is a debt: nothing that is already eaten is undone.
fn charge_again(order: &Order, heard: &Progress, late: bool) -> Plan {
    match heard.get(&Call::Authorize) {
        _ if order.generation > GENERATIONS => to(&[State::CompletedUnpaid], None),
        Some(Heard::Done) => to(&[State::Capturing], None),
        // Payment knows better: the money was taken after all, or a new try is under way by itself. It is
        // asked to take it once more, and its answer then is the last.
        Some(Heard::Refused(why)) if why == "generation-not-allowed" => {
            to(&[State::Capturing], None)
        }
        Some(Heard::Refused(why)) => to(&[State::CompletedUnpaid], Some(why)),
        None if late => to(&[State::CompletedUnpaid], Some("deadline")),
        None => Plan::Ask(vec![Call::Authorize]),
    }
}

/// Both holds are undone, whatever was reached: an undo of what was never done leaves a tombstone.
fn undo(order: &Order, heard: &Progress) -> Plan {
    let left = open(&calls_of(order), heard);
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
        let in_doubt =
            [Order { attempts: 1, ..order.clone() }, Order { lease_epoch: 2, ..order.clone() }];
        for order in in_doubt {
            let undo = to(&[State::Cancelling], Some("out-of-stock"));
            assert_eq!(next(&order, &sold_out, false), undo, "a late request may yet hold them");
        }

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
    fn a_refused_capture_is_tried_once_more_and_then_is_a_debt() {
        let failed = Order { generation: 2, ..an_order(State::CaptureFailed) };
        assert_eq!(next(&failed, &Progress::new(), false), Plan::Ask(vec![Call::Authorize]));
        let held = heard(&[(Call::Authorize, Heard::Done)]);
        assert_eq!(next(&failed, &held, false), to(&[State::Capturing], None));
        let declined = heard(&[(Call::Authorize, refused("payment-declined"))]);
        let unpaid = to(&[State::CompletedUnpaid], Some("payment-declined"));
        assert_eq!(next(&failed, &declined, false), unpaid);
        let needless = heard(&[(Call::Authorize, refused("generation-not-allowed"))]);
        assert_eq!(next(&failed, &needless, false), to(&[State::Capturing], None));
        let silent = to(&[State::CompletedUnpaid], Some("deadline"));
        assert_eq!(next(&failed, &Progress::new(), true), silent);
        let twice = Order { generation: 3, ..failed };
        assert_eq!(next(&twice, &Progress::new(), false), to(&[State::CompletedUnpaid], None));
    }

    /// RELIABILITY 7.1: what happens where the deadline of a state has passed and nothing was heard.
    #[test]
    fn a_deadline_leads_where_the_table_says() {
        use State::{
            ActionRequired, Authorized, Authorizing, Cancelling, CaptureFailed, CompletedUnpaid,
            Confirmed, Dispatched, Preparing, Ready, Received, Reserved, Reserving, Revising,
            Undelivered,
        };
        let brought = |state| Order { fulfilment: Fulfilment::Delivery, ..an_order(state) };
        let table = [
            (an_order(Received), Cancelling, "deadline"),
            (an_order(Reserving), Cancelling, "deadline"),
            (an_order(Reserved), Cancelling, "deadline"),
            (an_order(Authorizing), Cancelling, "deadline"),
            (an_order(ActionRequired), Cancelling, "deadline"),
            (an_order(Authorized), Cancelling, "deadline"),
            (an_order(Confirmed), Cancelling, "store-silent"),
            (an_order(Revising), Confirmed, "revision-timed-out"),
            (an_order(Preparing), Cancelling, "deadline"),
            (an_order(Ready), Undelivered, "not-collected"),
            (brought(Ready), Cancelling, "deadline"),
            (brought(Dispatched), Undelivered, "deadline"),
            (Order { generation: 2, ..an_order(CaptureFailed) }, CompletedUnpaid, "deadline"),
        ];
        for (order, state, cause) in table {
            assert_eq!(order.may_take(&[state]), Ok(()));
            let plan = next(&order, &Progress::new(), true);
            assert_eq!(plan, to(&[state], Some(cause)), "{:?}", order.state);
        }
        assert_eq!(next(&brought(Undelivered), &Progress::new(), true), Plan::Wait);
        for never_given_up in [State::Capturing, Cancelling] {
            let plan = next(&an_order(never_given_up), &Progress::new(), true);
            assert!(matches!(plan, Plan::Ask(_)), "{never_given_up:?}");
        }
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
}
