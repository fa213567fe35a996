//! A provider on paper, whose answers are lost, doubled and overtaken.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{super::*, begun_with, terms};

/// What a provider knows of an authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// So much is held, after so much was taken.
    Held(i64, i64),
    /// So much was taken, and nothing is held any more.
    Taken(i64),
    Gone,
    /// So much had been taken.
    Expired(i64),
    Refused,
    Forbidden,
}

/// Executes each key once, whatever is asked how often.
#[derive(Debug, Default)]
struct World {
    holds: BTreeMap<i32, Hold>,
    done: BTreeMap<String, Told>,
    /// All that could be told by webhook.
    told: Vec<Told>,
    declines: Vec<bool>,
    refuses: Vec<bool>,
    /// Which authorization a capture is of.
    in_force: i32,
}

const fn reference(generation: i32) -> Uuid {
    Uuid::from_u128(100 + generation.unsigned_abs() as u128)
}

impl World {
    fn run(&mut self, payment: &Payment) -> Option<Told> {
        let errand = payment.errand()?;
        let plain = payment.heard(Fact::Captured)?;
        self.in_force = payment.generation();
        let key = match &errand {
            Errand::Plain(fact) => return Some(Told { fact: *fact, ..plain }),
            Errand::Authorize { key, .. }
            | Errand::Capture { key, .. }
            | Errand::Void { key, .. } => key.clone(),
        };
        if let Some(known) = self.done.get(&key) {
            return Some(*known);
        }
        let fact = match errand {
            Errand::Authorize { terms, .. } => self.authorize(plain.number, terms.amount_minor),
            Errand::Capture { taking, .. } => self.capture(taking),
            _ => self.void(plain.number),
        };
        let told = Told { fact, ..plain };
        // A refused capture may be asked for as often as one likes, but each key has one answer.
        self.done.insert(key, told);
        self.told.push(told);
        Some(told)
    }

    fn authorize(&mut self, generation: i32, amount_minor: i64) -> Fact {
        if self.holds.get(&generation) == Some(&Hold::Forbidden) {
            return Fact::Forbidden;
        }
        if self.declines.pop().unwrap_or_default() {
            self.holds.insert(generation, Hold::Refused);
            return Fact::Declined { class: DeclineClass::OtherMethod };
        }
        self.holds.insert(generation, Hold::Held(amount_minor, 0));
        Fact::Authorized { reference: reference(generation) }
    }

    fn capture(&mut self, taking: Taking) -> Fact {
        let Taking { amount_minor, more, .. } = taking;
        match self.holds.get(&self.in_force).copied() {
            Some(Hold::Expired(_)) => Fact::Expired,
            Some(Hold::Held(left, taken)) if !self.refuses.pop().unwrap_or_default() => {
                assert!(amount_minor <= left, "more was asked for than is held");
                let (left, taken) = (left - amount_minor, taken + amount_minor);
                let hold = if more { Hold::Held(left, taken) } else { Hold::Taken(taken) };
                self.holds.insert(self.in_force, hold);
                Fact::Captured
            }
            _ => Fact::CaptureRefused,
        }
    }

    fn void(&mut self, generation: i32) -> Fact {
        match self.holds.get(&generation) {
            None | Some(Hold::Forbidden) => {
                self.holds.insert(generation, Hold::Forbidden);
                Fact::Forbidden
            }
            Some(Hold::Held(_, 0) | Hold::Gone) => {
                self.holds.insert(generation, Hold::Gone);
                Fact::Released { reference: reference(generation) }
            }
            Some(&Hold::Held(_, captured_minor)) => {
                self.holds.insert(generation, Hold::Taken(captured_minor));
                Fact::RestReleased { reference: reference(generation), captured_minor }
            }
            Some(Hold::Expired(_)) => Fact::Expired,
            Some(Hold::Refused) => Fact::NothingHeld,
            Some(&Hold::Taken(captured_minor)) => {
                Fact::AlreadyTaken { reference: reference(generation), captured_minor }
            }
        }
    }

    /// Time passes over whatever is held.
    fn expire(&mut self) {
        for (generation, hold) in &mut self.holds {
            if let Hold::Held(_, taken) = *hold {
                *hold = Hold::Expired(taken);
                let (step, number) = (Step::Authorize, *generation);
                self.told.push(Told { step, number, amount_minor: None, fact: Fact::Expired });
            }
        }
    }

