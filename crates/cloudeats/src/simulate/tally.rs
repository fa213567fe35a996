//! What has happened so far, in numbers.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use common::types::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

use super::world::World;

/// A counter that many count with.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// When operations began and when their outcome was known.
#[derive(Debug, Default)]
pub struct Waits(Mutex<Vec<(Instant, Instant)>>);

impl Waits {
    pub(super) fn add(&self, began: Instant) {
        let wait = (began, Instant::now());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(wait);
    }

    /// The longest of those whose middle lies between two moments.
    #[must_use]
    pub fn longest(&self, from: Instant, until: Instant) -> Option<Duration> {
        let waits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_it = waits.iter().filter(|wait| is_of(**wait, from, until));
        of_it.map(|(began, known)| *known - *began).max()
    }
}

/// Whether a time belongs to the span between two moments, as each belongs to one of spans without gaps: where its
/// middle lies.
pub(crate) fn is_of((began, ended): (Instant, Instant), from: Instant, until: Instant) -> bool {
    let middle = began + (ended - began) / 2;
    from <= middle && middle < until
}

/// What has happened so far.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "each is the number of what it names")]
pub struct Tally {
    pub placed: Counter,
    pub confirmed: Counter,
    pub ready: Counter,
    pub completed: Counter,
    pub refused: Counter,
    pub cancelled: Counter,
    /// Orders whose end nobody waits for any more.
    pub given_up: Counter,
    /// Answers that said that somebody was busy or away, or that never came.
    pub troubles: Counter,
    pub receipts: Counter,
    pub positions_sent: Counter,
    pub positions_seen: Counter,
    pub facts_told: Counter,
    pub track_points_driven: Counter,
    pub track_points_seen: Counter,
    /// Orders, from the first try to place one until its outcome was known.
    pub waits: Waits,
    busy: AtomicU64,
}

/// A whole run.
#[derive(Debug, Clone)]
pub struct Totals {
    /// When it began.
    pub since: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// How much roads and preparation were shortened.
    pub speed: f64,
    /// The customers who took part.
    pub customers: Vec<Uuid>,
    /// Orders placed.
    pub placed: u64,
    /// Orders completed.
    pub completed: u64,
    /// Orders that did not end in time.
    pub left: u64,
    /// Points of the track that a courier drove, and that were seen on the tracking stream.
    pub track_points: Option<(u64, u64)>,
}

impl Tally {
    /// Orders that are placed and have not ended.
    #[must_use]
    pub fn under_way(&self) -> u64 {
        let ended =
            self.completed.get() + self.refused.get() + self.cancelled.get() + self.given_up.get();
        self.placed.get().saturating_sub(ended)
    }

    pub(super) fn busy(&self, more: bool) {
        let step = if more { 1 } else { u64::MAX };
        self.busy.fetch_add(step, Ordering::Relaxed);
    }

    fn line(&self, couriers: usize, since: Instant) -> String {
        format!(
            "{:>5.0} s  placed {}  confirmed {}  ready {}  completed {}  refused {}  cancelled {}  \
             under way {}  couriers {}/{couriers}  troubles {}",
            since.elapsed().as_secs_f64(),
            self.placed.get(),
            self.confirmed.get(),
            self.ready.get(),
            self.completed.get(),
            self.refused.get(),
            self.cancelled.get(),
            self.under_way(),
            self.busy.load(Ordering::Relaxed),
            self.troubles.get(),
        )
    }
}

/// Shows a live line until everybody goes home: over and over on a terminal, now and then elsewhere.
pub(super) async fn show(world: Arc<World>) {
    let terminal = std::io::stderr().is_terminal();
    let pause = Duration::from_secs(if terminal { 1 } else { 5 });
    loop {
        let sleep = tokio::time::sleep(pause);
        let over = world.home_time.run_until_cancelled(sleep).await.is_none();
        let line = world.tally.line(world.couriers.len(), world.began);
        let (before, after) = if terminal && !over { ("\r\x1b[2K", "") } else { ("", "\n") };
        let before = if terminal && over { "\r\x1b[2K" } else { before };
        let mut out = std::io::stderr();
        let _nobody_reads = write!(out, "{before}{line}{after}").and_then(|()| out.flush());
        if over {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_counts_once_where_its_middle_lies() {
        let began = Instant::now();
        let at = |s| began + Duration::from_secs(s);
        let waits = Waits(Mutex::new(vec![(began, at(5))]));
        assert_eq!(waits.longest(at(2), at(3)), Some(Duration::from_secs(5)));
        assert_eq!(waits.longest(at(3), at(9)), None, "it reaches into this, and is counted above");
    }

    #[test]
    fn what_has_not_ended_is_under_way() {
        let tally = Tally::default();
        for _ in 0..5 {
            tally.placed.add();
        }
        tally.completed.add();
        tally.refused.add();
        tally.cancelled.add();
        assert_eq!(tally.under_way(), 2);
        tally.busy(true);
        tally.busy(true);
        tally.busy(false);
        let line = tally.line(12, Instant::now());
        assert!(line.contains("placed 5") && line.contains("couriers 1/12"), "{line}");
    }
}
