//! What the provider says, and what follows from it. Answers, webhooks and the provider's list all come here.

use uuid::Uuid;

use super::{
    Answer, Asked, CaptureMethod, Changed, DeclineClass, News, Payment, Posting, State, Step,
    Surplus,
};
use crate::domain::{Outcome, Refund, ledger::Parties};

/// Something that the provider decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fact {
    /// It holds the money.
    Authorized { reference: Uuid },
    /// It refused the payment method.
    Declined { class: DeclineClass },
    /// It took the money.
    Captured,
    /// It refused to take it.
    CaptureRefused,
    /// It let the money go that it held.
    Released { reference: Uuid },
    /// The authorization had not arrived, and never will be executed.
    Forbidden,
    /// There was nothing to let go: it had refused the payment method.
    NothingHeld,
    /// It has let the money go by itself: nobody took it in time.
    Expired,
    /// It cannot let the money go: it has taken it.
    AlreadyTaken { reference: Uuid, captured_minor: i64 },
    /// It let go what was left; so much of it had been taken.
    RestReleased { reference: Uuid, captured_minor: i64 },
    /// It gave the money back.
    Refunded,
    /// It refused to give it back.
    RefundRefused,
}

/// A fact with the call that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) step: Step,
    /// The number of the call: for an authorization and its void, the generation.
    pub(crate) number: i32,
    /// Where the provider says how much it was about.
    pub(crate) amount_minor: Option<i64>,
    pub(crate) fact: Fact,
}

/// What came of being told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Applied {
    Changed(Changed),
    /// It is known, or something later is: nothing changes.
    Stale,
    /// It cannot be true together with what was said before: nothing changes, and a person has to look.
    Contradiction,
}

impl Payment {
    /// Takes in what the provider says about one of our calls, however often and in whatever order.
    ///
    /// For each generation, calls rank authorize, capture, void: what is said about a call of lower rank
    /// than the last one answered is stale.
    pub(crate) fn apply(&mut self, told: &Told, provider: &str) -> Applied {
        match told.step {
            Step::Authorize => self.on_authorization(told, provider),
            Step::Capture => self.on_capture(told, provider),
            Step::Void => self.on_void(told, provider),
            // Refunds have a machine of their own.
            Step::Refund => Applied::Contradiction,
        }
    }

    fn on_authorization(&mut self, told: &Told, provider: &str) -> Applied {
        let now = &self.standing;
        if now.surplus.is_some_and(|surplus| surplus.generation == told.number) {
            // Known, or being let go.
            return Applied::Stale;
        }
        if told.number != self.generation() {
            return self.on_other_generation(told);
        }
        match (now.state, told.fact) {
            (State::Authorizing, Fact::Authorized { reference }) => {
                if told.amount_minor.is_some_and(|minor| minor != self.asked_minor()) {
                    return Applied::Contradiction;
                }
                Applied::Changed(self.stands(reference, provider))
            }
            (State::Authorizing, Fact::Declined { class }) => Applied::Changed(self.refused(class)),
            (State::Authorizing, Fact::Forbidden) => {
                let Ok(Some(mut changed)) = self.void() else { return Applied::Contradiction };
                changed.cause = "forbidden";
                Applied::Changed(changed)
            }
            (State::Authorized, Fact::Expired) => Applied::Changed(self.expired(provider)),
            (State::PartlyCaptured, Fact::Expired) => Applied::Changed(self.rest_expired(provider)),
            // The void that is under way finds out.
            (State::Voiding, _) => Applied::Stale,
            (_, Fact::Authorized { reference }) if now.reference == Some(reference) => {
                Applied::Stale
            }
            // Whatever call is made next finds out.
            (_, Fact::Expired)
            | (State::Declined | State::Owed, Fact::Declined { .. })
            | (State::Voided, Fact::Forbidden)
            | (State::Expired, Fact::Authorized { .. }) => Applied::Stale,
            _ => Applied::Contradiction,
        }
    }

