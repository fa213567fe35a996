//! What was done and how long it took.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use super::Failure;

/// Longer waits count as this long.
const LONGEST_US: u64 = 60_000_000;

/// The outcome of a phase.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Done in the measured time.
    pub(crate) done: u64,
    /// Done in all, warm-up and last answers included.
    pub(crate) all: u64,
    /// Not done, by reason, at any time.
    pub(crate) failures: BTreeMap<String, u64>,
    waits_us: Histogram<u64>,
}

impl Tally {
    pub(super) fn new() -> anyhow::Result<Self> {
        let waits_us = Histogram::new_with_bounds(1, LONGEST_US, 3)?;
        Ok(Self { done: 0, all: 0, failures: BTreeMap::new(), waits_us })
    }

    /// Counts an outcome; what failed has no time, as it never ended.
    pub(super) fn note(&mut self, counts: bool, took: Duration, outcome: Result<(), Failure>) {
        match outcome {
            Ok(()) => {
                self.all += 1;
                if counts {
                    self.done += 1;
                    let took_us = u64::try_from(took.as_micros()).unwrap_or(LONGEST_US);
                    self.waits_us.saturating_record(took_us);
                }
            }
            Err(Failure(word)) => *self.failures.entry(word).or_default() += 1,
        }
    }

    pub(super) fn add(&mut self, other: Self) -> anyhow::Result<()> {
        self.done += other.done;
        self.all += other.all;
        for (word, count) in other.failures {
            *self.failures.entry(word).or_default() += count;
        }
        Ok(self.waits_us.add(other.waits_us)?)
    }

    /// The wait in ms that the share `quantile` of all did not exceed.
    #[expect(clippy::cast_precision_loss, reason = "a minute in microseconds is exact")]
    pub(crate) fn wait_ms(&self, quantile: f64) -> f64 {
        self.waits_us.value_at_quantile(quantile) as f64 / 1e3
    }
}
