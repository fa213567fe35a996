//! Another try: the generation rises (RELIABILITY 7.7).

use common::types::{Class, Fault};

use super::{Asked, CaptureError, Changed, Payment, State, Step, Surplus, Terms};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "another try is allowed for a larger amount, after a refused capture and, once, after an expiry"
)]
pub(crate) struct AgainError;

impl Payment {
    /// Asks with other terms: for more than is held, which is let go once the larger sum stands, or for an
    /// authorization whose money could not be taken.
    pub(crate) fn ask_again(&mut self, terms: Terms) -> Result<Changed, AgainError> {
        if terms.generation != self.standing.tries + 1 {
            return Err(AgainError);
        }
        let now = &mut self.standing;
        match now.state {
            State::Authorized if now.surplus.is_none() => {
                let refused_before = now.captures > 0;
                if terms.amount_minor <= now.authorized_minor && !refused_before {
                    return Err(AgainError);
                }
                let generation = self.terms.as_ref().map_or(1, |terms| terms.generation);
                let amount_minor = std::mem::take(&mut now.authorized_minor);
                now.surplus = now.reference.take().map(|reference| Surplus {
                    generation,
                    reference,
                    amount_minor,
                    booked: true,
                });
            }
            State::Expired if !now.renewed && now.surplus.is_none() && terms.amount_minor > 0 => {
                now.renewed = true;
            }
            _ => return Err(AgainError),
        }
        self.terms = Some(terms);
        Ok(self.try_again("asked-again"))
    }

    /// What follows by itself, without a question: an expired authorization is asked for again, and what
    /// was to be taken is taken.
    pub(crate) fn go_on(&mut self) -> Option<Changed> {
        let wanted_minor = self.standing.wanted_minor;
        match self.standing.state {
            _ if wanted_minor == 0 => None,
            State::Expired if self.standing.surplus.is_none() => self.renew(wanted_minor).ok(),
            State::Authorized => {
                self.standing.wanted_minor = 0;
                Some(self.begin_capture(wanted_minor))
            }
            _ => None,
        }
    }

    /// Asks once more for an authorization that has expired, to take `wanted_minor` of it. When it has
    /// expired again, the sum is owed.
    pub(super) fn renew(&mut self, wanted_minor: i64) -> Result<Changed, CaptureError> {
        let asked_minor = self.terms.as_ref().map_or(0, |terms| terms.amount_minor);
        match wanted_minor {
            0 => return Err(CaptureError::NothingToCapture),
            more if more > asked_minor => return Err(CaptureError::ExceedsAuthorized),
            _ => self.standing.wanted_minor = wanted_minor,
        }
        if self.standing.surplus.is_some() {
            // One hold after the other.
            return Ok(Changed { cause: "capture-wanted", ..Changed::default() });
        }
        if std::mem::replace(&mut self.standing.renewed, true) {
            return Ok(self.owed());
        }
        self.retry(self.standing.tries + 1, asked_minor);
        Ok(self.try_again("renewed"))
    }

    /// Sets the try that is in force.
    pub(super) fn retry(&mut self, generation: i32, amount_minor: i64) {
        if let Some(terms) = &mut self.terms {
            (terms.generation, terms.amount_minor) = (generation, amount_minor);
        }
    }

    fn try_again(&mut self, cause: &'static str) -> Changed {
        let (generation, amount_minor) =
            self.terms.as_ref().map_or((1, 0), |terms| (terms.generation, terms.amount_minor));
        self.standing.tries = generation;
        (self.standing.reference, self.standing.decline) = (None, None);
        self.standing.enter(State::Authorizing, Some(Step::Authorize));
        let asked = vec![Asked { step: Step::Authorize, generation, amount_minor }];
        Changed { cause, asked, ..Changed::default() }
    }
}

impl Fault for AgainError {
    fn class(&self) -> Class {
        Class::Conflict
    }

    fn code(&self) -> &'static str {
        "generation-not-allowed"
    }
}