    /// A try that was given up is history. One that was never made, by us, holds money that nobody wants.
    fn on_other_generation(&mut self, told: &Told) -> Applied {
        let nothing_wanted = matches!(
            self.standing.state,
            State::Voiding | State::Voided | State::Declined | State::Owed
        );
        match told.fact {
            _ if told.number <= self.standing.tries => Applied::Stale,
            Fact::Authorized { reference } if nothing_wanted => self.unwanted(told, reference),
            _ => Applied::Contradiction,
        }
    }

    fn on_capture(&mut self, told: &Told, provider: &str) -> Applied {
        let now = &self.standing;
        if told.number > now.captures {
            return Applied::Contradiction;
        }
        if told.number < now.captures || now.state != State::Capturing {
            return Applied::Stale;
        }
        match told.fact {
            Fact::Captured => {
                if told.amount_minor.is_some_and(|minor| minor != now.capturing_minor) {
                    return Applied::Contradiction;
                }
                Applied::Changed(self.taken(provider))
            }
            Fact::CaptureRefused => {
                let answers = vec![self.capture_answer(Outcome::Refused)];
                let some_taken = self.standing.captured_minor > 0;
                let back = if some_taken { State::PartlyCaptured } else { State::Authorized };
                (self.standing.capturing_minor, self.standing.closing) = (0, false);
                let work = self.rest();
                self.standing.enter(back, work);
                let cause = "capture-refused";
                Applied::Changed(Changed { cause, answers, ..Changed::default() })
            }
            Fact::Expired if now.captured_minor > 0 => {
                Applied::Changed(self.rest_expired(provider))
            }
            Fact::Expired => Applied::Changed(self.expired(provider)),
            _ => Applied::Contradiction,
        }
    }

    fn on_void(&mut self, told: &Told, provider: &str) -> Applied {
        let now = &self.standing;
        match now.surplus {
            Some(surplus) if surplus.generation == told.number => {
                return Applied::Changed(self.surplus_gone(surplus, told.fact, provider));
            }
            _ if told.number != self.generation() => return Applied::Stale,
            _ => {}
        }
        match (now.state, now.work, told.fact) {
            (State::Voiding, _, Fact::AlreadyTaken { reference, captured_minor }) => {
                let void = Outcome::Refused;
                Applied::Changed(self.was_taken(reference, captured_minor, void, provider))
            }
            (State::Voiding, _, Fact::RestReleased { reference, captured_minor }) => {
                let void = Outcome::Ok;
                Applied::Changed(self.was_taken(reference, captured_minor, void, provider))
            }
            (State::PartlyCaptured, _, Fact::RestReleased { captured_minor, .. })
                if now.closing && captured_minor == now.captured_minor =>
            {
                Applied::Changed(self.rest_released(provider))
            }
            (State::PartlyCaptured, _, Fact::Expired) if now.closing => {
                Applied::Changed(self.rest_expired(provider))
            }
            (State::Captured, _, Fact::RestReleased { .. } | Fact::Expired) if now.closing => {
                Applied::Stale
            }
            (State::Voiding, ..) => self.released(told.fact, provider),
            // A tombstone, whose void is under way.
            (State::Voided, Some(Step::Void), _) if now.surplus.is_none() => {
                self.released(told.fact, provider)
            }
            (State::Voided | State::Declined, ..) => Applied::Stale,
            _ => Applied::Contradiction,
        }
    }

    /// The authorization stands; one that it replaces is let go.
    fn stands(&mut self, reference: Uuid, provider: &str) -> Changed {
        let mut changed = self.hold(reference, provider);
        changed.news = Some(News::Authorized);
        changed.asked = self.standing.surplus.iter().map(Surplus::void).collect();
        if self.method() == CaptureMethod::Automatic {
            self.standing.wanted_minor = self.standing.authorized_minor;
        }
        let work = self.rest();
        self.standing.enter(State::Authorized, work);
        changed
    }

