//! What a table is: its keys, its indexes, and who may write it how.

use crate::DynamoError;

/// What may be promised about a table's rows, given that two regions hold replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableClass {
    /// Strongly consistent across regions: conditions and counters mean what they say.
    Owned,
    /// Written by the home region from a record kept elsewhere; put only if newer.
    Projection,
    /// Written once, never changed.
    Immutable,
    /// The last writer wins and nobody is hurt; conditions hold within one region.
    LwwOk,
}

/// A way to write, as far as a table's class cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Replace,
    IfAbsent,
    IfNewer,
    IfVersion,
}

impl TableClass {
    const fn allows(self, manner: Manner) -> bool {
        match self {
            Self::Owned | Self::LwwOk => true,
            Self::Projection => matches!(manner, Manner::IfNewer),
            Self::Immutable => matches!(manner, Manner::IfAbsent),
        }
    }
}

/// The type of a key attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeKind {
    /// `S`, ordered by its UTF-8 bytes.
    Text,
    /// `N`.
    Number,
}

/// An attribute that is part of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute {
    /// The attribute's name, which is the serde name of the field.
    pub name: &'static str,
    /// Its type.
    pub kind: AttributeKind,
}

impl Attribute {
    /// A text attribute.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: AttributeKind::Text }
    }

    /// A number attribute.
    #[must_use]
    pub const fn number(name: &'static str) -> Self {
        Self { name, kind: AttributeKind::Number }
    }
}

/// A global secondary index over whole items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexDef {
    /// The index's name.
    pub name: &'static str,
    /// What items are found by.
    pub partition: Attribute,
    /// What they are ordered by.
    pub sort: Option<Attribute>,
}

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableDef {
    /// The name, without the stack's prefix.
    pub name: &'static str,
    /// Who may write it how.
    pub class: TableClass,
    /// The partition key.
    pub partition: Attribute,
    /// The sort key.
    pub sort: Option<Attribute>,
    /// The secondary indexes.
    pub indexes: &'static [IndexDef],
    /// The attribute that says, in whole seconds since 1970, when an item has expired.
    pub ttl: Option<&'static str>,
}

impl TableDef {
    pub(crate) fn check(&self, manner: Manner) -> Result<(), DynamoError> {
        if self.class.allows(manner) {
            return Ok(());
        }
        let reason = match self.class {
            TableClass::Projection => "a projection is only put if newer",
            _ => "an immutable row is only put if absent",
        };
        Err(DynamoError::Misused { table: self.name, reason })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_projection_can_only_move_forward_and_an_immutable_row_is_written_once() {
        use Manner::{IfAbsent, IfNewer, IfVersion, Replace};

        assert!(TableClass::Projection.allows(IfNewer));
        assert!(TableClass::Immutable.allows(IfAbsent));
        for manner in [Replace, IfAbsent, IfVersion] {
            assert!(!TableClass::Projection.allows(manner), "{manner:?}");
        }
        for manner in [Replace, IfNewer, IfVersion] {
            assert!(!TableClass::Immutable.allows(manner), "{manner:?}");
        }
    }
}
