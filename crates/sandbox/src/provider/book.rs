//! The provider's book: what was asked for with which key, and what became of it.

use std::collections::HashMap;

use common::types::{Clock, Currency};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Executed;

/// One executed operation, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// When.
    pub at: Timestamp,
    /// What.
    pub op: Op,
    /// The caller's key.
    pub key: String,
    /// For a void by key and a tombstone: the key of the authorization meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_key: Option<String>,
    /// Absent where nothing was authorized.
    pub authorization_id: Option<Uuid>,
    /// The caller's reference: the order's id.
    pub reference: String,
    /// Minor units; 0 for a tombstone.
    pub amount_minor: i64,
    /// Captured so far, this operation included.
    pub captured_minor: i64,
    /// Given back so far, this operation included.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refunded_minor: i64,
    /// For a capture, where the caller numbers them: which one of the authorization's it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// Absent for a tombstone.
    pub currency: Option<Currency>,
    /// What came of it.
    pub outcome: Outcome,
    /// The authorization's state after the operation.
    pub state: State,
    /// Why it was declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decline_class: Option<String>,
    /// A digest of what was asked for with the key (SHA-256 in Base64url).
    pub fingerprint: String,
}

/// A kind of operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Money is set aside.
    Authorize,
    /// Money is taken.
    Capture,
    /// Money is let go.
    Void,
    /// A key that has not been seen shall never be executed.
    Tombstone,
    /// Money that was taken is given back.
    Refund,
    /// Money that was set aside is let go, because nobody took it in time.
    Expire,
}

/// What came of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Ok,
    /// The means of payment was refused: nothing is held or, for a refund, nothing was given back.
    Declined,
}

/// The state of an authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Money is set aside.
    Authorized,
    /// Some of it was taken, and the rest is still set aside.
    PartlyCaptured,
    /// Some or all of it was taken, and nothing is set aside any more.
    Captured,
    /// It was let go, or what was left of it.
    Voided,
    /// It was refused.
    Declined,
    /// It was forbidden before it arrived.
    Tombstoned,
    /// Nobody took it in time.
    Expired,
}

/// Something asked of the provider.
#[derive(Debug, Clone)]
pub struct Command {
    /// The caller's key.
    pub key: String,
    /// A digest of the request.
    pub fingerprint: String,
    /// What.
    pub act: Act,
}

/// What is asked.
#[derive(Debug, Clone)]
pub enum Act {
    /// Set money aside, unless the means of payment is refused.
    Authorize {
        /// Minor units.
        amount_minor: i64,
        /// Of this currency.
        currency: Currency,
        /// The caller's reference.
        reference: String,
        /// Why the means of payment is refused, if it is.
        decline_class: Option<String>,
    },
    /// Take money.
    Capture {
        /// From this authorization.
        authorization_id: Uuid,
        /// Minor units.
        amount_minor: i64,
        /// Which one of several, where the caller numbers them.
        part: Option<u32>,
        /// Whether what is left stays set aside.
        more: bool,
    },
    /// Let money go.
    Void {
        /// Of this authorization.
        authorization_id: Uuid,
    },
    /// Let money go that nobody took in time.
    Expire {
        /// Of this authorization.
        authorization_id: Uuid,
    },
    /// Give money back, unless the means of payment does not take it.
    Refund {
        /// Of this authorization.
        authorization_id: Uuid,
        /// Minor units.
        amount_minor: i64,
        /// Whether the means of payment refuses it.
        declined: bool,
    },
    /// Let the money of this key go, or forbid the key.
    VoidByKey {
        /// The authorization's key.
        target_key: String,
    },
}

/// A decision against the caller; nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The key was used for something else.
    #[error("this key was used for another request")]
    KeyReused,
    /// The key was voided before it arrived.
    #[error("this key was voided before it arrived")]
    KeyTombstoned,
    /// There is no such authorization.
    #[error("there is no such authorization")]
    UnknownAuthorization,
    /// More than was set aside.
    #[error("the amount exceeds what was authorized")]
    ExceedsAuthorized,
    /// More than was taken and not yet given back.
    #[error("the amount exceeds what was captured and is not refunded")]
    ExceedsCaptured,
    /// Nobody took the money in time.
    #[error("the authorization has expired")]
    Expired,
    /// Money was taken already.
    #[error("the authorization was captured")]
    AlreadyCaptured,
    /// The money was let go already.
    #[error("the authorization was voided")]
    AlreadyVoided,
    /// The key belongs to an operation that is no authorization.
    #[error("the key belongs to no authorization")]
    NotAnAuthorization,
}

/// When operations happened: from, inclusive, to, exclusive.
#[derive(Debug, Clone, Copy, Default)]
pub struct Window {
    /// Nothing before.
    pub from: Option<Timestamp>,
    /// Nothing from then on.
    pub to: Option<Timestamp>,
}

/// All operations in order, by key and by authorization.
#[derive(Debug, Default)]
pub struct Book {
    operations: Vec<Operation>,
    by_key: HashMap<String, usize>,
    tombstones: HashMap<String, usize>,
    authorizations: HashMap<Uuid, Authorization>,
}

