//! The events about one key, one after the other.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use common::types::Fault;
use tokio::sync::Notify;

use super::{
    Courier,
    attempt::{Job, Meaning, meaning_of},
    letters, position,
};
use crate::{Envelope, inbox::Claim};

/// Source and key.
pub(super) type LaneKey = (String, String);

const ATTEMPTS_MAX: i32 = 5;
/// How often an early event is tried again while it waits for the one before it.
const GAP_LOOK: Duration = Duration::from_millis(100);

/// Events about one key that wait; while it exists, a task works on them.
#[derive(Default)]
pub(super) struct Lane {
    /// By place in history, then by offset: a late one goes before those that wait for it.
    queue: BTreeMap<(i64, i64), Job>,
    arrived: Arc<Notify>,
}

/// What became of an event.
enum End {
    Done,
    Early,
    Replaced,
    Stopped,
    /// What was folded into it has to go its own way.
    Apart,
}

impl Courier {
    /// Queues events up behind their key.
    pub(super) fn enqueue(self: &Arc<Self>, key: LaneKey, jobs: Vec<Job>) {
        let mut lanes = self.lanes();
        let asleep = !lanes.contains_key(&key);
        let lane = lanes.entry(key.clone()).or_default();
        for job in jobs {
            if let Some(former) = lane.queue.insert((job.seq(), job.place.offset), job) {
                // Read twice: under a former lease and under this one.
                self.dropped(former.size());
            }
        }
        lane.arrived.notify_one();
        drop(lanes);
        if asleep {
            let courier = Arc::clone(self);
            self.tasks.spawn(async move { courier.work_off(key).await });
        }
    }

    /// The next event about a key; without one its lane is closed.
    fn next(&self, key: &LaneKey) -> Option<(Job, Arc<Notify>)> {
        let mut lanes = self.lanes();
        if self.halt.is_cancelled() {
            let left = lanes.remove(key);
            self.dropped(left.map_or(0, |lane| lane.queue.values().map(Job::size).sum()));
            return None;
        }
        let lane = lanes.get_mut(key)?;
        let Some((_, job)) = lane.queue.pop_first() else {
            lanes.remove(key);
            return None;
        };
        Some((job, Arc::clone(&lane.arrived)))
    }

    fn put_back(&self, key: &LaneKey, job: Job) {
        if let Some(lane) = self.lanes().get_mut(key) {
            lane.queue.insert((job.seq(), job.place.offset), job);
        }
    }

    async fn work_off(self: Arc<Self>, key: LaneKey) {
        let mut early_since: Option<Instant> = None;
        while let Some((mut job, arrived)) = self.next(&key) {
            match self.apply(&mut job).await {
                End::Done => {
                    early_since = None;
                    self.done(&job);
                }
                End::Stopped => self.dropped(job.size()),
                End::Apart => {
                    for before in std::mem::take(&mut job.before) {
                        self.put_back(&key, before);
                    }
                    self.put_back(&key, job);
                }
                End::Early => {
                    let since = *early_since.get_or_insert_with(Instant::now);
                    if since.elapsed() < self.config.gap_wait() {
                        self.put_back(&key, job);
                        let wait = wait_for(&arrived, GAP_LOOK);
                        self.halt.run_until_cancelled(wait).await;
                    } else if self.put_aside(&key, &job, position::early).await {
                        early_since = None;
                    }
                }
                End::Replaced => {
                    self.put_aside(&key, &job, position::replaced).await;
                }
            }
        }
    }

    /// Parks an event and asks its owner for what it holds now; whether that was taken.
    async fn put_aside<F: Fault>(
        self: &Arc<Self>,
        key: &LaneKey,
        job: &Job,
        fault: impl Fn(&Envelope) -> F,
    ) -> bool {
        let parked = match &job.envelope {
            Ok(envelope) => self.park(job, &fault(envelope)).await,
            Err(_) => false,
        };
        if !parked {
            self.dropped(job.size());
            return false;
        }
        self.done(job);
        self.refetch(key).await
    }

