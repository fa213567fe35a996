//! Where the outbox is looked at.
//!
//! What was published leaves the index of what was not only when no transaction can see it any more; under
//! a transaction that stays open for a minute, a look at everything wades through all that was published
//! meanwhile. So most looks are glances: at what is behind the highest id that was seen, and at the ids
//! below it that were not there yet. Such an id belongs to a transaction that commits later, or to none; it
//! is forgotten when every transaction of its time has ended. A sweep looks at everything that is not
//! published: at the beginning, when something below may have become due again, and now and then.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use common::mutants;

/// A sweep follows another one after so many times its own length, but within limits: facts wait meanwhile.
const REST_TIMES: u32 = 500;
const SWEEP_MIN: Duration = Duration::from_secs(1);
const SWEEP_MAX: Duration = Duration::from_secs(30);
/// So many ids below the highest one may have been drawn by transactions that are open at the beginning.
const OVERLAP: i64 = 1_000;
/// More missing ids are not remembered: a sweep finds what becomes of them.
const MISSING_MAX: usize = 2_000;

pub(super) struct Floor {
    /// The highest id that was seen.
    seen: i64,
    /// Lower ones that were not, and the transaction before which all of them were drawn.
    missing: BTreeMap<i64, i64>,
    /// When everything is looked at again.
    sweep_at: Instant,
}

/// Where to look now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// At all that is not published.
    Sweep,
    /// Behind this id, and at these.
    Glance { behind: i64, missing: Vec<i64> },
}

/// The transactions at the time of a look, as their numbers are given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Horizon {
    /// All before it had ended.
    pub(super) ended: i64,
    /// None from it on had begun to write.
    pub(super) begun: i64,
}

impl Floor {
    /// `highest` is the highest id of all.
    pub(super) fn new(highest: i64, now: Instant) -> Self {
        let seen = if mutants::on("poll_after_max_id") { highest } else { highest - OVERLAP };
        Self { seen: seen.max(0), missing: BTreeMap::new(), sweep_at: now }
    }

    pub(super) fn next_look(&self, now: Instant) -> Look {
        if now >= self.sweep_at {
            return Look::Sweep;
        }
        let missing = if mutants::on("poll_after_max_id") {
            Vec::new()
        } else {
            self.missing.keys().copied().collect()
        };
        Look::Glance { behind: self.seen, missing }
    }

    /// Something below may have become due: the next look is a sweep.
    pub(super) fn sweep_now(&mut self, now: Instant) {
        self.sweep_at = now;
    }

    /// Notes a sweep; one that left something behind goes on.
    pub(super) fn swept(&mut self, began: Instant, now: Instant, left_behind: bool) {
        let rest = if mutants::on("poll_after_max_id") {
            Duration::from_hours(24)
        } else {
            ((now - began) * REST_TIMES).clamp(SWEEP_MIN, SWEEP_MAX)
        };
        self.sweep_at = if left_behind { now } else { now + rest };
    }

    /// Notes the ids that a glance found, whatever they are, in their order.
    pub(super) fn glanced(&mut self, found: &[i64], horizon: Horizon) {
        for id in found {
            self.missing.remove(id);
            if *id > self.seen {
                let first = (self.seen + 1).max(id.saturating_sub(OVERLAP));
                self.missing.extend((first..*id).map(|id| (id, horizon.begun)));
                self.seen = *id;
            }
        }
        self.missing.retain(|_, drawn_before| horizon.ended < *drawn_before);
        while self.missing.len() > MISSING_MAX {
            self.missing.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ended: i64, begun: i64) -> Horizon {
        Horizon { ended, begun }
    }

    /// One that has begun and seen `found`.
    fn floor(found: &[i64], horizon: Horizon) -> Floor {
        let now = Instant::now();
        let mut floor = Floor::new(0, now);
        // The next sweep is later than any test.
        floor.swept(now, now + Duration::from_mins(10), false);
        floor.glanced(found, horizon);
        floor
    }

    fn glance(behind: i64, missing: &[i64]) -> Look {
        Look::Glance { behind, missing: missing.to_vec() }
    }

    #[test]
    fn an_id_that_was_passed_is_looked_for_until_it_comes() {
        let mut floor = floor(&[1, 2, 5], at(10, 14));
        assert_eq!(floor.next_look(Instant::now()), glance(5, &[3, 4]));

        floor.glanced(&[4, 7], at(12, 20));
        assert_eq!(floor.next_look(Instant::now()), glance(7, &[3, 6]));
    }

    #[test]
    fn an_id_is_forgotten_when_all_have_ended_that_may_have_drawn_it() {
        let mut floor = floor(&[1, 3], at(10, 14));
        floor.glanced(&[], at(13, 20));
        assert_eq!(floor.next_look(Instant::now()), glance(3, &[2]));

        floor.glanced(&[5], at(14, 22));
        assert_eq!(floor.next_look(Instant::now()), glance(5, &[4]));
    }

    #[test]
    fn what_was_drawn_shortly_before_the_beginning_may_still_come() {
        let now = Instant::now();
        let mut floor = Floor::new(5_000, now);
        assert_eq!(floor.next_look(now), Look::Sweep);
        floor.swept(now, now, false);

        assert_eq!(floor.next_look(now), glance(5_000 - OVERLAP, &[]));
    }

    #[test]
    fn ids_that_leap_are_not_all_remembered() {
        let found: Vec<i64> = (1..=10).map(|n| n * 1_000_000).collect();
        let floor = floor(&found, at(10, 14));

        assert_eq!(floor.seen, 10_000_000);
        assert!(floor.missing.len() <= MISSING_MAX);
        assert!(floor.missing.contains_key(&9_999_999));
    }

    #[test]
    fn everything_is_looked_at_each_second_or_seldomer_where_that_is_dear() {
        let begin = Instant::now();
        for (took, rest) in [(1, SWEEP_MIN), (10, Duration::from_secs(5)), (100, SWEEP_MAX)] {
            let swept = begin + Duration::from_millis(took);
            let mut floor = Floor::new(0, begin);
            floor.swept(begin, swept, false);

            assert_ne!(floor.next_look(swept + rest / 2), Look::Sweep);
            assert_eq!(floor.next_look(swept + rest), Look::Sweep);
        }
    }

    #[test]
    fn a_sweep_that_left_something_behind_goes_on() {
        let begin = Instant::now();
        let mut floor = Floor::new(0, begin);
        floor.swept(begin, begin, true);
        assert_eq!(floor.next_look(begin), Look::Sweep);

        floor.swept(begin, begin, false);
        assert_ne!(floor.next_look(begin), Look::Sweep);
        floor.sweep_now(begin);
        assert_eq!(floor.next_look(begin), Look::Sweep);
    }
}
