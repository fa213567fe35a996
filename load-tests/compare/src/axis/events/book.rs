//! When each fact was committed, heard and applied.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use hdrhistogram::Histogram;

/// Longer ways count as this long.
const LONGEST_US: u64 = 120_000_000;

/// A moment of each fact, in µs since the book was begun; 0 where it has not come.
#[derive(Debug)]
pub(super) struct Book {
    began: Instant,
    committed: Vec<AtomicU64>,
    heard: Vec<AtomicU64>,
    applied: Vec<AtomicU64>,
}

impl Book {
    /// For facts with the numbers `0..count`.
    pub(super) fn begin(count: usize) -> Self {
        let empty = || (0..count).map(|_| AtomicU64::new(0)).collect();
        Self { began: Instant::now(), committed: empty(), heard: empty(), applied: empty() }
    }

    pub(super) fn note_committed(&self, number: usize) {
        self.note(&self.committed, number);
    }

    /// Only the first time counts.
    pub(super) fn note_heard(&self, number: usize) {
        self.note(&self.heard, number);
    }

    pub(super) fn note_applied(&self, number: usize) {
        self.note(&self.applied, number);
    }

    fn note(&self, moments: &[AtomicU64], number: usize) {
        if let Some(moment) = moments.get(number) {
            let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX).max(1);
            let _noted_before =
                moment.compare_exchange(0, now, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    pub(super) fn is_applied(&self, number: usize) -> bool {
        moment(&self.applied, number).is_some()
    }

    /// Facts that were committed.
    pub(super) fn told(&self) -> usize {
        self.committed.iter().filter(|moment| moment.load(Ordering::Acquire) > 0).count()
    }

    /// Facts that were committed and not applied.
    pub(super) fn missing(&self) -> usize {
        let numbers = 0..self.committed.len();
        let open = |number: &usize| {
            moment(&self.committed, *number).is_some() && !self.is_applied(*number)
        };
        numbers.filter(open).count()
    }

    /// Ways from the commit to the listener, of these facts. A listener that was faster than the answer to
    /// the commit counts as 0.
    pub(super) fn ways_to_listener(
        &self,
        numbers: std::ops::Range<usize>,
    ) -> anyhow::Result<Histogram<u64>> {
        self.ways(&self.heard, numbers)
    }

    /// Ways from the commit to the commit of the effect.
    pub(super) fn ways_to_effect(
        &self,
        numbers: std::ops::Range<usize>,
    ) -> anyhow::Result<Histogram<u64>> {
        self.ways(&self.applied, numbers)
    }

    fn ways(
        &self,
        ends: &[AtomicU64],
        numbers: std::ops::Range<usize>,
    ) -> anyhow::Result<Histogram<u64>> {
        let mut ways = Histogram::new_with_bounds(1, LONGEST_US, 3)?;
        for number in numbers {
            if let Some(began) = moment(&self.committed, number) {
                let ended = moment(ends, number).unwrap_or(u64::MAX);
                ways.saturating_record(ended.saturating_sub(began).min(LONGEST_US));
            }
        }
        Ok(ways)
    }
}

fn moment(moments: &[AtomicU64], number: usize) -> Option<u64> {
    let moment = moments.get(number)?.load(Ordering::Acquire);
    (moment > 0).then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_and_not_applied_is_missing() {
        let book = Book::begin(3);
        for number in 0..2 {
            book.note_committed(number);
        }
        book.note_heard(0);
        book.note_applied(0);
        book.note_applied(7);

        assert_eq!((book.told(), book.missing()), (2, 1));
        assert_eq!(book.ways_to_listener(0..3).unwrap().len(), 2);
        assert!(book.ways_to_effect(0..3).unwrap().max() >= LONGEST_US);
    }
}
