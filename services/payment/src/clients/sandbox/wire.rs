//! What the stand-in writes, as far as we read it.

use serde::Deserialize;
use uuid::Uuid;

use super::{class, released};
use crate::domain::{self, About, CallKey, Fact, Outcome};

/// An authorization, as it stands.
#[derive(Deserialize)]
pub(super) struct Authorization {
    pub(super) id: Uuid,
    #[serde(default)]
    pub(super) captured_minor: i64,
}

/// Something that was done.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Operation {
    op: String,
    key: String,
    outcome: String,
    authorization_id: Option<Uuid>,
    reference: String,
    amount_minor: i64,
    captured_minor: i64,
    decline_class: Option<String>,
}

/// A page of the journal.
#[derive(Deserialize)]
pub(super) struct Page {
    pub(super) operations: Vec<Operation>,
    pub(super) next_after: u64,
    pub(super) more: bool,
}

/// A webhook. What is of a kind that is not known here is an operation without words.
#[derive(Deserialize)]
pub(super) struct Webhook {
    data: Operation,
}

impl Webhook {
    pub(super) fn operation(&self) -> Option<domain::Operation> {
        self.data.read()
    }
}

impl Operation {
    /// What it means. `None`: nothing to us.
    pub(super) fn fact(&self) -> Option<Fact> {
        match (self.op.as_str(), self.outcome.as_str(), self.authorization_id) {
            ("authorize", "ok", Some(reference)) => Some(Fact::Authorized { reference }),
            ("authorize", _, _) => {
                Some(Fact::Declined { class: class(self.decline_class.as_deref()) })
            }
            ("capture", "ok", _) => Some(Fact::Captured),
            ("void", "ok", Some(reference)) => Some(released(reference, self.captured_minor)),
            ("tombstone", _, _) => Some(Fact::Forbidden),
            ("expire", _, _) => Some(Fact::Expired),
            ("refund", "ok", _) => Some(Fact::Refunded),
            ("refund", _, _) => Some(Fact::RefundRefused),
            _ => None,
        }
    }

    /// The operation in our words.
    pub(super) fn read(&self) -> Option<domain::Operation> {
        let fact = self.fact()?;
        let outcome = if self.outcome == "ok" { Outcome::Ok } else { Outcome::Refused };
        let about = match (CallKey::parse(&self.key), self.authorization_id) {
            (Some(call), _) => About::Call(call),
            (None, Some(reference)) if fact == Fact::Expired => match self.reference.parse() {
                Ok(order) => About::Authorization { order, reference },
                Err(_) => About::Nobody,
            },
            _ => About::Nobody,
        };
        let (key, amount_minor) = (self.key.clone(), self.amount_minor);
        Some(domain::Operation { key, about, outcome, amount_minor, fact })
    }
}
