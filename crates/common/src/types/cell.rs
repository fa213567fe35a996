//! The unit of scale and of failure.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A set of stores with one home region, such as `east-a`: 1 to 32 of `a-z`, `0-9` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[a-z0-9-]{1,32}$", example = "east-a")]
pub struct Cell(String);

/// Not the name of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a cell is named by 1 to 32 of a-z, 0-9 and -")]
pub struct CellError;

impl Cell {
    /// Reads a name.
    ///
    /// # Errors
    /// [`CellError`]
    pub fn parse(text: &str) -> Result<Self, CellError> {
        let clean = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=32).contains(&text.len()) && text.bytes().all(clean) {
            Ok(Self(text.to_owned()))
        } else {
            Err(CellError)
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Cell {
    type Error = CellError;

    fn try_from(text: String) -> Result<Self, CellError> {
        Self::parse(&text)
    }
}

impl From<Cell> for String {
    fn from(cell: Cell) -> Self {
        cell.0
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
