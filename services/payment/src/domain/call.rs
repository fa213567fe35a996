//! Calls to the provider, each with a key that is derived and never drawn.

use common::types::OrderId;
use uuid::Uuid;

/// What is asked of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Authorize,
    Capture,
    Void,
}

/// A call that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) step: Step,
    pub(crate) generation: i32,
    pub(crate) amount_minor: i64,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) key: String,
    pub(crate) outcome: Outcome,
    pub(crate) amount_minor: i64,
    pub(crate) reference: Option<Uuid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    Refused,
    /// It never arrived, and never will.
    Tombstone,
}

impl Step {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Capture => "capture",
            Self::Void => "void",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Authorize, Self::Capture, Self::Void].into_iter().find(|step| step.name() == name)
    }

    /// `order_id:step:generation`: the same question is always the same key.
    pub(crate) fn key(self, order: OrderId, generation: i32) -> String {
        format!("{order}:{}:{generation}", self.name())
    }
}

impl Outcome {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Refused => "REFUSED",
            Self::Tombstone => "TOMBSTONE",
        }
    }
}
