//! Records as entries of `PutEvents` calls.

use aws_sdk_eventbridge::{
    Client,
    types::{PutEventsRequestEntry, PutEventsResultEntry},
};

use super::cloud_event;
use crate::{Answers, LogError, Record};

/// What a call takes, as AWS documents it.
const ENTRIES_MAX: usize = 10;
const BYTES_MAX: usize = 256 * 1024;
/// What AWS counts for an entry's time.
const TIME_BYTES: usize = 14;
/// An event without a type is nobody's, but AWS wants one.
const UNKNOWN: &str = "unknown";

/// A record on its way.
pub(super) struct Entry {
    entry: PutEventsRequestEntry,
    size: usize,
}

impl Entry {
    pub(super) fn of(record: &Record, bus_name: &str) -> Self {
        let kind = record.headers.get("ce_type").map_or(UNKNOWN, String::as_str);
        let detail = cloud_event::detail_of(record);
        let size = TIME_BYTES + record.topic.len() + kind.len() + detail.len();
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(bus_name)
            .source(&record.topic)
            .detail_type(kind)
            .detail(detail)
            .build();
        Self { entry, size }
    }
}

/// Cuts entries, in their order, into calls that are not too large. One that is too large for any call
/// stands alone.
pub(super) fn chunks(entries: &[Entry]) -> Vec<&[Entry]> {
    let mut chunks = Vec::new();
    let mut rest = entries;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest.iter().take(ENTRIES_MAX).take_while(|entry| {
            bytes += entry.size;
            bytes <= BYTES_MAX
        });
        let (chunk, behind) = rest.split_at(fitting.count().max(1));
        chunks.push(chunk);
        rest = behind;
    }
    chunks
}

/// Puts a chunk on the bus, which answers for each entry.
pub(super) async fn put(bus: &Client, chunk: &[Entry]) -> Result<Answers, LogError> {
    if let [Entry { size, .. }] = chunk
        && *size > BYTES_MAX
    {
        return Ok(vec![Err(LogError::TooLarge { bytes: *size })]);
    }
    let entries = chunk.iter().map(|entry| entry.entry.clone()).collect();
    let told = bus.put_events().set_entries(Some(entries)).send().await.map_err(LogError::aws)?;
    if told.entries().len() != chunk.len() {
        return Err(LogError::Broken("eventbridge did not answer for each entry"));
    }
    if told.failed_entry_count() > 0 {
        tracing::debug!(failed = told.failed_entry_count(), "eventbridge refused entries");
    }
    Ok(told.entries().iter().map(answer).collect())
}

/// An entry was taken when it was given an id, whatever the count of failures says.
fn answer(entry: &PutEventsResultEntry) -> Result<(), LogError> {
    match (entry.error_code(), entry.event_id()) {
        (None, Some(_)) => Ok(()),
        (code, _) => Err(LogError::refused(code.unwrap_or("no-id"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(sizes: &[usize]) -> Vec<Entry> {
        let entry =
            |size: &usize| Entry { entry: PutEventsRequestEntry::builder().build(), size: *size };
        sizes.iter().map(entry).collect()
    }

    #[test]
    fn a_call_carries_ten_entries_and_256_kb_at_most() {
        for (sizes, expected) in [
            (vec![], vec![]),
            (vec![1; 21], vec![10, 10, 1]),
            (vec![BYTES_MAX / 2, BYTES_MAX / 2, 1], vec![2, 1]),
            (vec![1, BYTES_MAX + 1, 1, 1], vec![1, 1, 2]),
            (vec![70_000; 5], vec![3, 2]),
        ] {
            let entries = entries(&sizes);
            let lengths: Vec<usize> = chunks(&entries).iter().map(|chunk| chunk.len()).collect();
            assert_eq!(lengths, expected);
        }
    }

    #[test]
    fn an_entry_without_an_id_was_not_taken() {
        let told = [(None, Some("id")), (Some("InternalFailure"), None), (None, None)];
        let answers = told.map(|(code, id): (Option<&str>, Option<&str>)| {
            let entry = PutEventsResultEntry::builder()
                .set_error_code(code.map(str::to_owned))
                .set_event_id(id.map(str::to_owned));
            answer(&entry.build()).is_ok()
        });
        assert_eq!(answers, [true, false, false]);
    }
}
