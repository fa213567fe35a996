//! Taking money that is held: whole or in parts (FEATURES PAY-03).

use common::types::{Class, Fault};

use super::{Asked, Changed, Payment, State, Step};

/// The most parts that one payment is taken in.
const PARTS_MAX: usize = 20;

/// When held money is taken, and in how many parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum CaptureMethod {
    /// Once, when somebody asks; the rest is freed.
    #[default]
    Manual,
    /// All of it, as soon as it is held.
    Automatic,
    /// In parts, as somebody asks; the last part, or none, frees the rest.
    Multiple,
}

/// What is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    /// From 1; the same number is the same part.
    pub(crate) number: usize,
    pub(crate) amount_minor: i64,
    /// Whether the rest is freed.
    pub(crate) last: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CaptureError {
    #[error("more than is held cannot be captured")]
    ExceedsAuthorized,
    #[error("to take nothing of an authorization, void it")]
    NothingToCapture,
    #[error("the provider holds no money for this order")]
    NotAuthorized,
    #[error("another amount was captured already, or the rest was let go")]
    AlreadyCaptured,
    #[error("the payment was voided")]
    AlreadyCancelled,
    #[error(
        "parts are counted from 1 to {PARTS_MAX}, and only of a payment that is taken in parts"
    )]
    NoSuchPart,
}

impl CaptureMethod {
    pub(crate) const ALL: [Self; 3] = [Self::Manual, Self::Automatic, Self::Multiple];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Automatic => "automatic",
            Self::Multiple => "multiple",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

impl Part {
    /// Nothing is taken, and what is left is let go.
    const fn lets_go(&self) -> bool {
        self.amount_minor == 0 && self.last
    }
}

impl Payment {
    /// Begins to take money that the provider holds. Nothing changes where the same is under way or done. An
    /// authorization that has expired before anything was taken is asked for again, once.
    pub(crate) fn capture(&mut self, part: Part) -> Result<Option<Changed>, CaptureError> {
        match self.method() {
            CaptureMethod::Multiple => self.capture_part(part),
            _ if part.number == 1 => self.capture_whole(part.amount_minor),
            _ => Err(CaptureError::NoSuchPart),
        }
    }

    /// Once; the rest is freed.
    fn capture_whole(&mut self, amount_minor: i64) -> Result<Option<Changed>, CaptureError> {
        let now = &self.standing;
        match now.state {
            State::Authorized => self.capture_of_held(amount_minor).map(Some),
            State::Expired => self.renew(amount_minor).map(Some),
            State::Authorizing if amount_minor > 0 && amount_minor == now.wanted_minor => Ok(None),
            State::Capturing if amount_minor == now.capturing_minor => Ok(None),
            State::Captured if amount_minor == now.captured_minor => Ok(None),
            _ => Err(self.not_now()),
        }
    }

    fn capture_part(&mut self, part: Part) -> Result<Option<Changed>, CaptureError> {
        let now = &self.standing;
        let before = part.number.checked_sub(1).and_then(|nth| now.parts.get(nth));
        match before {
            Some(taken_minor) if *taken_minor == part.amount_minor => return Ok(None),
            Some(_) => return Err(CaptureError::AlreadyCaptured),
            None if part.number != now.parts.len() + 1 || part.number > PARTS_MAX => {
                return Err(CaptureError::NoSuchPart);
            }
            None => {}
        }
        let (amount_minor, same) = (part.amount_minor, part.last == now.closing);
        match now.state {
            State::PartlyCaptured | State::Captured if now.closing && part.lets_go() => Ok(None),
            State::PartlyCaptured if now.closing => Err(CaptureError::AlreadyCaptured),
            State::PartlyCaptured if part.lets_go() => Ok(Some(self.let_rest_go())),
            State::Authorized | State::PartlyCaptured => {
                let begun = self.capture_of_held(amount_minor)?;
                self.standing.closing = part.last;
                Ok(Some(begun))
            }
            State::Expired => {
                let begun = self.renew(amount_minor)?;
                self.standing.closing = part.last;
                Ok(Some(begun))
            }
            State::Authorizing if amount_minor > 0 && amount_minor == now.wanted_minor && same => {
                Ok(None)
            }
            State::Capturing if amount_minor == now.capturing_minor && same => Ok(None),
            _ => Err(self.not_now()),
        }
    }

    fn capture_of_held(&mut self, amount_minor: i64) -> Result<Changed, CaptureError> {
        let held_minor = self.standing.left_minor();
        match amount_minor {
            more if more > held_minor => Err(CaptureError::ExceedsAuthorized),
            0 if held_minor > 0 => Err(CaptureError::NothingToCapture),
            _ => Ok(self.begin_capture(amount_minor)),
        }
    }

    const fn not_now(&self) -> CaptureError {
        match self.standing.state {
            State::Capturing | State::PartlyCaptured | State::Captured => {
                CaptureError::AlreadyCaptured
            }
            State::Voiding | State::Voided => CaptureError::AlreadyCancelled,
            _ => CaptureError::NotAuthorized,
        }
    }

    pub(super) fn begin_capture(&mut self, amount_minor: i64) -> Changed {
        let now = &mut self.standing;
        (now.capturing_minor, now.captures) = (amount_minor, now.captures + 1);
        let asked = Asked { step: Step::Capture, generation: now.captures, amount_minor };
        now.enter(State::Capturing, Some(Step::Capture));
        let asked = Vec::from_iter((amount_minor > 0).then_some(asked));
        Changed { cause: "capture-asked", asked, ..Changed::default() }
    }

    /// Begins to free what is still held, once some of it was taken.
    pub(super) fn let_rest_go(&mut self) -> Changed {
        let generation = self.generation();
        let now = &mut self.standing;
        (now.closing, now.work) = (true, Some(Step::Void));
        let asked = vec![Asked { step: Step::Void, generation, amount_minor: now.left_minor() }];
        Changed { cause: "rest-unwanted", asked, ..Changed::default() }
    }

    /// Whether this part was taken, or the rest let go.
    pub(crate) fn has_taken(&self, part: &Part) -> bool {
        let now = &self.standing;
        match self.method() {
            CaptureMethod::Multiple if !part.lets_go() => now.parts.len() >= part.number,
            _ => now.state == State::Captured,
        }
    }

    /// Whether more may be taken after the capture that is under way.
    pub(super) fn leaves_more(&self) -> bool {
        let now = &self.standing;
        self.method() == CaptureMethod::Multiple
            && !now.closing
            && now.capturing_minor < now.left_minor()
    }

    pub(crate) fn method(&self) -> CaptureMethod {
        self.terms.as_ref().map_or_else(CaptureMethod::default, |terms| terms.capture)
    }
}

impl Fault for CaptureError {
    fn class(&self) -> Class {
        match self {
            Self::NothingToCapture => Class::Invalid,
            _ => Class::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::ExceedsAuthorized => "exceeds-authorized",
            Self::NothingToCapture => "nothing-to-capture",
            Self::NotAuthorized => "not-authorized",
            Self::AlreadyCaptured => "already-captured",
            Self::AlreadyCancelled => "already-cancelled",
            Self::NoSuchPart => "no-such-part",
        }
    }
}
