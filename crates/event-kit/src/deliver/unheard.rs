//! Events of types that nobody hears, until their positions move together.

use std::collections::BTreeMap;

use super::{attempt::Job, lane::LaneKey};
use crate::Listeners;

/// Where more are kept back, their positions move at once.
const KEPT_MAX: usize = 512;

/// What is kept back: no effect waits for it, so its positions move with the next commit to the log, those of
/// many keys in one statement. Until then it is not done, and whoever reads the partition next reads it again.
#[derive(Default)]
pub(super) struct Unheard {
    histories: BTreeMap<LaneKey, Vec<Job>>,
    size: usize,
}

impl Unheard {
    /// Keeps histories back of which nothing is heard; answers with the others, behind what was kept of them.
    pub(super) fn keep(
        &mut self,
        listeners: &Listeners,
        histories: BTreeMap<LaneKey, Vec<Job>>,
    ) -> BTreeMap<LaneKey, Vec<Job>> {
        let mut heard = BTreeMap::new();
        for (key, jobs) in histories {
            if jobs.iter().all(|job| is_unheard(listeners, job)) {
                self.size += jobs.len();
                self.histories.entry(key).or_default().extend(jobs);
            } else {
                let mut history = self.histories.remove(&key).unwrap_or_default();
                self.size -= history.len();
                history.extend(jobs);
                heard.insert(key, history);
            }
        }
        heard
    }

    /// Whether no more is to be kept back.
    pub(super) const fn is_full(&self) -> bool {
        self.size >= KEPT_MAX
    }

    /// How many events are kept back.
    pub(super) const fn len(&self) -> usize {
        self.size
    }

    /// All that was kept back.
    pub(super) fn take(&mut self) -> BTreeMap<LaneKey, Vec<Job>> {
        self.size = 0;
        std::mem::take(&mut self.histories)
    }
}

fn is_unheard(listeners: &Listeners, job: &Job) -> bool {
    job.envelope.as_ref().is_ok_and(|envelope| !listeners.hears(&envelope.kind))
}