    /// The first try ends the payment, a larger one leaves the smaller standing, a renewal leaves a debt.
    fn refused(&mut self, class: DeclineClass) -> Changed {
        let answers = vec![self.authorization(Outcome::Refused, None)];
        let refused = Changed { cause: "declined", answers, ..Changed::default() };
        self.standing.decline = Some(class);
        if let Some(smaller) = self.standing.surplus.take() {
            self.standing.reference = Some(smaller.reference);
            self.standing.authorized_minor = smaller.amount_minor;
            self.retry(smaller.generation, smaller.amount_minor);
            self.standing.enter(State::Authorized, None);
            return refused;
        }
        if self.standing.renewed {
            let owed = self.owed();
            return Changed { cause: "declined", answers: refused.answers, ..owed };
        }
        self.standing.enter(State::Declined, None);
        Changed { news: Some(News::Declined), ..refused }
    }

    fn hold(&mut self, reference: Uuid, provider: &str) -> Changed {
        self.standing.reference = Some(reference);
        let answers = vec![self.authorization(Outcome::Ok, Some(reference))];
        self.standing.authorized_minor = self.asked_minor();
        let posting = self.parties(provider).and_then(|parties| {
            parties.authorize(self.generation(), self.standing.authorized_minor)
        });
        Changed { cause: "authorized", answers, postings: only(posting), ..Changed::default() }
    }

    /// All of it was taken, or a part; with the last part the rest is freed.
    fn taken(&mut self, provider: &str) -> Changed {
        let (more, left_minor) = (self.leaves_more(), self.standing.left_minor());
        let now = &self.standing;
        let freed_minor = if more { now.capturing_minor } else { left_minor };
        let posting = self
            .parties(provider)
            .and_then(|parties| parties.capture(now.captures, freed_minor, now.capturing_minor));
        let answers = vec![self.capture_answer(Outcome::Ok)];
        if self.method() == CaptureMethod::Multiple {
            self.standing.parts.push(self.standing.capturing_minor);
        }
        self.standing.captured_minor += self.standing.capturing_minor;
        let work = self.rest();
        self.standing.enter(if more { State::PartlyCaptured } else { State::Captured }, work);
        let news = Some(News::Captured);
        Changed { cause: "captured", answers, postings: only(posting), news, ..Changed::default() }
    }

    /// A void came too late: somebody else had the money taken. It is in the books now, and goes back.
    fn was_taken(
        &mut self,
        reference: Uuid,
        captured_minor: i64,
        void: Outcome,
        provider: &str,
    ) -> Changed {
        let mut changed = match self.standing.reference {
            Some(_) => Changed::default(),
            None => self.hold(reference, provider),
        };
        changed.cause = "taken-before-void";
        let now = &mut self.standing;
        let held_minor = now.authorized_minor;
        now.captures += 1;
        now.authorized_minor = held_minor.max(captured_minor);
        (now.capturing_minor, now.captured_minor) = (captured_minor, captured_minor);
        now.closing = true;
        let captures = now.captures;
        changed.answers.push(self.void_answer(void));
        let parties = self.parties(provider);
        changed.postings.extend(
            parties.and_then(|parties| parties.capture(captures, held_minor, captured_minor)),
        );
        changed.give_back = true;
        let work = self.rest();
        self.standing.enter(State::Captured, work);
        changed
    }

    /// What was left is free; what was taken stays taken.
    fn rest_released(&mut self, provider: &str) -> Changed {
        let (generation, left_minor) = (self.generation(), self.standing.left_minor());
        let answers = vec![self.void_answer(Outcome::Ok)];
        let posting = self.parties(provider).and_then(|p| p.void(generation, left_minor));
        let work = self.rest();
        self.standing.enter(State::Captured, work);
        let postings = only(posting);
        Changed { cause: "rest-released", answers, postings, ..Changed::default() }
    }

