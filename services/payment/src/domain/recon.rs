//! Our calls beside the provider's list of what it did.

use common::types::OrderId;
use uuid::Uuid;

use super::{CallKey, Fact, Outcome};

/// Something that the provider did, as it tells by webhook or in its list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operation {
    /// With which key.
    pub(crate) key: String,
    pub(crate) about: About,
    pub(crate) outcome: Outcome,
    pub(crate) amount_minor: i64,
    pub(crate) fact: Fact,
}

/// What an operation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// One of our calls, or what looks like one.
    Call(CallKey),
    /// Something that the provider did by itself to an authorization.
    Authorization { order: OrderId, reference: Uuid },
    /// Nothing of ours.
    Nobody,
}

/// One of our calls, as we know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) order: OrderId,
    pub(crate) outcome: Outcome,
    pub(crate) amount_minor: i64,
}

/// What a comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Same,
    /// It is open here: what the provider says decides it.
    Open,
    Differs(Difference),
}

/// How the provider's books and ours differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Difference {
    /// The provider did something that we never asked for.
    UnknownOperation,
    /// One says that it was done, the other that it was not.
    OutcomeDiffers,
    AmountDiffers,
    /// We believe that it was done, and the provider does not know it.
    MissingAtProvider,
    /// What the provider says cannot follow what it said before.
    Contradiction,
    /// The provider refuses to give money back.
    RefundRefused,
    /// The provider's file has a line that the books know nothing of.
    MissingHere,
    /// The books have an act that no file of the provider's has a line for.
    MissingThere,
    CurrencyDiffers,
    /// There is no whole file of a day, a day after it was due.
    FileMissing,
}

impl Difference {
    const ALL: [Self; 10] = [
        Self::UnknownOperation,
        Self::OutcomeDiffers,
        Self::AmountDiffers,
        Self::MissingAtProvider,
        Self::Contradiction,
        Self::RefundRefused,
        Self::MissingHere,
        Self::MissingThere,
        Self::CurrencyDiffers,
        Self::FileMissing,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::UnknownOperation => "unknown-operation",
            Self::OutcomeDiffers => "outcome-differs",
            Self::AmountDiffers => "amount-differs",
            Self::MissingAtProvider => "missing-at-provider",
            Self::Contradiction => "contradiction",
            Self::RefundRefused => "refund-refused",
            Self::MissingHere => "missing-here",
            Self::MissingThere => "missing-there",
            Self::CurrencyDiffers => "currency-differs",
            Self::FileMissing => "file-missing",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|difference| difference.name() == name)
    }
}

/// Compares an operation of the provider's with our call of the same key.
pub(crate) fn compare(known: Option<&Known>, operation: &Operation) -> Verdict {
    match known {
        None => Verdict::Differs(Difference::UnknownOperation),
        Some(known) if known.outcome == Outcome::Asked => Verdict::Open,
        Some(known) if known.outcome != operation.outcome => {
            Verdict::Differs(Difference::OutcomeDiffers)
        }
        Some(known) if known.amount_minor != operation.amount_minor => {
            Verdict::Differs(Difference::AmountDiffers)
        }
        Some(_) => Verdict::Same,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: OrderId = OrderId::from_uuid(Uuid::from_u128(1));

    fn compared(known: Option<(Outcome, i64)>, theirs: Outcome) -> Verdict {
        let known =
            known.map(|(outcome, amount_minor)| Known { order: ORDER, outcome, amount_minor });
        let (key, about, fact) = ("k".to_owned(), About::Nobody, Fact::Captured);
        let operation = Operation { key, about, outcome: theirs, amount_minor: 5, fact };
        compare(known.as_ref(), &operation)
    }

    #[test]
    fn both_books_are_held_side_by_side() {
        use Outcome::{Asked, Ok, Refused, Tombstone};
        for (ours, theirs, verdict) in [
            (Some((Ok, 5)), Ok, Verdict::Same),
            (Some((Refused, 5)), Refused, Verdict::Same),
            (Some((Asked, 5)), Ok, Verdict::Open),
            (Some((Ok, 6)), Ok, Verdict::Differs(Difference::AmountDiffers)),
            (Some((Tombstone, 0)), Ok, Verdict::Differs(Difference::OutcomeDiffers)),
            (Some((Ok, 5)), Refused, Verdict::Differs(Difference::OutcomeDiffers)),
            (None, Ok, Verdict::Differs(Difference::UnknownOperation)),
        ] {
            assert_eq!(compared(ours, theirs), verdict, "{ours:?} {theirs:?}");
        }
    }
}
