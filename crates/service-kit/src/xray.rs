//! What a service knows of one order, in the shape in which the gateway joins it with the others'.

use std::collections::BTreeMap;

use common::types::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The lanes that one service tells, or all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Xray {
    /// One for each thing that happens beside the others: saga, stock, money, kitchen, courier, messages.
    pub lanes: Vec<XrayLane>,
}

/// One thing that happens beside the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct XrayLane {
    /// Such as `stock`.
    pub name: String,
    /// What happened, the oldest first.
    pub entries: Vec<XrayEntry>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct XrayEntry {
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// What: a state that was reached, a call that was made, a message that was sent.
    pub what: String,
    /// Who did it, where that is known: an id or the name of a service, never a person's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The trace, 32 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// The rest, such as amounts, quantities and keys; never what a person is called or where one lives.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<String, String>,
}

impl Xray {
    /// One lane, as most services tell it.
    #[must_use]
    pub fn of(name: &str, entries: Vec<XrayEntry>) -> Self {
        Self { lanes: vec![XrayLane::new(name, entries)] }
    }
}

impl XrayLane {
    /// A lane, told from its beginning.
    #[must_use]
    pub fn new(name: &str, mut entries: Vec<XrayEntry>) -> Self {
        entries.sort_by_key(|entry| entry.at);
        Self { name: name.to_owned(), entries }
    }
}

impl XrayEntry {
    /// Something that happened; the rest is added.
    #[must_use]
    pub fn new(at: Timestamp, what: impl Into<String>) -> Self {
        let (actor, cause, trace, detail) = (None, None, None, BTreeMap::new());
        Self { at, what: what.into(), actor, cause, trace, detail }
    }

    /// Who did it.
    #[must_use]
    pub fn by(mut self, actor: impl Into<String>) -> Self {
        self.actor = Some(actor.into());
        self
    }

    /// Why it was done.
    #[must_use]
    pub fn because(mut self, cause: Option<String>) -> Self {
        self.cause = cause;
        self
    }

    /// In which trace.
    #[must_use]
    pub fn traced(mut self, trace: Option<String>) -> Self {
        self.trace = trace;
        self
    }

    /// Adds one more thing that is known of it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.detail.insert(name.to_owned(), value.to_string());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_left_out_and_may_be_missing() {
        let at: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let xray = Xray::of("stock", vec![XrayEntry::new(at, "HELD").with("quantity", 2)]);

        let text = serde_json::to_string(&xray).unwrap();

        let expected = r#"{"lanes":[{"name":"stock","entries":[{"at":"2026-11-21T12:00:00Z","what":"HELD","detail":{"quantity":"2"}}]}]}"#;
        assert_eq!(text, expected);
        assert_eq!(serde_json::from_str::<Xray>(&text).unwrap(), xray);
    }

    #[test]
    fn a_lane_is_told_from_its_beginning() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let later = XrayEntry::new(at("2026-11-21T12:00:01Z"), "CONFIRMED");
        let first = XrayEntry::new(at("2026-11-21T12:00:00Z"), "HELD");
        assert_eq!(
            XrayLane::new("stock", vec![later.clone(), first.clone()]).entries,
            [first, later]
        );
    }
}
