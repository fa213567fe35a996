//! What is to be given back, and why.

use common::types::{Class, Currency, Fault, ItemId, Quantity};
use uuid::Uuid;

use super::{Liable, Reason};

const LINES_MAX: usize = 50;

/// What somebody asks to be given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefundTerms {
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    pub(crate) reason: Reason,
    pub(crate) liable: Liable,
    /// What it is for, where somebody said so; the amounts add up to the whole.
    pub(crate) lines: Vec<RefundLine>,
    /// The person or service; `None`: the machine itself.
    pub(crate) asked_by: Option<Uuid>,
}

/// Goods whose price is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefundLine {
    pub(crate) item: ItemId,
    pub(crate) quantity: Quantity,
    pub(crate) amount_minor: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RefundError {
    #[error("a refund has either an amount or 1 to {LINES_MAX} lines")]
    AmountOrLines,
    #[error("to give nothing back needs no refund")]
    Nothing,
    #[error("nothing was taken for this order")]
    NotCaptured,
    #[error("no more is given back than was taken")]
    ExceedsCaptured,
}

/// The whole of an amount or of lines.
pub(crate) fn total_minor(
    amount_minor: Option<i64>,
    lines: &[RefundLine],
) -> Result<i64, RefundError> {
    let total_minor = match (amount_minor, lines.len()) {
        (Some(amount_minor), 0) => amount_minor,
        (None, 1..=LINES_MAX) => lines
            .iter()
            .try_fold(0_i64, |sum, line| sum.checked_add(line.amount_minor))
            .ok_or(RefundError::ExceedsCaptured)?,
        _ => return Err(RefundError::AmountOrLines),
    };
    if total_minor > 0 { Ok(total_minor) } else { Err(RefundError::Nothing) }
}

impl Fault for RefundError {
    fn class(&self) -> Class {
        match self {
            Self::AmountOrLines | Self::Nothing => Class::Invalid,
            Self::NotCaptured | Self::ExceedsCaptured => Class::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::AmountOrLines => "amount-or-lines",
            Self::Nothing => "nothing-to-refund",
            Self::NotCaptured => "not-captured",
            Self::ExceedsCaptured => "exceeds-captured",
        }
    }
}
