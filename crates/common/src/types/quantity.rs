//! How many of an item one line asks for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// 1 to 99 of an item.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(try_from = "u8", into = "u8")]
#[schema(value_type = u8, minimum = 1, maximum = 99, example = 2)]
pub struct Quantity(u8);

/// Fewer than 1 or more than 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a quantity is 1 to 99")]
pub struct QuantityError;

impl Quantity {
    /// `n` of something.
    ///
    /// # Errors
    /// [`QuantityError`] outside 1 to 99.
    pub const fn new(n: u8) -> Result<Self, QuantityError> {
        if n >= 1 && n <= 99 { Ok(Self(n)) } else { Err(QuantityError) }
    }
}

impl TryFrom<u8> for Quantity {
    type Error = QuantityError;

    fn try_from(n: u8) -> Result<Self, QuantityError> {
        Self::new(n)
    }
}

impl From<Quantity> for u8 {
    fn from(quantity: Quantity) -> Self {
        quantity.0
    }
}

impl From<Quantity> for i64 {
    fn from(quantity: Quantity) -> Self {
        Self::from(quantity.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_1_to_99_are_quantities() {
        for text in ["0", "100", "-1", "1.5", "1e1", "\"1\"", "4294967296", "1000000000"] {
            assert!(serde_json::from_str::<Quantity>(text).is_err(), "{text}");
        }
        for n in [1, 2, 99] {
            assert_eq!(
                serde_json::from_str::<Quantity>(&n.to_string()).map(u8::from).ok(),
                Some(n)
            );
        }
    }
}