    /// Nobody took the rest in time. What was taken stays taken, and no more is asked for.
    fn rest_expired(&mut self, provider: &str) -> Changed {
        let now = &self.standing;
        let answers = match now.state {
            State::Capturing => vec![self.capture_answer(Outcome::Refused)],
            _ if now.closing => vec![self.void_answer(Outcome::Refused)],
            _ => Vec::new(),
        };
        let (generation, left_minor) = (self.generation(), now.left_minor());
        let posting = self.parties(provider).and_then(|p| p.expire(generation, left_minor));
        (self.standing.capturing_minor, self.standing.closing) = (0, true);
        let work = self.rest();
        self.standing.enter(State::Captured, work);
        let postings = only(posting);
        Changed { cause: "rest-expired", answers, postings, ..Changed::default() }
    }

    /// Nobody took the money in time. What was to be taken is remembered.
    fn expired(&mut self, provider: &str) -> Changed {
        let now = &self.standing;
        let (held_minor, wanted_minor) = (now.authorized_minor, now.capturing_minor);
        let answers = match now.state {
            State::Capturing => vec![self.capture_answer(Outcome::Refused)],
            _ => Vec::new(),
        };
        let generation = self.generation();
        let posting = self.parties(provider).and_then(|p| p.expire(generation, held_minor));
        let now = &mut self.standing;
        (now.authorized_minor, now.capturing_minor) = (0, 0);
        now.wanted_minor = wanted_minor;
        let work = self.rest();
        self.standing.enter(State::Expired, work);
        let (postings, news) = (only(posting), Some(News::Expired));
        Changed { cause: "expired", answers, postings, news, ..Changed::default() }
    }

    /// The debt stands in the books.
    pub(super) fn owed(&mut self) -> Changed {
        let wanted_minor = std::mem::take(&mut self.standing.wanted_minor);
        let (generation, customer) = (self.generation(), self.terms.as_ref().map(|t| t.customer));
        let posting = self
            .parties("")
            .zip(customer)
            .and_then(|(parties, customer)| parties.owe(generation, customer, wanted_minor));
        let work = self.rest();
        self.standing.enter(State::Owed, work);
        let (postings, news) = (only(posting), Some(News::Owed));
        Changed { cause: "owed", postings, news, ..Changed::default() }
    }

    /// Money is held that nobody asked for any more: it is let go.
    fn unwanted(&mut self, told: &Told, reference: Uuid) -> Applied {
        let now = &self.standing;
        let tombstone = now.state == State::Voided && now.work.is_some();
        if now.surplus.is_some() || tombstone {
            // One after the other: what is under way comes first.
            return Applied::Contradiction;
        }
        let amount_minor = told.amount_minor.unwrap_or_default();
        let generation = told.number;
        let surplus = Surplus { generation, reference, amount_minor, booked: false };
        self.standing.surplus = Some(surplus);
        self.standing.work = Some(Step::Void);
        self.standing.tries = generation;
        let (cause, asked) = ("unwanted", vec![surplus.void()]);
        Applied::Changed(Changed { cause, asked, ..Changed::default() })
    }

    fn surplus_gone(&mut self, surplus: Surplus, fact: Fact, provider: &str) -> Changed {
        let Surplus { generation, reference, amount_minor, booked } = surplus;
        let outcome = match fact {
            Fact::Released { .. } => Outcome::Ok,
            // It had expired, or it was taken behind our back, which the provider's list will show.
            _ => Outcome::Refused,
        };
        let key = Step::Void.key(self.order, generation);
        let answers = vec![Answer { key, outcome, amount_minor, reference: Some(reference) }];
        let gone = self.parties(provider).filter(|_| booked);
        let posting = gone.and_then(|parties| parties.ended(fact, generation, amount_minor));
        self.standing.surplus = None;
        let now = &mut self.standing;
        // A capture may be under way, or the void of what is in force or of what is left of it.
        let rest_goes = now.state == State::PartlyCaptured && now.closing;
        let voids = now.state == State::Voiding || rest_goes;
        now.work = now.work.filter(|work| *work != Step::Void || voids);
        let cause = "surplus-voided";
        Changed { cause, answers, postings: only(posting), ..Changed::default() }
    }