#[derive(Debug, Clone)]
pub(super) struct Authorization {
    pub(super) reference: String,
    pub(super) currency: Currency,
    pub(super) authorized_minor: i64,
    pub(super) captured_minor: i64,
    pub(super) refunded_minor: i64,
    pub(super) state: State,
}

impl Book {
    /// The book that these operations, in order, have made.
    #[must_use]
    pub fn replay(operations: Vec<Operation>) -> Self {
        let mut book = Self::default();
        for operation in operations {
            book.enter(operation);
        }
        book
    }

    /// What was done with `key`, or to it before it arrived.
    #[must_use]
    pub fn by_key(&self, key: &str) -> Option<&Operation> {
        let index = self.by_key.get(key).or_else(|| self.tombstones.get(key))?;
        self.operations.get(*index)
    }

    /// At most `limit` operations after the first `after`, each with its number, counted from 1.
    pub fn list<'a>(
        &'a self,
        after: usize,
        limit: usize,
        window: &'a Window,
    ) -> impl Iterator<Item = (usize, &'a Operation)> {
        let numbered = self.operations.iter().enumerate().skip(after);
        let within = numbered.filter(|(_, operation)| window.holds(operation.at));
        within.take(limit).map(|(index, operation)| (index + 1, operation))
    }

    /// What the money of an authorization is for.
    pub(super) fn reference_of(&self, id: Uuid) -> Option<&str> {
        self.authorizations.get(&id).map(|authorization| authorization.reference.as_str())
    }

    /// How the authorization that was asked for with `key` stands.
    pub(super) fn authorization_of(&self, key: &str) -> Option<(Uuid, &Authorization)> {
        let id = self.by_key(key).filter(|known| known.op == Op::Authorize)?.authorization_id?;
        Some((id, self.authorizations.get(&id)?))
    }

    pub(crate) fn execute(
        &mut self,
        command: Command,
        clock: &dyn Clock,
    ) -> Result<Executed, Refusal> {
        if let Some(known) = self.by_key.get(&command.key).and_then(|i| self.operations.get(*i)) {
            if known.fingerprint != command.fingerprint {
                return Err(Refusal::KeyReused);
            }
            return Ok(Executed { operation: known.clone(), replayed: true });
        }
        if let Act::VoidByKey { target_key } = &command.act
            && let Some(operation) = self.already_void(target_key)?
        {
            return Ok(Executed { operation: operation.clone(), replayed: true });
        }
        let operation = self.decide(command, clock)?;
        self.enter(operation.clone());
        Ok(Executed { operation, replayed: false })
    }

    /// The operation that already made sure that `target` holds nothing.
    fn already_void(&self, target: &str) -> Result<Option<&Operation>, Refusal> {
        let Some(known) = self.by_key(target) else { return Ok(None) };
        match (known.op, known.authorization_id.and_then(|id| self.authorizations.get(&id))) {
            (Op::Tombstone, _) | (Op::Authorize, None) => Ok(Some(known)),
            (Op::Authorize, Some(authorization)) => match authorization.state {
                State::Captured => Err(Refusal::AlreadyCaptured),
                State::Voided | State::Expired => Ok(self.operations.iter().rev().find(|last| {
                    matches!(last.op, Op::Void | Op::Expire)
                        && last.authorization_id == known.authorization_id
                })),
                _ => Ok(None),
            },
            _ => Err(Refusal::NotAnAuthorization),
        }
    }

    fn decide(&self, command: Command, clock: &dyn Clock) -> Result<Operation, Refusal> {
        let Command { key, fingerprint, act } = command;
        let mut operation = Operation {
            at: clock.now(),
            op: Op::Authorize,
            key,
            target_key: None,
            authorization_id: None,
            reference: String::new(),
            amount_minor: 0,
            captured_minor: 0,
            refunded_minor: 0,
            part: None,
            currency: None,
            outcome: Outcome::Ok,
            state: State::Authorized,
            decline_class: None,
            fingerprint,
        };
        match act {
            Act::Authorize { amount_minor, currency, reference, decline_class } => {
                if self.tombstones.contains_key(&operation.key) {
                    return Err(Refusal::KeyTombstoned);
                }
                (operation.amount_minor, operation.currency) = (amount_minor, Some(currency));
                operation.reference = reference;
                if decline_class.is_some() {
                    (operation.outcome, operation.state) = (Outcome::Declined, State::Declined);
                    operation.decline_class = decline_class;
                } else {
                    operation.authorization_id = Some(clock.new_id());
                }
            }
            Act::Capture { authorization_id, amount_minor, part, more } => {
                let authorization = self.find(authorization_id)?;
                let captured = authorization.capture(amount_minor)?;
                operation.describe(Op::Capture, authorization_id, authorization);
                (operation.amount_minor, operation.captured_minor) = (amount_minor, captured);
                operation.part = part;
                let open = more && captured < authorization.authorized_minor;
                operation.state = if open { State::PartlyCaptured } else { State::Captured };
            }
            Act::Void { authorization_id } => self.void(&mut operation, authorization_id)?,
            Act::Expire { authorization_id } => {
                self.void(&mut operation, authorization_id)?;
                (operation.op, operation.state) = (Op::Expire, State::Expired);
            }
            Act::Refund { authorization_id, amount_minor, declined } => {
                let authorization = self.find(authorization_id)?;
                let refunded = authorization.refund(amount_minor)?;
                operation.describe(Op::Refund, authorization_id, authorization);
                (operation.amount_minor, operation.state) = (amount_minor, authorization.state);
                if declined {
                    operation.outcome = Outcome::Declined;
                } else {
                    operation.refunded_minor = refunded;
                }
            }
            Act::VoidByKey { target_key } => {
                let known = self.by_key(&target_key).and_then(|known| known.authorization_id);
                if let Some(authorization_id) = known {
                    self.void(&mut operation, authorization_id)?;
                } else {
                    (operation.op, operation.state) = (Op::Tombstone, State::Tombstoned);
                }
                operation.target_key = Some(target_key);
            }
        }
        Ok(operation)
    }

    fn void(&self, operation: &mut Operation, id: Uuid) -> Result<(), Refusal> {
        let authorization = self.find(id)?;
        authorization.void()?;
        operation.describe(Op::Void, id, authorization);
        operation.amount_minor -= authorization.captured_minor;
        operation.state = State::Voided;
        Ok(())
    }

    fn find(&self, id: Uuid) -> Result<&Authorization, Refusal> {
        self.authorizations.get(&id).ok_or(Refusal::UnknownAuthorization)
    }

    fn enter(&mut self, operation: Operation) {
        let index = self.operations.len();
        if let Some(id) = operation.authorization_id {
            match (operation.op, operation.currency) {
                (Op::Authorize, Some(currency)) => {
                    let authorization = Authorization {
                        reference: operation.reference.clone(),
                        currency,
                        authorized_minor: operation.amount_minor,
                        captured_minor: 0,
                        refunded_minor: 0,
                        state: State::Authorized,
                    };
                    self.authorizations.insert(id, authorization);
                }
                _ => {
                    if let Some(authorization) = self.authorizations.get_mut(&id) {
                        authorization.state = operation.state;
                        authorization.captured_minor = operation.captured_minor;
                        authorization.refunded_minor = operation.refunded_minor;
                    }
                }
            }
        }
        if let (Op::Tombstone, Some(target)) = (operation.op, &operation.target_key) {
            self.tombstones.insert(target.clone(), index);
        }
        self.by_key.insert(operation.key.clone(), index);
        self.operations.push(operation);
    }
}

