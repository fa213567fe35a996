//! What the provider said, and what follows from it.

use uuid::Uuid;

use super::{Answer, Changed, DeclineClass, News, Payment, Posting, State, Step};
use crate::domain::{Outcome, ledger::Parties};

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
}

impl Payment {
    /// Takes in what the provider said. `None`: it is stale and changes nothing.
    pub(crate) fn settle(&mut self, fact: Fact, provider: &str) -> Option<Changed> {
        match (self.standing.state, self.standing.work?, fact) {
            (State::Authorizing, _, Fact::Authorized { reference }) => {
                let mut changed = self.hold(reference, provider);
                changed.news = Some(News::Authorized);
                self.standing.enter(State::Authorized, None);
                Some(changed)
            }
            (State::Authorizing, _, Fact::Declined { class }) => {
                self.standing.decline = Some(class);
                self.standing.enter(State::Declined, None);
                let answers = vec![self.authorization(Outcome::Refused, None)];
                let news = Some(News::Declined);
                Some(Changed { cause: "declined", answers, news, ..Changed::default() })
            }
            (State::Authorizing, _, Fact::Forbidden) => {
                let mut changed = self.void().ok().flatten()?;
                changed.cause = "forbidden";
                Some(changed)
            }
            (State::Capturing, _, Fact::Captured) => Some(self.taken(provider)),
            (State::Capturing, _, Fact::CaptureRefused) => {
                let answers = vec![self.capture_answer(Outcome::Refused)];
                self.standing.capturing_minor = 0;
                self.standing.enter(State::Authorized, None);
                Some(Changed { cause: "capture-refused", answers, ..Changed::default() })
            }
            (State::Voiding | State::Voided, Step::Void, fact) => self.released(fact, provider),
            _ => None,
        }
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

    fn taken(&mut self, provider: &str) -> Changed {
        let now = &self.standing;
        let posting = self.parties(provider).and_then(|parties| {
            parties.capture(now.captures, now.authorized_minor, now.capturing_minor)
        });
        let answers = vec![self.capture_answer(Outcome::Ok)];
        self.standing.captured_minor = self.standing.capturing_minor;
        self.standing.enter(State::Captured, None);
        let news = Some(News::Captured);
        Changed { cause: "captured", answers, postings: only(posting), news, ..Changed::default() }
    }

    /// A void found money, or that there is none. Money that was held without our knowing passes
    /// through the books on its way back.
    fn released(&mut self, fact: Fact, provider: &str) -> Option<Changed> {
        let (authorization, void) = match fact {
            Fact::Released { .. } => (Outcome::Ok, Outcome::Ok),
            // That there was nothing contradicts what the provider said before: nobody may build on it.
            _ if self.standing.authorized_minor > 0 => return None,
            Fact::Forbidden => (Outcome::Tombstone, Outcome::Ok),
            Fact::NothingHeld => (Outcome::Refused, Outcome::Refused),
            _ => return None,
        };
        let mut changed = match fact {
            Fact::Released { reference } if self.standing.reference.is_none() => {
                self.hold(reference, provider)
            }
            Fact::Released { .. } => Changed::default(),
            _ => Changed {
                answers: vec![self.authorization(authorization, None)],
                ..Changed::default()
            },
        };
        let amount_minor = self.standing.authorized_minor;
        changed.answers.push(Answer {
            key: Step::Void.key(self.order, self.generation()),
            outcome: void,
            amount_minor,
            reference: self.standing.reference,
        });
        let parties = self.parties(provider);
        changed.postings.extend(parties.and_then(|p| p.void(self.generation(), amount_minor)));
        changed.cause = "voided";
        if self.standing.state == State::Voiding {
            changed.news = Some(News::Voided);
            self.standing.enter(State::Voided, None);
        }
        self.standing.work = None;
        Some(changed)
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

    fn asked_minor(&self) -> i64 {
        self.terms.as_ref().map_or(0, |terms| terms.amount_minor)
    }

    fn parties<'a>(&self, provider: &'a str) -> Option<Parties<'a>> {
        let terms = self.terms.as_ref()?;
        Some(Parties { provider, store: terms.store, currency: terms.currency })
    }
}

fn only(posting: Option<Posting>) -> Vec<Posting> {
    posting.into_iter().collect()
}
