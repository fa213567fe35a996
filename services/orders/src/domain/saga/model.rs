//! I2, I7, I8 and I10 on paper: whatever is lost, doubled, reordered or killed, an order takes legal steps
//! only, comes to rest, is charged once, and holds only what it must.

use proptest::prelude::*;

use super::{Call, Heard, Plan, Progress, Verdict, calls_of, next, world::World};
use crate::domain::{Actor, Decision, Fulfilment, Order, SKIPPED, State, order::tests::an_order};

/// What can happen next.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// A worker does what is next; the answers arrive.
    Work(usize),
    /// A worker asks, it is done, and the answer is lost.
    LoseReply(usize),
    /// A worker asks, and the request stays in the network for a while.
    LoseRequest(usize),
    /// A worker hears, and stores, and wakes up much later than it thinks.
    Claim(usize),
    /// A request of long ago arrives after all, for the first time or again.
    Arrive(usize),
    /// The deadline of the state passes.
    Late(usize),
    /// Somebody outside takes a step.
    Outside(Outside),
}

#[derive(Debug, Clone, Copy)]
enum Outside {
    CustomerCancels,
    KitchenPrepares,
    KitchenFinishes,
    CourierTakesIt,
    CustomerHasIt,
    CourierFails,
    SupportSays(Decision),
    OpsRetry,
    OpsCompensate,
    OpsSkip,
}

/// What is stored: the order's row and the answers to its steps.
#[derive(Debug, Clone)]
struct Stored {
    order: Order,
    asked: Vec<(Call, i32)>,
    answers: Vec<(Call, i32, Heard)>,
    /// Answers that nobody waits for any more: what they left is for a person.
    skipped: Vec<Call>,
}

impl Stored {
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
}

/// What a worker knows; it was true when the worker took the order.
#[derive(Debug, Clone)]
struct Worker {
    order: Order,
    heard: Progress,
    late: bool,
}

#[derive(Debug)]
struct Model {
    stored: Stored,
    workers: [Option<Worker>; 2],
    world: World,
    /// Requests of which nothing was heard: they may arrive, or arrive again. Of those that were answered the
    /// transport keeps no copy.
    network: Vec<(Call, i32)>,
}

impl Model {
    fn new(fulfilment: Fulfilment) -> Self {
        let order = Order { fulfilment, lease_epoch: 0, ..an_order(State::Received) };
        let stored = Stored { order, asked: Vec::new(), answers: Vec::new(), skipped: Vec::new() };
        Self { stored, workers: [None, None], world: World::default(), network: Vec::new() }
    }

    /// A lease runs out and another worker takes the order; the one before does not know.
    fn claim(&mut self, who: usize, late: bool) {
        if self.stored.order.state.ended() {
            return;
        }
        self.stored.order.lease_epoch += 1;
        let (order, heard) = (self.stored.order.clone(), self.stored.heard());
        self.workers[who] = Some(Worker { order, heard, late });
    }

    fn work(&mut self, who: usize, luck: Event, willing: bool) -> Result<(), TestCaseError> {
        let Some(mut worker) = self.workers[who].take() else { return Ok(()) };
        match next(&worker.order, &worker.heard, worker.late) {
            Plan::Ask(calls) => {
                for call in calls {
                    let generation = call.generation(&worker.order);
                    let stored = self.stored.asked.contains(&(call, generation));
                    prop_assert!(stored, "{call:?} is asked before that is stored");
                    let arrives = !matches!(luck, Event::LoseRequest(_));
                    let answer = arrives.then(|| self.world.ask(call, generation, willing));
                    match answer.filter(|_| !matches!(luck, Event::LoseReply(_))) {
                        Some(answer) => {
                            worker.heard.insert(call, answer);
                        }
                        None => self.network.push((call, generation)),
                    }
                }
                if matches!(luck, Event::Work(_)) {
                    self.workers[who] = Some(worker);
                } else if self.is_current(&worker) {
                    self.keep(&worker);
                    self.stored.order.attempts += 1;
                }
            }
            Plan::Become(verdict) => {
                if self.commit(&worker, &verdict)? {
                    worker.order = self.stored.order.clone();
                    (worker.heard, worker.late) = (Progress::new(), false);
                    self.workers[who] = Some(worker);
                }
            }
            Plan::Wait => self.keep(&worker),
        }
        Ok(())
    }

