//! The orders database on paper: rows with leases and versions, answers, a history. It survives every crash.

use std::time::Duration;

use common::types::Timestamp;
use jiff::SignedDuration;

use super::ORDERS;
use crate::domain::{
    Call, Fulfilment, Heard, Order, Plan, Progress, State, Verdict, calls_of, next,
    saga_world::World, tests::an_order,
};

const LEASE: Duration = Duration::from_secs(15);

pub(super) struct Database {
    rows: Vec<Row>,
}

struct Row {
    order: Order,
    answers: Vec<(Call, i32, Heard)>,
    asked: Vec<(Call, i32)>,
    lease_until: Option<Duration>,
    next_attempt: Duration,
    history: Vec<(Duration, State)>,
    /// What inventory, payment and fleet hold for the order: their disks.
    world: World,
}

/// An order that a worker has leased, and whether its deadline has passed.
pub(super) struct Claimed {
    pub(super) order: Order,
    pub(super) heard: Progress,
    pub(super) late: bool,
}

/// The time of the simulation, as hosts cannot disagree about it: the database's clock.
pub(super) fn now() -> Duration {
    turmoil::sim_elapsed().unwrap_or_default()
}

pub(super) fn timestamp() -> Timestamp {
    let elapsed = SignedDuration::try_from(now()).unwrap_or_default();
    Timestamp::UNIX_EPOCH.checked_add(elapsed).unwrap_or_default()
}

impl Database {
    /// Every second order is to be brought; one is so old that its deadline passes in the middle of it all.
    pub(super) fn with_orders(count: usize) -> Self {
        Self { rows: (0..count).map(Row::new).collect() }
    }

    pub(super) fn world(&mut self, which: usize) -> &mut World {
        &mut self.rows[which].world
    }

    pub(super) fn order(&self, which: usize) -> &Order {
        &self.rows[which].order
    }

    /// Leases an order that is due.
    pub(super) fn claim(&mut self) -> Option<Claimed> {
        let now = now();
        let row = self.rows.iter_mut().find(|row| row.is_due(now))?;
        row.order.lease_epoch += 1;
        row.lease_until = Some(now + LEASE);
        let (order, heard) = (row.order.clone(), row.heard());
        let late = order.deadline_at < timestamp();
        Some(Claimed { order, heard, late })
    }

    /// A worker's write. `None`: lease or version are others by now.
    pub(super) fn settle(
        &mut self,
        order: &Order,
        verdict: &Verdict,
        heard: &Progress,
    ) -> Option<Order> {
        let row = self.held(order)?;
        row.keep(order, heard);
        row.step(verdict);
        if row.order.rests() {
            row.lease_until = None;
        }
        Some(row.order.clone())
    }

    /// A worker gives an order back.
    pub(super) fn give_back(&mut self, order: &Order, heard: &Progress, wait: Option<Duration>) {
        let Some(row) = self.held(order) else { return };
        row.keep(order, heard);
        row.lease_until = None;
        row.order.attempts += i32::from(wait.is_some());
        row.next_attempt = wait.map_or_else(|| row.deadline(), |wait| now() + wait);
    }

    /// Somebody outside takes an order through `states`, away from any worker.
    pub(super) fn take_over(&mut self, which: usize, verdict: &Verdict) {
        let row = &mut self.rows[which];
        row.order.lease_epoch += 1;
        row.lease_until = None;
        row.step(verdict);
    }

    /// Whether a call was stored before it is made.
    pub(super) fn was_asked(&self, which: usize, call: Call, generation: i32) -> bool {
        self.rows[which].asked.contains(&(call, generation))
    }

    fn held(&mut self, order: &Order) -> Option<&mut Row> {
        let row = self.rows.iter_mut().find(|row| row.order.number == order.number)?;
        let held = (row.order.lease_epoch, row.order.version);
        (held == (order.lease_epoch, order.version)).then_some(row)
    }

