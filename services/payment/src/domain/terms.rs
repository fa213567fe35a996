//! What was asked for.

use common::types::{Cell, Class, Currency, CustomerId, Fault, OrderId, StoreId, Text};

use super::CaptureMethod;

/// The most that one payment may be about, in minor units.
pub(crate) const AMOUNT_MAX_MINOR: i64 = 100_000_000;

/// What an order asks to be paid, by whom and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) order: OrderId,
    pub(crate) customer: CustomerId,
    pub(crate) store: StoreId,
    pub(crate) cell: Cell,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
    /// The provider's token of the card; printed as `***`.
    pub(crate) method: Text<64>,
    pub(crate) generation: i32,
    pub(crate) capture: CaptureMethod,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TermsError {
    #[error("a payment is about at most {AMOUNT_MAX_MINOR} minor units")]
    TooMuch,
    #[error("tries are counted from 1")]
    NoGeneration,
    #[error("a payment needs a payment method")]
    NoMethod,
}

impl Fault for TermsError {
    fn class(&self) -> Class {
        Class::Invalid
    }

    fn code(&self) -> &'static str {
        match self {
            Self::TooMuch => "amount-too-large",
            Self::NoGeneration => "generation-not-allowed",
            Self::NoMethod => "no-payment-method",
        }
    }
}

impl Terms {
    pub(crate) fn check(self) -> Result<Self, TermsError> {
        if !(0..=AMOUNT_MAX_MINOR).contains(&self.amount_minor) {
            return Err(TermsError::TooMuch);
        }
        if self.generation < 1 {
            return Err(TermsError::NoGeneration);
        }
        if self.method.as_str().is_empty() && self.amount_minor > 0 {
            return Err(TermsError::NoMethod);
        }
        Ok(self)
    }

    /// Whether it is the same order, between the same parties, in the same money and taken in the same way.
    pub(crate) fn is_between_the_same(&self, other: &Self) -> bool {
        (self.order, self.customer, self.store, self.currency)
            == (other.order, other.customer, other.store, other.currency)
            && (&self.cell, self.capture) == (&other.cell, other.capture)
    }

    /// One line that differs where anything that matters differs.
    pub(crate) fn canonical(&self) -> String {
        format!(
            "{}/{}/{}/{}/{}/{}/{}/{}",
            self.order,
            self.customer,
            self.store,
            self.amount_minor,
            self.currency,
            self.generation,
            self.method.as_str(),
            self.capture.name()
        )
    }
}