    fn zombie(&mut self, generation: i32) {
        if self.holds.insert(generation, Hold::Held(77, 0)).is_none() {
            let fact = Fact::Authorized { reference: reference(generation) };
            let (step, amount_minor) = (Step::Authorize, Some(77));
            self.told.push(Told { step, number: generation, amount_minor, fact });
        }
    }

    fn held_minor(&self) -> i64 {
        let held = |hold: &Hold| if let Hold::Held(minor, _) = hold { *minor } else { 0 };
        self.holds.values().map(held).sum()
    }

    /// What was taken of each authorization of which anything was.
    fn taken(&self) -> Vec<i64> {
        let taken = |hold: &Hold| match hold {
            Hold::Held(_, taken) | Hold::Taken(taken) | Hold::Expired(taken) => *taken,
            _ => 0,
        };
        self.holds.values().map(taken).filter(|taken| *taken > 0).collect()
    }
}

/// A payment with its books.
struct Books {
    payment: Payment,
    balances: BTreeMap<String, i64>,
    written: Vec<String>,
    asked: Vec<String>,
}

impl Books {
    fn hear(&mut self, told: &Told) -> Result<(), TestCaseError> {
        let before = self.payment.clone();
        match self.payment.apply(told, "sandbox") {
            Applied::Changed(changed) => self.absorb(&before, changed)?,
            Applied::Stale | Applied::Contradiction => {
                prop_assert_eq!(&self.payment, &before, "what changes nothing leaves everything");
                return Ok(());
            }
        }
        loop {
            let before = self.payment.clone();
            match self.payment.go_on() {
                Some(changed) => self.absorb(&before, changed)?,
                None => return Ok(()),
            }
        }
    }

    fn act(
        &mut self,
        act: impl FnOnce(&mut Payment) -> Option<Changed>,
    ) -> Result<(), TestCaseError> {
        let before = self.payment.clone();
        if let Some(changed) = act(&mut self.payment) {
            return self.absorb(&before, changed);
        }
        prop_assert_eq!(&self.payment, &before, "what is refused changes nothing");
        Ok(())
    }

    fn absorb(&mut self, before: &Payment, changed: Changed) -> Result<(), TestCaseError> {
        let payment = &self.payment;
        if payment.standing.version == before.standing.version {
            prop_assert_eq!(payment.state(), before.state());
        } else {
            prop_assert_eq!(payment.standing.version, before.standing.version + 1);
            let next = before.state().next();
            prop_assert!(next.contains(&payment.state()), "{before:?} {payment:?}");
        }
        for posting in changed.postings {
            prop_assert_eq!(posting.lines.iter().map(|line| line.amount_minor).sum::<i64>(), 0);
            prop_assert!(!self.written.contains(&posting.what), "an act is written once");
            self.written.push(posting.what);
            for line in posting.lines {
                *self.balances.entry(line.account).or_default() += line.amount_minor;
            }
        }
        for call in changed.asked {
            let key = call.step.key(payment.order(), call.generation);
            prop_assert!(!self.asked.contains(&key), "a call is stored once");
            self.asked.push(key);
        }
        let now = payment.standing();
        prop_assert!(now.captured_minor <= now.authorized_minor);
        if payment.method() == CaptureMethod::Multiple && !now.parts.is_empty() {
            prop_assert_eq!(now.parts.iter().sum::<i64>(), now.captured_minor);
        }
        if payment.state() == State::Capturing {
            prop_assert!(now.captured_minor + now.capturing_minor <= now.authorized_minor);
        }
        prop_assert!((0..=now.authorized_minor).contains(&now.capturing_minor));
        prop_assert_eq!(self.balance("receivable:provider:sandbox"), now.captured_minor);
        let booked = now.surplus.filter(|surplus| surplus.booked).map_or(0, |s| s.amount_minor);
        let holds = matches!(
            payment.state(),
            State::Authorized | State::Capturing | State::PartlyCaptured | State::Voiding
        );
        let held = booked + if holds { now.left_minor() } else { 0 };
        prop_assert_eq!(self.balance("hold:provider:sandbox"), held, "{:?}", payment);
        Ok(())
    }

