//! Asks owners for what they hold now.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use common::types::Fault;
use tokio::{sync::Semaphore, task::JoinError};
use tracing::Instrument;

use super::{Courier, lane::LaneKey};
use crate::{
    metrics::{METRICS, with_outcome},
    snapshot::Missed,
};

/// Owners asked at once: a slow one must not take the connections from those who apply events.
const AT_ONCE: usize = 2;

/// Histories that are being asked for, and those that rest because it led to nothing.
pub(super) struct Asked {
    permits: Semaphore,
    histories: Mutex<HashMap<LaneKey, Asking>>,
}

struct Asking {
    tries: u32,
    /// When it may be tried again; `None` while it is.
    again_at: Option<Instant>,
}

impl Default for Asked {
    fn default() -> Self {
        Self { permits: Semaphore::new(AT_ONCE), histories: Mutex::default() }
    }
}

impl Asked {
    fn histories(&self) -> MutexGuard<'_, HashMap<LaneKey, Asking>> {
        self.histories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of this try; `None` while another one asks, or the history rests.
    fn begin(&self, key: &LaneKey) -> Option<u32> {
        let mut histories = self.histories();
        let tries = match histories.get(key) {
            None => 1,
            Some(Asking { tries, again_at: Some(at) }) if *at <= Instant::now() => tries + 1,
            Some(_) => return None,
        };
        histories.insert(key.clone(), Asking { tries, again_at: None });
        Some(tries)
    }

    fn end(&self, key: &LaneKey, rest: Option<Asking>) {
        let mut histories = self.histories();
        match rest {
            Some(asking) => histories.insert(key.clone(), asking),
            None => histories.remove(key),
        };
    }

    /// Forgets the rest of histories that miss nothing any more.
    pub(super) fn keep(&self, missed: &[LaneKey]) {
        let missed: HashSet<&LaneKey> = missed.iter().collect();
        self.histories().retain(|key, asking| asking.again_at.is_none() || missed.contains(key));
    }
}

impl Courier {
    /// Asks the owner of a history for what it holds now, unless that led to nothing a moment ago; whether
    /// it was taken. On a task of its own that nobody drops.
    pub(super) async fn refetch(self: &Arc<Self>, key: &LaneKey) -> bool {
        let (source, subject) = key;
        if !self.listeners.refetches(source) {
            return false;
        }
        let Some(tries) = self.asked.begin(key) else { return false };
        let missed = Missed::new(self.listeners.consumer(), source, subject);
        let outcome = {
            let _permit = self.asked.permits.acquire().await;
            let span = tracing::info_span!("events.refetch", event.key = subject);
            self.tasks.spawn(self.listeners.refetch(missed.clone()).instrument(span)).await
        };
        let taken = matches!(outcome, Ok(Ok(()))) && missed.was_taken();
        self.report(&missed, taken, outcome);
        let again_at = Some(Instant::now() + self.config.retry_pause(tries));
        self.asked.end(key, (!taken).then_some(Asking { tries, again_at }));
        taken
    }

    fn report(
        &self,
        missed: &Missed,
        taken: bool,
        outcome: Result<Result<(), Box<dyn Fault>>, JoinError>,
    ) {
        let consumer = self.listeners.consumer();
        METRICS
            .refetched
            .add(1, &with_outcome(consumer, if taken { "taken" } else { "not taken" }));
        let error: Option<Box<dyn std::error::Error>> = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(fault)) => Some(fault),
            Err(panic) => Some(Box::new(panic)),
        };
        let (source, key) = (&missed.source, &missed.key);
        match error {
            None if taken => tracing::info!(
                event.source = source,
                event.key = key,
                consumer.name = consumer,
                "snapshot taken",
            ),
            error => tracing::warn!(
                error = error.as_deref(),
                event.source = source,
                event.key = key,
                consumer.name = consumer,
                "no snapshot taken, the owner is asked again",
            ),
        }
    }
}