    pub(super) fn history(&self) -> Vec<String> {
        let steps = self.rows.iter().flat_map(|row| {
            let number = row.order.number;
            row.history.iter().map(move |(at, state)| format!("{number} {at:?} {}", state.name()))
        });
        steps.collect()
    }

    /// Whether every order has ended, or waits for people.
    pub(super) fn is_settled(&self) -> bool {
        self.rows.iter().all(Row::is_settled)
    }

    /// I2, I7 and I10, once everything has been whole for a while; I8 is checked at every step.
    pub(super) fn judge(&self, seed: u64) {
        for row in &self.rows {
            let Row { order, world, history, .. } = row;
            let about = format!("seed {seed}, order {}: {history:?}", order.number);
            assert!(world.authorizations() <= 1, "I2: two authorizations, {about}");
            assert!(world.captures() <= 1, "I2: charged twice, {about}");
            assert!(row.is_settled(), "I7: it hangs, {about}");
            match order.state {
                State::Cancelled | State::Rejected => {
                    assert!(!world.holds_goods() && !world.holds_money(), "I10, {about}");
                }
                State::Completed => assert_eq!(world.captures(), 1, "{about}"),
                State::CompletedUnpaid => assert_eq!(world.captures(), 0, "{about}"),
                _ => assert!(world.holds_goods() && world.holds_money(), "{about}"),
            }
        }
    }
}

impl Row {
    fn new(which: usize) -> Self {
        let fulfilment =
            if which.is_multiple_of(2) { Fulfilment::Pickup } else { Fulfilment::Delivery };
        let age = if which == ORDERS - 1 { 14 * 60 + 40 } else { 0 };
        let created_at = Timestamp::from_second(-age).unwrap_or_default();
        let number = i64::try_from(which).unwrap_or_default();
        let mut order =
            Order { fulfilment, number, created_at, lease_epoch: 0, ..an_order(State::Received) };
        order.deadline_at = order.deadlines(created_at).act_at;
        Self {
            order,
            answers: Vec::new(),
            asked: Vec::new(),
            lease_until: None,
            // They come one after the other.
            next_attempt: Duration::from_secs(5 * which as u64),
            history: vec![(Duration::ZERO, State::Received)],
            world: World::default(),
        }
    }

    /// The answers that count now.
    fn heard(&self) -> Progress {
        let count = |one: &&(Call, i32, Heard)| one.1 == one.0.generation(&self.order);
        let answers = self.answers.iter().filter(count);
        answers.map(|(call, _, answer)| (*call, answer.clone())).collect()
    }

    /// Whether the order has ended, or waits for people.
    fn is_settled(&self) -> bool {
        self.order.state.ended() || next(&self.order, &self.heard(), false) == Plan::Wait
    }

    fn is_due(&self, now: Duration) -> bool {
        let leased = self.lease_until.is_some_and(|until| until >= now);
        !self.order.state.ended() && !leased && self.next_attempt <= now
    }

    fn deadline(&self) -> Duration {
        let left = self.order.deadline_at.duration_since(timestamp());
        now() + Duration::try_from(left).unwrap_or_default().max(Duration::from_mins(1))
    }

    fn keep(&mut self, order: &Order, heard: &Progress) {
        for (call, answer) in heard {
            let generation = call.generation(order);
            let known = |one: &(Call, i32, Heard)| (one.0, one.1) == (*call, generation);
            if !self.answers.iter().any(known) {
                self.answers.push((*call, generation, answer.clone()));
            }
        }
    }

    fn step(&mut self, verdict: &Verdict) {
        assert_eq!(self.order.may_take(&verdict.states), Ok(()), "I8");
        self.order.take(verdict);
        self.order.deadline_at = self.order.deadlines(timestamp()).act_at;
        self.history.extend(verdict.states.iter().map(|state| (now(), *state)));
        let order = &self.order;
        self.asked.extend(calls_of(order).iter().map(|call| (*call, call.generation(order))));
        self.next_attempt = if order.rests() { self.deadline() } else { now() };
    }
}
