//! What finds an item.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use common::types::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AttributeKind, DynamoError, TableDef};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// One half of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum KeyPart {
    /// A whole number; a time is its microseconds since 1970.
    Number(i64),
    /// Text; an id is its hyphenated lower-case form.
    Text(String),
}

impl From<&str> for KeyPart {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for KeyPart {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Uuid> for KeyPart {
    fn from(id: Uuid) -> Self {
        Self::Text(id.to_string())
    }
}

impl From<i64> for KeyPart {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<Timestamp> for KeyPart {
    fn from(at: Timestamp) -> Self {
        Self::Number(at.as_microsecond())
    }
}

impl KeyPart {
    pub(crate) fn to_attribute(&self) -> AttributeValue {
        match self {
            Self::Text(text) => AttributeValue::S(text.clone()),
            Self::Number(number) => AttributeValue::N(number.to_string()),
        }
    }

    pub(crate) fn from_attribute(value: &AttributeValue) -> Option<Self> {
        match value {
            AttributeValue::S(text) => Some(Self::Text(text.clone())),
            AttributeValue::N(number) => number.parse().ok().map(Self::Number),
            _ => None,
        }
    }

    const fn kind(&self) -> AttributeKind {
        match self {
            Self::Text(_) => AttributeKind::Text,
            Self::Number(_) => AttributeKind::Number,
        }
    }
}

/// The key of one item: `"a"`, or `("a", 7)` where the table has a sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    partition: KeyPart,
    sort: Option<KeyPart>,
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self { partition: text.into(), sort: None }
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Self { partition: text.into(), sort: None }
    }
}

impl From<Uuid> for Key {
    fn from(id: Uuid) -> Self {
        Self { partition: id.into(), sort: None }
    }
}

impl<P: Into<KeyPart>, S: Into<KeyPart>> From<(P, S)> for Key {
    fn from((partition, sort): (P, S)) -> Self {
        Self { partition: partition.into(), sort: Some(sort.into()) }
    }
}

impl Key {
    /// The key as `table` spells it.
    pub(crate) fn of(self, table: &TableDef) -> Result<Item, DynamoError> {
        let mut item = Item::new();
        let misused = |reason| DynamoError::Misused { table: table.name, reason };
        if self.partition.kind() != table.partition.kind {
            return Err(misused("the partition key has another type"));
        }
        item.insert(table.partition.name.to_owned(), self.partition.to_attribute());
        match (table.sort, self.sort) {
            (None, None) => {}
            (Some(sort), Some(part)) if part.kind() == sort.kind => {
                item.insert(sort.name.to_owned(), part.to_attribute());
            }
            _ => return Err(misused("the sort key is missing, superfluous or of another type")),
        }
        Ok(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::{ACTIVE_ORDERS, CARTS};

    #[test]
    fn a_key_must_fit_its_table() {
        assert!(Key::from("a").of(&CARTS).is_ok());
        assert!(Key::from(("a", 7)).of(&ACTIVE_ORDERS).is_ok());

        assert!(Key::from("a").of(&ACTIVE_ORDERS).is_err());
        assert!(Key::from(("a", 7)).of(&CARTS).is_err());
        assert!(Key::from(("a", "yesterday")).of(&ACTIVE_ORDERS).is_err());
    }
}
