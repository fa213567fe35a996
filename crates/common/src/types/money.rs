//! Money as integer minor units with a currency; arithmetic that refuses to overflow.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Quantity;

/// An ISO 4217 code: three upper-case letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "USD")]
pub struct Currency([u8; 3]);

/// An amount of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// An amount that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not three upper-case letters.
    #[error("a currency is three upper-case letters")]
    NotACurrency,
    /// Two currencies were added.
    #[error("amounts of different currencies cannot be added")]
    MixedCurrencies,
    /// More than 64 bits.
    #[error("the amount is too large")]
    Overflow,
}

impl Currency {
    /// US dollars, the seeds' currency.
    pub const USD: Self = Self(*b"USD");

    /// Reads an ISO 4217 code.
    ///
    /// # Errors
    /// [`MoneyError::NotACurrency`]
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| MoneyError::NotACurrency)?;
        if code.iter().all(u8::is_ascii_uppercase) {
            Ok(Self(code))
        } else {
            Err(MoneyError::NotACurrency)
        }
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl Money {
    /// `minor` units (cents) of `currency`; may be negative.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::MixedCurrencies`], [`MoneyError::Overflow`]
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::MixedCurrencies);
        }
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// `quantity` times the amount.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`]
    pub fn times(self, quantity: Quantity) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_mul(i64::from(quantity)).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(text: String) -> Result<Self, MoneyError> {
        Self::parse(&text)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl std::fmt::Debug for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Display for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn currencies_are_three_upper_case_letters_and_nothing_else() {
        assert_eq!(Currency::parse("USD"), Ok(Currency::USD));
        for text in ["usd", "US", "USDX", "U D", ""] {
            assert_eq!(Currency::parse(text), Err(MoneyError::NotACurrency), "{text}");
        }
    }

    #[test]
    fn currencies_do_not_mix() {
        let euro = Currency::parse("EUR").unwrap();
        let sum = Money::new(1, Currency::USD).plus(Money::new(1, euro));
        assert_eq!(sum, Err(MoneyError::MixedCurrencies));
    }

    proptest! {
        #[test]
        fn a_sum_is_exact_or_refused(a: i64, b: i64) {
            let sum = Money::new(a, Currency::USD).plus(Money::new(b, Currency::USD));
            prop_assert_eq!(sum.ok().map(Money::minor), a.checked_add(b));
        }

        #[test]
        fn a_product_is_exact_or_refused(a: i64, n in 1_u8..=99) {
            let product = Money::new(a, Currency::USD).times(Quantity::new(n).unwrap());
            prop_assert_eq!(product.ok().map(Money::minor), a.checked_mul(i64::from(n)));
        }
    }
}
