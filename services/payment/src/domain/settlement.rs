//! The provider's daily file.

use common::types::{Currency, OrderId};

use super::CallKey;

/// A line of the file: money that was held, let go, taken or given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SettledRow {
    /// With which key.
    pub(crate) key: String,
    pub(crate) kind: SettledKind,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SettledKind {
    Charge,
    Capture,
    Refund,
    Void,
    Expiry,
}

impl SettledKind {
    const ALL: [Self; 5] = [Self::Charge, Self::Capture, Self::Refund, Self::Void, Self::Expiry];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Capture => "capture",
            Self::Refund => "refund",
            Self::Void => "void",
            Self::Expiry => "expiry",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl SettledRow {
    /// The order and the act that should stand in the books. `None`: no key of ours.
    pub(crate) fn act(&self) -> Option<(OrderId, String)> {
        let CallKey { order, step, number } = CallKey::parse(&self.key)?;
        Some((order, format!("{}:{number}", step.name())))
    }
}
