//! Calls to the provider, each with a key that is derived and never drawn.

use common::types::OrderId;
use uuid::Uuid;

/// What is asked of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Authorize,
    Capture,
    Void,
    Refund,
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
    Asked,
    Ok,
    Refused,
    /// It never arrived, and never will.
    Tombstone,
}

/// A key, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallKey {
    pub(crate) order: OrderId,
    pub(crate) step: Step,
    pub(crate) number: i32,
}

impl CallKey {
    /// `None`: no key of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (order, step, number) = (parts.next()?, parts.next()?, parts.next()?);
        let key = Self {
            order: order.parse().ok()?,
            step: Step::parse(step)?,
            number: number.parse().ok().filter(|number| *number > 0)?,
        };
        (parts.next().is_none() && key.step.key(key.order, key.number) == text).then_some(key)
    }
}

impl Step {
    const ALL: [Self; 4] = [Self::Authorize, Self::Capture, Self::Void, Self::Refund];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Capture => "capture",
            Self::Void => "void",
            Self::Refund => "refund",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }

    /// `order_id:step:generation`: the same question is always the same key.
    pub(crate) fn key(self, order: OrderId, generation: i32) -> String {
        format!("{order}:{}:{generation}", self.name())
    }
}

impl Outcome {
    const ALL: [Self; 4] = [Self::Asked, Self::Ok, Self::Refused, Self::Tombstone];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Asked => "ASKED",
            Self::Ok => "OK",
            Self::Refused => "REFUSED",
            Self::Tombstone => "TOMBSTONE",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = "0191e4b0-0000-5000-8000-000000000001";

    #[test]
    fn a_key_is_read_as_it_was_written_and_nothing_else_is_one() {
        let key = CallKey::parse(&format!("{ORDER}:refund:12")).unwrap();
        assert_eq!(
            (key.order.to_string().as_str(), key.step, key.number),
            (ORDER, Step::Refund, 12)
        );

        for other in
            [":1", ":refund", ":refund:0", ":refund:-1", ":refund:01", ":refund:1:1", ":x:1"]
        {
            assert_eq!(CallKey::parse(&format!("{ORDER}{other}")), None, "{other}");
        }
        assert_eq!(CallKey::parse("refund:1"), None);
        assert_eq!(CallKey::parse(&format!("{}:void:1", ORDER.to_uppercase())), None);
    }
}