    fn is_current(&self, worker: &Worker) -> bool {
        let stored = &self.stored.order;
        (stored.lease_epoch, stored.version) == (worker.order.lease_epoch, worker.order.version)
    }

    /// A worker's write: lost where the lease or the version is another by now.
    fn commit(&mut self, worker: &Worker, verdict: &Verdict) -> Result<bool, TestCaseError> {
        if !self.is_current(worker) {
            return Ok(false);
        }
        self.keep(worker);
        self.step(verdict)?;
        Ok(true)
    }

    fn keep(&mut self, worker: &Worker) {
        if !self.is_current(worker) {
            return;
        }
        for (call, answer) in &worker.heard {
            let generation = call.generation(&worker.order);
            let known = |one: &(Call, i32, Heard)| (one.0, one.1) == (*call, generation);
            if !self.stored.answers.iter().any(known) {
                self.stored.answers.push((*call, generation, answer.clone()));
            }
        }
    }

    fn step(&mut self, verdict: &Verdict) -> Result<(), TestCaseError> {
        let order = &mut self.stored.order;
        prop_assert_eq!(order.may_take(&verdict.states), Ok(()), "I8");
        order.take(verdict);
        let asked = calls_of(order).into_iter().map(|call| (call, call.generation(order)));
        self.stored.asked.extend(asked);
        Ok(())
    }

    fn outside(&mut self, what: Outside) -> Result<(), TestCaseError> {
        let order = &self.stored.order;
        let states = match what {
            Outside::CustomerCancels if order.may_cancel(Actor::Customer).is_err() => Vec::new(),
            Outside::CustomerCancels => vec![State::Cancelling],
            Outside::KitchenPrepares => vec![State::Preparing],
            Outside::KitchenFinishes => vec![State::Ready],
            Outside::CourierTakesIt if order.fulfilment == Fulfilment::Pickup => Vec::new(),
            Outside::CourierTakesIt => vec![State::Dispatched],
            Outside::CustomerHasIt => vec![State::Delivered, State::Capturing],
            Outside::CourierFails => vec![State::Undelivered],
            Outside::SupportSays(decision) => {
                order.decided(decision).map(|way| way.states).unwrap_or_default()
            }
            Outside::OpsCompensate => order.compensated().map(|way| way.states).unwrap_or_default(),
            Outside::OpsRetry => {
                self.retry();
                return Ok(());
            }
            Outside::OpsSkip => return self.skip(),
        };
        if states.is_empty() || order.may_take(&states).is_err() {
            return Ok(());
        }
        let cause =
            matches!(what, Outside::CustomerCancels).then(|| "customer_changed_mind".to_owned());
        self.stored.order.lease_epoch += 1;
        self.step(&Verdict { states, cause })
    }

    fn retry(&mut self) {
        let heard = self.stored.heard();
        if self.stored.order.may_retry(&heard, false).is_ok() {
            self.stored.order.lease_epoch += 1;
            self.stored.order.attempts = 0;
        }
    }

    fn skip(&mut self) -> Result<(), TestCaseError> {
        let (order, heard) = (&self.stored.order, self.stored.heard());
        let waiting = order.waits_for(&heard, false);
        let Some(call) = waiting.into_iter().find(|call| call.may_be_skipped()) else {
            return Ok(());
        };
        prop_assert_eq!(order.skipped(&heard, false, Some(call)), Ok(call));
        let generation = call.generation(order);
        prop_assert!(self.stored.asked.contains(&(call, generation)), "{call:?} has no row");
        self.stored.answers.push((call, generation, Heard::Refused(SKIPPED.to_owned())));
        self.stored.skipped.push(call);
        self.stored.order.lease_epoch += 1;
        self.stored.order.attempts = 0;
        Ok(())
    }