    /// A void found money, or that there is none. Money that was held without our knowing passes
    /// through the books on its way back.
    fn released(&mut self, fact: Fact, provider: &str) -> Applied {
        let (authorization, void) = match fact {
            Fact::Released { .. } => (Outcome::Ok, Outcome::Ok),
            Fact::Expired if self.standing.reference.is_some() => (Outcome::Ok, Outcome::Refused),
            // That there was nothing contradicts what the provider said before: nobody may build on it.
            _ if self.standing.authorized_minor > 0 => return Applied::Contradiction,
            Fact::Forbidden => (Outcome::Tombstone, Outcome::Ok),
            Fact::NothingHeld => (Outcome::Refused, Outcome::Refused),
            Fact::Expired => (Outcome::Ok, Outcome::Refused),
            _ => return Applied::Contradiction,
        };
        let mut changed = match fact {
            Fact::Released { reference } if self.standing.reference.is_none() => {
                self.hold(reference, provider)
            }
            Fact::Released { .. } => Changed::default(),
            Fact::Expired if self.standing.reference.is_some() => Changed::default(),
            _ => Changed {
                answers: vec![self.authorization(authorization, None)],
                ..Changed::default()
            },
        };
        changed.answers.push(self.void_answer(void));
        let amount_minor = self.standing.authorized_minor;
        let parties = self.parties(provider);
        changed
            .postings
            .extend(parties.and_then(|p| p.ended(fact, self.generation(), amount_minor)));
        changed.cause = "voided";
        let work = self.rest();
        if self.standing.state == State::Voiding {
            changed.news = Some(News::Voided);
            self.standing.enter(State::Voided, work);
        }
        self.standing.work = work;
        Applied::Changed(changed)
    }

    /// The act of a refund in the books.
    pub(crate) fn refunded(&self, refund: &Refund, provider: &str) -> Option<Posting> {
        let terms = &refund.terms;
        self.parties(provider)?.refund(refund.call, terms.liable, terms.amount_minor)
    }

    /// What is left to do when a step is done.
    pub(super) const fn rest(&self) -> Option<Step> {
        if self.standing.surplus.is_some() { Some(Step::Void) } else { None }
    }

    fn authorization(&self, outcome: Outcome, reference: Option<Uuid>) -> Answer {
        let key = Step::Authorize.key(self.order, self.generation());
        Answer { key, outcome, amount_minor: self.asked_minor(), reference }
    }

    fn capture_answer(&self, outcome: Outcome) -> Answer {
        let now = &self.standing;
        let key = Step::Capture.key(self.order, now.captures);
        Answer { key, outcome, amount_minor: now.capturing_minor, reference: now.reference }
    }

    fn void_answer(&self, outcome: Outcome) -> Answer {
        let now = &self.standing;
        let key = Step::Void.key(self.order, self.generation());
        Answer { key, outcome, amount_minor: now.left_minor(), reference: now.reference }
    }

    fn asked_minor(&self) -> i64 {
        self.terms.as_ref().map_or(0, |terms| terms.amount_minor)
    }

    pub(super) fn parties<'a>(&self, provider: &'a str) -> Option<Parties<'a>> {
        let terms = self.terms.as_ref()?;
        Some(Parties { provider, store: terms.store, currency: terms.currency })
    }
}

impl Surplus {
    pub(super) const fn void(&self) -> Asked {
        let Self { generation, amount_minor, .. } = *self;
        Asked { step: Step::Void, generation, amount_minor }
    }
}

fn only(posting: Option<Posting>) -> Vec<Posting> {
    posting.into_iter().collect()
}