impl Authorization {
    /// The sum captured when `amount_minor` more are taken.
    fn capture(&self, amount_minor: i64) -> Result<i64, Refusal> {
        match self.state {
            State::Voided => return Err(Refusal::AlreadyVoided),
            State::Expired => return Err(Refusal::Expired),
            _ => {}
        }
        match self.captured_minor.checked_add(amount_minor) {
            Some(sum) if sum <= self.authorized_minor && self.state == State::Captured => {
                Err(Refusal::AlreadyCaptured)
            }
            Some(sum) if sum <= self.authorized_minor => Ok(sum),
            _ => Err(Refusal::ExceedsAuthorized),
        }
    }

    /// The sum given back when `amount_minor` more are.
    fn refund(&self, amount_minor: i64) -> Result<i64, Refusal> {
        match self.refunded_minor.checked_add(amount_minor) {
            Some(sum) if sum <= self.captured_minor => Ok(sum),
            _ => Err(Refusal::ExceedsCaptured),
        }
    }

    fn void(&self) -> Result<(), Refusal> {
        match self.state {
            State::Expired => Err(Refusal::Expired),
            State::Captured => Err(Refusal::AlreadyCaptured),
            State::Voided => Err(Refusal::AlreadyVoided),
            _ => Ok(()),
        }
    }
}

impl Operation {
    fn describe(&mut self, op: Op, id: Uuid, authorization: &Authorization) {
        self.op = op;
        self.authorization_id = Some(id);
        self.reference.clone_from(&authorization.reference);
        self.currency = Some(authorization.currency);
        self.amount_minor = authorization.authorized_minor;
        self.captured_minor = authorization.captured_minor;
        self.refunded_minor = authorization.refunded_minor;
    }
}

impl Window {
    fn holds(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde wants")]
const fn is_zero(amount_minor: &i64) -> bool {
    *amount_minor == 0
}

impl Refusal {
    /// A stable word for it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::KeyReused => "key-reused",
            Self::KeyTombstoned => "key-tombstoned",
            Self::UnknownAuthorization => "unknown-authorization",
            Self::ExceedsAuthorized => "exceeds-authorized",
            Self::ExceedsCaptured => "exceeds-captured",
            Self::Expired => "authorization-expired",
            Self::AlreadyCaptured => "already-captured",
            Self::AlreadyVoided => "already-voided",
            Self::NotAnAuthorization => "not-an-authorization",
        }
    }
}
