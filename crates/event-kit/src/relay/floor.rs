//! From which id on the outbox is looked at.
//!
//! What was published leaves the index of what was not only when no transaction can see it any more; under
//! a transaction that stays open for a minute, a look at everything wades through all that was published
//! meanwhile. So most looks are glances: they begin at a floor. Ids do not become visible in their order,
//! and so the floor stays behind what was published by a second or two, and a sweep now and then looks at
//! everything and finds what was committed later still.

use std::time::{Duration, Instant};

use common::mutants;

/// The floor rises to where everything visible was published so long ago.
const BEHIND: Duration = Duration::from_secs(1);
/// A sweep follows another one after so many times its own length, but within limits: what it finds late
/// must not be waited for until it is parked.
const REST_TIMES: u32 = 100;
const SWEEP_MIN: Duration = Duration::from_secs(1);
const SWEEP_MAX: Duration = Duration::from_secs(4);

pub(super) struct Floor {
    /// Glances begin behind this id.
    id: i64,
    /// The next floor, and since when it could be one.
    next: (i64, Instant),
    /// The highest id that was published.
    highest: i64,
    /// When everything is looked at again.
    sweep_at: Instant,
}

impl Floor {
    pub(super) fn new(now: Instant) -> Self {
        Self { id: 0, next: (0, now), highest: 0, sweep_at: now }
    }

    /// Behind which id to look now.
    pub(super) fn look_from(&self, now: Instant) -> i64 {
        if mutants::on("poll_after_max_id") {
            return self.highest;
        }
        if now >= self.sweep_at { 0 } else { self.id }
    }

    /// Something below may have become due: the next look is a sweep.
    pub(super) fn sweep_now(&mut self, now: Instant) {
        self.sweep_at = now;
    }

    /// Notes a look behind `from` and what was published after it. Only one that left nothing behind lets
    /// the floor rise, and a sweep that did leaves no floor at all.
    pub(super) fn looked(&mut self, from: i64, began: Instant, now: Instant, left_behind: bool) {
        if from == 0 {
            let rest = ((now - began) * REST_TIMES).clamp(SWEEP_MIN, SWEEP_MAX);
            self.sweep_at = if left_behind { now } else { now + rest };
        }
        if left_behind {
            let id = if from == 0 { 0 } else { self.id };
            (self.id, self.next) = (id, (id, now));
        } else if now - self.next.1 >= BEHIND {
            (self.id, self.next) = (self.next.0, (self.highest, now));
        }
    }

    pub(super) fn published(&mut self, id: i64) {
        self.highest = self.highest.max(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(1);

    /// Looks once at `at`, leaves nothing behind, and answers from where it looked.
    fn look(floor: &mut Floor, at: Instant, published: i64) -> i64 {
        let from = floor.look_from(at);
        floor.published(published);
        floor.looked(from, at, at + QUICK, false);
        from
    }

    #[test]
    fn the_floor_stays_a_second_behind_what_was_published() {
        let begin = Instant::now();
        let mut floor = Floor::new(begin);
        let glances: Vec<i64> = (0..40_u32)
            .map(|tenth| {
                look(&mut floor, begin + Duration::from_millis(100) * tenth, i64::from(tenth) + 1)
            })
            .filter(|from| *from > 0)
            .collect();

        assert!(glances.is_sorted() && glances.len() > 10, "{glances:?}");
        assert!(glances.last().is_some_and(|last| (15..=30).contains(last)), "{glances:?}");
    }

    #[test]
    fn everything_is_looked_at_each_second_or_seldomer_where_that_is_dear() {
        let begin = Instant::now();
        for (took, rest) in
            [(QUICK, SWEEP_MIN), (Duration::from_millis(20), Duration::from_secs(2))]
        {
            let mut floor = Floor::new(begin);
            floor.id = 7;
            floor.looked(0, begin, begin + took, false);

            assert_eq!(floor.look_from(begin + took + rest / 2), 7);
            assert_eq!(floor.look_from(begin + took + rest), 0);
        }
    }

    #[test]
    fn what_was_left_behind_is_looked_at_before_the_floor_rises() {
        let begin = Instant::now();
        let mut floor = Floor::new(begin);
        floor.published(50);
        floor.looked(0, begin, begin + QUICK, true);
        assert_eq!(floor.look_from(begin + QUICK), 0, "a sweep goes on");

        (floor.id, floor.sweep_at) = (20, begin + SWEEP_MAX);
        let later = begin + BEHIND * 2;
        floor.looked(20, later, later + QUICK, true);
        assert_eq!(floor.look_from(later + QUICK), 20, "a glance goes on");
        floor.sweep_now(later);
        assert_eq!(floor.look_from(later), 0);
    }
}
