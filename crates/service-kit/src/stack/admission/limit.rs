//! How much new work may be under way, learned from how long it takes.
//!
//! The gradient of Netflix's concurrency-limits (`Gradient2Limit`): the limit follows the ratio of the time
//! that work should take to the time that it takes, and may grow by a short queue. By Little's law that keeps
//! the time of what is let in, whatever is asked for. What work should take is learned while there is little
//! of it, so that an overload, however long, does not come to look normal.

use std::time::Duration;

use tokio::time::Instant;

/// Work is looked at together that ended within so long, and so much of it at least.
const WINDOW: Duration = Duration::from_millis(250);
const WINDOW_LEN_MIN: usize = 10;
/// A window is looked at earlier where it holds so much.
const WINDOW_LEN_MAX: usize = 1_000;
/// So many times as long as alone may work take.
const TOLERANCE: f64 = 2.0;
/// What takes no longer is never too slow.
const QUICK_S: f64 = 0.05;
/// How far the limit goes in one step towards where it should be.
const STEP: f64 = 0.2;
/// How much of a calm window is believed, and of one in which work may have waited for work.
const CALM: f64 = 0.2;
const CROWDED: f64 = 0.000_5;

/// A limit that goes down while work waits for other work, and up again while there is more to do.
#[derive(Debug)]
pub(super) struct Limit {
    min: f64,
    max: f64,
    now: f64,
    /// What takes longer is too slow, whatever was learned.
    slow_s: f64,
    /// What work takes that waits for no other.
    alone_s: Option<f64>,
    window: Window,
}

/// What ended since the limit was last changed.
#[derive(Debug, Default)]
struct Window {
    since: Option<Instant>,
    took_s: Vec<f64>,
    /// The most that was under way at once.
    busiest: usize,
}

impl Limit {
    /// Between `min` and `max`; work that takes longer than `slow` is never in time.
    pub(super) fn new(min: usize, max: usize, slow: Duration) -> Self {
        let min = number(min.max(1));
        let max = number(max).max(min);
        let window = Window::default();
        let slow_s = slow.as_secs_f64().max(QUICK_S);
        Self { min, max, now: (2.0 * min).min(max), slow_s, alone_s: None, window }
    }

    /// How much may be under way now.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to max")]
    pub(super) fn now(&self) -> usize {
        self.now as usize
    }

    /// Learns that work of which so much was under way took so long; `None` where it came to no end.
    pub(super) fn learn(&mut self, at: Instant, took: Option<Duration>, under_way: usize) {
        let since = *self.window.since.get_or_insert(at);
        self.window.took_s.push(took.map_or(f64::INFINITY, |took| took.as_secs_f64()));
        self.window.busiest = self.window.busiest.max(under_way);
        let len = self.window.took_s.len();
        if len >= WINDOW_LEN_MAX || (len >= WINDOW_LEN_MIN && at - since >= WINDOW) {
            let Window { took_s, busiest, .. } = std::mem::take(&mut self.window);
            self.look(median(took_s), number(busiest) >= self.now / 2.0);
        }
    }

    fn look(&mut self, took_s: f64, crowded: bool) {
        let alone_s = self.learn_alone(took_s, crowded);
        if !crowded {
            return;
        }
        let wanted_s = (alone_s * TOLERANCE).clamp(QUICK_S, self.slow_s);
        let gradient = (wanted_s / took_s).clamp(0.5, 1.0);
        let wanted = self.now * gradient + self.now.sqrt();
        self.now = (self.now + STEP * (wanted - self.now)).clamp(self.min, self.max);
    }

    /// Work that came to no end tells nothing of how long it takes alone.
    fn learn_alone(&mut self, took_s: f64, crowded: bool) -> f64 {
        let known = self.alone_s.unwrap_or_else(|| took_s.min(self.slow_s));
        if !took_s.is_finite() {
            return known;
        }
        let believed = if crowded && took_s > known { CROWDED } else { CALM };
        let alone_s = known + believed * (took_s - known);
        self.alone_s = Some(alone_s);
        alone_s
    }
}