    fn balance(&self, account: &str) -> i64 {
        self.balances.get(account).copied().unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy)]
enum Act {
    /// The worker asks; the answer may be lost.
    Ask {
        lost: bool,
    },
    /// A webhook comes, for the first time or again.
    Tell(prop::sample::Index),
    Capture {
        minor: i64,
        last: bool,
        again: bool,
    },
    Void,
    Again(i64),
    Expire,
    /// Somebody else holds money for an order that has ended.
    Zombie,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => prop::bool::ANY.prop_map(|lost| Act::Ask { lost }),
        4 => any::<prop::sample::Index>().prop_map(Act::Tell),
        3 => (0_i64..1200, prop::bool::ANY, prop::bool::weighted(0.2))
            .prop_map(|(minor, last, again)| Act::Capture { minor, last, again }),
        1 => Just(Act::Void),
        1 => (1_i64..1500).prop_map(Act::Again),
        1 => Just(Act::Expire),
        1 => Just(Act::Zombie),
    ]
}

fn perform(books: &mut Books, world: &mut World, act: Act) -> Result<(), TestCaseError> {
    match act {
        Act::Ask { lost } => match world.run(&books.payment) {
            Some(told) if !lost => books.hear(&told),
            _ => Ok(()),
        },
        Act::Tell(_) if world.told.is_empty() => Ok(()),
        Act::Tell(which) => {
            let told = *which.get(&world.told);
            books.hear(&told)
        }
        Act::Capture { minor, last, again } => {
            let parts = books.payment.standing.parts.len();
            let number = if books.payment.method() == CaptureMethod::Multiple {
                parts + usize::from(!again)
            } else {
                1
            };
            let part = Part { number, amount_minor: minor, last };
            books.act(|payment| payment.capture(part).ok().flatten())
        }
        Act::Void => books.act(|payment| payment.void().ok().flatten()),
        Act::Again(minor) => {
            let next = books.payment.standing.tries + 1;
            let terms = Terms { capture: books.payment.method(), ..terms(minor, next) };
            books.act(|payment| payment.ask_again(terms).ok())
        }
        Act::Expire => {
            world.expire();
            Ok(())
        }
        Act::Zombie => {
            let ended = [State::Voided, State::Declined, State::Owed];
            if ended.contains(&books.payment.state()) && books.payment.errand().is_none() {
                world.zombie(books.payment.standing.tries + 1);
            }
            Ok(())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn lost_doubled_and_overtaken_answers_leave_one_story_that_both_books_tell(
        capture in prop::sample::select(CaptureMethod::ALL.to_vec()),
        amount_minor in 1_i64..1000,
        declines in prop::collection::vec(prop::bool::weighted(0.2), 4),
        refuses in prop::collection::vec(prop::bool::weighted(0.2), 4),
        acts in prop::collection::vec(act(), 0..40),
    ) {
        let mut world = World { declines, refuses, ..World::default() };
        let payment = begun_with(capture, amount_minor);
        let (written, asked) = (Vec::new(), Vec::new());
        let mut books = Books { payment, balances: BTreeMap::new(), written, asked };

        for act in acts {
            perform(&mut books, &mut world, act)?;
        }
        // The worker comes to an end, and every webhook arrives, the last first.
        for _round in 0..20 {
            for told in world.told.clone().iter().rev() {
                books.hear(told)?;
            }
            if let Some(told) = world.run(&books.payment) {
                books.hear(&told)?;
            }
        }

        prop_assert_eq!(books.payment.errand(), None);
        prop_assert_eq!(books.balance("hold:provider:sandbox"), world.held_minor());
        let taken = world.taken();
        prop_assert!(taken.len() <= 1, "money is taken of one authorization");
        prop_assert_eq!(taken.iter().sum::<i64>(), books.payment.standing.captured_minor);
        let state = books.payment.state();
        let ended = matches!(state, State::Captured | State::PartlyCaptured);
        prop_assert_eq!(taken.len() == 1, ended, "{:?}", state);

        let settled = books.payment.clone();
        for told in world.told.clone() {
            books.hear(&told)?;
        }
        prop_assert_eq!(books.payment, settled, "what was told before changes nothing");
    }
}
