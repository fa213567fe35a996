//! The file of a day: what was done with money, in JSON lines.
//!
//! A line is a [`Row`]; the last is `{"kind":"end","rows":n}`. Days are UTC. The file is there once the day is
//! over, and never changes.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use common::types::Currency;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::Provider;
use super::book::{Op, Operation, Outcome, Window};

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    /// `charge`, `capture`, `refund`, `void` or `expiry`.
    pub kind: String,
    /// The caller's key.
    pub key: String,
    /// The caller's reference.
    pub reference: String,
    /// The authorization.
    pub authorization_id: Uuid,
    /// Minor units.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: Currency,
    /// When.
    pub at: Timestamp,
}

/// The file that was asked for last: it is asked for in pieces.
#[derive(Default)]
pub(super) struct Files(Mutex<Option<(Date, Bytes)>>);

impl Files {
    /// The file of a day; nothing while the day is not over.
    pub(super) fn of(&self, provider: &Provider, day: Date) -> Option<Bytes> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, file)) = &*last
            && *known == day
        {
            return Some(file.clone());
        }
        let from = day.to_zoned(TimeZone::UTC).ok()?.timestamp();
        let to = day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
        if provider.now() < to {
            return None;
        }
        let window = Window { from: Some(from), to: Some(to) };
        let rows: Vec<Row> = provider
            .book()
            .list(0, usize::MAX, &window)
            .filter_map(|(_, operation)| Row::of(operation))
            .collect();
        let file = written(&rows).ok()?;
        *last = Some((day, file.clone()));
        Some(file)
    }
}

fn written(rows: &[Row]) -> serde_json::Result<Bytes> {
    let mut file = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut file, row)?;
        file.push(b'\n');
    }
    serde_json::to_writer(&mut file, &json!({ "kind": "end", "rows": rows.len() }))?;
    file.push(b'\n');
    Ok(file.into())
}

impl Row {
    /// Nothing where no money was touched.
    fn of(operation: &Operation) -> Option<Self> {
        if operation.outcome != Outcome::Ok {
            return None;
        }
        let kind = match operation.op {
            Op::Authorize => "charge",
            Op::Capture => "capture",
            Op::Refund => "refund",
            Op::Void => "void",
            Op::Expire => "expiry",
            Op::Tombstone => return None,
        };
        Some(Self {
            kind: kind.to_owned(),
            key: operation.key.clone(),
            reference: operation.reference.clone(),
            authorization_id: operation.authorization_id?,
            amount_minor: operation.amount_minor,
            currency: operation.currency?,
            at: operation.at,
        })
    }
}

/// What a `Range` header asks for of `length` bytes (RFC 9110, 14.2), as first and last. Only one range in
/// bytes from a beginning is known; nothing where there is none such.
pub(super) fn range(header: &str, length: usize) -> Option<(usize, usize)> {
    let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    let first: usize = first.parse().ok()?;
    let last = if last.is_empty() { usize::MAX } else { last.parse().ok()? };
    let last = last.min(length.checked_sub(1)?);
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_lies_within_the_file_or_is_none() {
        for (header, expected) in [
            ("bytes=0-4", Some((0, 4))),
            ("bytes=5-", Some((5, 9))),
            ("bytes=8-100", Some((8, 9))),
            ("bytes=10-11", None),
            ("bytes=4-3", None),
            ("bytes=-3", None),
            ("lines=0-4", None),
        ] {
            assert_eq!(range(header, 10), expected, "{header}");
        }
        assert_eq!(range("bytes=0-", 0), None);
    }
}