fn median(mut of: Vec<f64>) -> f64 {
    let middle = of.len() / 2;
    if middle == 0 {
        return of.first().copied().unwrap_or_default();
    }
    *of.select_nth_unstable_by(middle, f64::total_cmp).1
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MIN: usize = 16;
    const MAX: usize = 256;
    const SLOW: Duration = Duration::from_millis(400);

    /// A shop that decides so many orders a second, and none faster than `alone`.
    struct Shop {
        limit: Limit,
        at: Instant,
        per_s: f64,
        alone: Duration,
    }

    impl Shop {
        fn new(per_s: f64, alone_ms: u64) -> Self {
            let limit = Limit::new(MIN, MAX, SLOW);
            Self { limit, at: Instant::now(), per_s, alone: Duration::from_millis(alone_ms) }
        }

        /// Little's law: what is under way takes as long as it takes to decide all of it.
        fn takes(&self, under_way: usize) -> Duration {
            self.alone.max(Duration::from_secs_f64(number(under_way) / self.per_s))
        }

        /// So many seconds in which so much is asked for at once; what is over the limit is refused.
        fn for_s(&mut self, seconds: u64, wanted: usize) {
            let until = self.at + Duration::from_secs(seconds);
            while self.at < until {
                let under_way = wanted.min(self.limit.now());
                let took = self.takes(under_way);
                self.at += took / u32::try_from(under_way).unwrap();
                self.limit.learn(self.at, Some(took), under_way);
            }
        }
    }

    #[test]
    fn what_is_let_in_takes_little_longer_than_alone_however_much_is_asked_for() {
        let mut shop = Shop::new(1_000.0, 50);
        shop.for_s(10, 5);

        shop.for_s(120, 10_000);

        let takes = shop.takes(shop.limit.now());
        assert!(takes < Duration::from_millis(200), "{takes:?} at {}", shop.limit.now());
        assert!(takes > shop.alone, "the shop is not busy at {}", shop.limit.now());
    }

    #[test]
    fn a_shop_that_was_never_calm_still_decides_in_time() {
        let mut shop = Shop::new(200.0, 20);

        shop.for_s(60, 10_000);

        assert!(shop.takes(shop.limit.now()) <= SLOW.mul_f64(1.5), "{}", shop.limit.now());
    }

    #[test]
    fn a_shop_that_is_quick_enough_takes_all_that_it_may() {
        let mut shop = Shop::new(100_000.0, 20);
        shop.for_s(5, 5);

        shop.for_s(60, 10_000);

        assert_eq!(shop.limit.now(), MAX);
    }

    #[test]
    fn after_a_stall_the_limit_grows_again() {
        let mut shop = Shop::new(2_000.0, 30);
        shop.for_s(5, 5);
        shop.for_s(30, 10_000);
        let before = shop.limit.now();
        for _ in 0..2_000 {
            shop.at += Duration::from_millis(5);
            shop.limit.learn(shop.at, None, before);
        }
        assert_eq!(shop.limit.now(), MIN);

        shop.for_s(30, 10_000);

        assert!(shop.limit.now() * 10 >= before * 9, "{} of {before}", shop.limit.now());
    }

    #[test]
    fn a_burst_after_idling_finds_the_limit_as_it_was() {
        let mut shop = Shop::new(2_000.0, 30);
        shop.for_s(30, 10_000);
        let before = shop.limit.now();

        shop.for_s(60, 1);
        shop.at += Duration::from_hours(1);

        assert_eq!(shop.limit.now(), before);
    }

    #[test]
    fn a_few_that_come_to_no_end_change_nothing() {
        let mut shop = Shop::new(1_000.0, 50);
        shop.for_s(10, 5);
        let before = shop.limit.now();

        for n in 0..1_000 {
            shop.at += Duration::from_millis(25);
            let took = (n % 5 != 0).then_some(shop.alone);
            shop.limit.learn(shop.at, took, 5);
        }

        assert_eq!(shop.limit.now(), before);
    }

    proptest! {
        #[test]
        fn no_history_takes_it_out_of_its_bounds(
            min in 0_usize..50, max in 0_usize..300,
            ended in proptest::collection::vec((0_u64..100, proptest::option::of(0_u64..5_000), 0_usize..400), 0..500),
        ) {
            let (mut limit, mut at) = (Limit::new(min, max, SLOW), Instant::now());
            for (pause_ms, took_ms, under_way) in ended {
                at += Duration::from_millis(pause_ms);
                limit.learn(at, took_ms.map(Duration::from_millis), under_way);
                prop_assert!((min.max(1)..=max.max(min).max(1)).contains(&limit.now()));
            }
        }
    }
}