    /// Applies an event or makes it a dead letter, however long the database takes.
    async fn apply(self: &Arc<Self>, job: &mut Job) -> End {
        let envelope = &match &job.envelope {
            Ok(envelope) => Arc::clone(envelope),
            Err(error) => return self.bury(job, error, 1).await,
        };
        let mut attempt = 1;
        loop {
            let fault = if self.listeners.hears(&envelope.kind) {
                self.attempt(envelope, &job.record, None, &job.before).await.err()
            } else {
                self.pass_over(envelope).await.err()
            };
            let Some(fault) = fault else { return End::Done };
            let meaning = meaning_of(&*fault);
            if !job.before.is_empty() && meaning != Meaning::Away {
                if !self.pass_before(job).await {
                    return End::Apart;
                }
                if matches!(meaning, Meaning::Early | Meaning::Replaced) {
                    continue;
                }
            }
            match meaning {
                Meaning::Early => return End::Early,
                Meaning::Replaced => return self.replaced(envelope),
                Meaning::Away => self.complain(envelope, &*fault, attempt),
                Meaning::Passing if attempt < ATTEMPTS_MAX => {
                    self.complain(envelope, &*fault, attempt);
                    attempt += 1;
                }
                Meaning::Passing | Meaning::Final => return self.bury(job, &*fault, attempt).await,
            }
            self.rest(self.config.retry_pause(attempt.unsigned_abs())).await;
            if self.halt.is_cancelled() {
                return End::Stopped;
            }
        }
    }

    /// Passes over what was folded into a job, one by one; `false` where one of them is not due.
    async fn pass_before(&self, job: &mut Job) -> bool {
        while let Some(before) = job.before.first() {
            let passed = match &before.envelope {
                Ok(envelope) => self.pass_over(envelope).await.is_ok(),
                Err(_) => false,
            };
            if !passed {
                return false;
            }
            self.done(&job.before.remove(0));
        }
        true
    }

    /// Where nobody can be asked, a replaced history goes on from where it was heard.
    fn replaced(&self, envelope: &Envelope) -> End {
        if self.listeners.refetches(&envelope.source) { End::Replaced } else { End::Done }
    }

    fn complain(&self, envelope: &Envelope, fault: &dyn Fault, attempt: i32) {
        tracing::warn!(
            error = fault as &dyn std::error::Error,
            error.code = fault.code(),
            event.id = %envelope.id,
            event.r#type = envelope.kind,
            event.key = envelope.key,
            event.attempt = attempt,
            consumer.name = self.listeners.consumer(),
            "event not applied, trying again",
        );
    }

    /// Makes a dead letter of an event and lets its key go on.
    async fn bury(&self, job: &Job, fault: &dyn Fault, attempts: i32) -> End {
        loop {
            match letters::bury(self, job, fault, attempts).await {
                Ok(Claim::First | Claim::Again) => return End::Done,
                Ok(Claim::Early) => return End::Early,
                Ok(Claim::Replaced) => {
                    return job
                        .envelope
                        .as_ref()
                        .map_or(End::Done, |envelope| self.replaced(envelope));
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, event.id = %job.event_id(), "dead letter not kept");
                }
            }
            self.rest(self.config.retry_pause(1)).await;
            if self.halt.is_cancelled() {
                return End::Stopped;
            }
        }
    }

    /// Keeps an event however long the database takes; `false` when stopped.
    async fn park(&self, job: &Job, fault: &dyn Fault) -> bool {
        while !self.halt.is_cancelled() {
            match letters::park(self, job, fault).await {
                Ok(()) => return true,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, event.id = %job.event_id(), "event not parked");
                }
            }
            self.rest(self.config.retry_pause(1)).await;
        }
        false
    }
}

#[expect(clippy::disallowed_methods, reason = "drops a wait, no work")]
async fn wait_for(arrived: &Notify, at_most: Duration) {
    let _ = tokio::time::timeout(at_most, arrived.notified()).await;
}
