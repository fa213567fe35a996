//! Messages that are being applied.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
};
use futures::{StreamExt, TryStreamExt, stream};

use super::Queue;
use crate::{LogError, Mark, Record};

/// The most that a call takes.
const BATCH: usize = 10;
/// Calls at once.
const CALLS_AT_ONCE: usize = 8;

/// By topic and partition, and by number, the right to delete each.
#[derive(Debug, Default)]
pub(super) struct Held(HashMap<(String, u16), BTreeMap<i64, String>>);

impl Held {
    pub(super) fn add(&mut self, record: &Record, number: i64, receipt: String) {
        let place = (record.topic.clone(), record.part);
        self.0.entry(place).or_default().insert(number, receipt);
    }

    /// Deletes what is applied. What cannot be deleted comes again, and is known then.
    pub(super) async fn delete(&mut self, queue: &Queue, marks: &[&Mark]) -> Result<(), LogError> {
        let mut applied = Vec::new();
        for mark in marks {
            if let Some(held) = self.0.get_mut(&(mark.topic.clone(), mark.part)) {
                let open = held.split_off(&mark.next);
                applied.extend(std::mem::replace(held, open).into_values());
            }
        }
        let calls = applied.chunks(BATCH).map(|batch| delete(queue, batch));
        all(calls.collect()).await
    }

    /// Hides what is held for as long again.
    pub(super) async fn renew(&self, queue: &Queue) -> Result<(), LogError> {
        self.hide_for(queue, queue.visibility_s()).await
    }

    /// Lets others see what was not applied.
    pub(super) async fn give_back(&mut self, queue: &Queue) -> Result<(), LogError> {
        let given = self.hide_for(queue, 0).await;
        self.0.clear();
        given
    }

    async fn hide_for(&self, queue: &Queue, seconds: i32) -> Result<(), LogError> {
        let receipts: Vec<String> = self.0.values().flat_map(BTreeMap::values).cloned().collect();
        let calls = receipts.chunks(BATCH).map(|batch| hide(queue, batch, seconds));
        all(calls.collect()).await
    }
}

async fn all(calls: Vec<impl Future<Output = Result<(), LogError>>>) -> Result<(), LogError> {
    stream::iter(calls).buffer_unordered(CALLS_AT_ONCE).try_collect().await
}

async fn delete(queue: &Queue, receipts: &[String]) -> Result<(), LogError> {
    let entries = numbered(receipts).map(|(id, receipt)| {
        DeleteMessageBatchRequestEntry::builder().id(id).receipt_handle(receipt).build()
    });
    let entries = entries.collect::<Result<_, _>>().map_err(LogError::aws)?;
    let asked = queue.client.delete_message_batch().queue_url(&queue.url);
    let told = asked.set_entries(Some(entries)).send().await.map_err(LogError::aws)?;
    if !told.failed().is_empty() {
        tracing::debug!(failed = told.failed().len(), "applied messages come again");
    }
    Ok(())
}

async fn hide(queue: &Queue, receipts: &[String], seconds: i32) -> Result<(), LogError> {
    let entries = numbered(receipts).map(|(id, receipt)| {
        ChangeMessageVisibilityBatchRequestEntry::builder()
            .id(id)
            .receipt_handle(receipt)
            .visibility_timeout(seconds)
            .build()
    });
    let entries = entries.collect::<Result<_, _>>().map_err(LogError::aws)?;
    let asked = queue.client.change_message_visibility_batch().queue_url(&queue.url);
    // One that fails was shown to another one meanwhile, or is gone.
    asked.set_entries(Some(entries)).send().await.map_err(LogError::aws)?;
    Ok(())
}

/// Ids that differ within a call.
fn numbered(receipts: &[String]) -> impl Iterator<Item = (String, &String)> {
    receipts.iter().enumerate().map(|(n, receipt)| (n.to_string(), receipt))
}