    fn happens(&mut self, event: Event, willing: bool) -> Result<(), TestCaseError> {
        match event {
            Event::Work(who) | Event::LoseReply(who) | Event::LoseRequest(who) => {
                self.work(who, event, willing)?;
            }
            Event::Claim(who) => self.claim(who, false),
            Event::Late(who) => self.claim(who, true),
            Event::Arrive(which) => {
                if let Some((call, generation)) = self.network.get(which).copied() {
                    let _nobody_waits_for_it = self.world.ask(call, generation, willing);
                }
            }
            Event::Outside(what) => self.outside(what)?,
        }
        prop_assert!(self.world.authorizations() <= 1, "I2: two authorizations");
        prop_assert!(self.world.captures() <= 1, "I2: charged twice");
        Ok(())
    }

    /// Everything works again: the order settles, or rests where people go on with it.
    fn heal(&mut self) -> Result<(), TestCaseError> {
        for _ in 0..12 {
            self.claim(0, false);
            for _ in 0..4 {
                self.happens(Event::Work(0), true)?;
            }
        }
        prop_assert!(self.stored.is_settled(), "I7: {:?}", self.stored.order.state);
        // Requests that are still on their way find everything decided.
        for (call, generation) in std::mem::take(&mut self.network) {
            let _nobody_waits_for_it = self.world.ask(call, generation, true);
        }
        self.holds_what_it_must()
    }

    fn holds_what_it_must(&self) -> Result<(), TestCaseError> {
        let (order, world) = (&self.stored.order, &self.world);
        let skipped = |call| self.stored.skipped.contains(&call);
        match order.state {
            State::Cancelled | State::Rejected => {
                prop_assert!(!world.holds_goods() || skipped(Call::Release), "I10: goods are held");
                prop_assert!(!world.holds_money() || skipped(Call::Void), "I10: money is held");
            }
            State::Completed => {
                prop_assert_eq!((world.captures(), world.holds_goods()), (1, true));
            }
            State::CompletedUnpaid => prop_assert_eq!(world.captures(), 0),
            _ => prop_assert!(world.holds_goods() && world.holds_money(), "{:?}", order.state),
        }
        Ok(())
    }
}

fn event() -> impl Strategy<Value = Event> {
    let who = || 0..2_usize;
    prop_oneof![
        10 => who().prop_map(Event::Work),
        2 => who().prop_map(Event::LoseReply),
        2 => who().prop_map(Event::LoseRequest),
        4 => who().prop_map(Event::Claim),
        2 => (0..8_usize).prop_map(Event::Arrive),
        1 => who().prop_map(Event::Late),
        3 => outside().prop_map(Event::Outside),
    ]
}

fn outside() -> impl Strategy<Value = Outside> {
    let decisions = [Decision::SecondTry, Decision::CustomerAbsent, Decision::NotTheirFault];
    prop_oneof![
        1 => Just(Outside::CustomerCancels),
        2 => Just(Outside::KitchenPrepares),
        3 => Just(Outside::KitchenFinishes),
        2 => Just(Outside::CourierTakesIt),
        3 => Just(Outside::CustomerHasIt),
        1 => Just(Outside::CourierFails),
        2 => proptest::sample::select(decisions.to_vec()).prop_map(Outside::SupportSays),
        2 => Just(Outside::OpsRetry),
        1 => Just(Outside::OpsCompensate),
        1 => Just(Outside::OpsSkip),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_order_settles_and_holds_only_what_it_must(
        brought in any::<bool>(),
        events in proptest::collection::vec((event(), proptest::bool::weighted(0.8)), 0..120),
    ) {
        let fulfilment = if brought { Fulfilment::Delivery } else { Fulfilment::Pickup };
        let mut model = Model::new(fulfilment);
        model.claim(0, false);
        for (event, willing) in events {
            model.happens(event, willing)?;
        }
        model.heal()?;
    }
}
