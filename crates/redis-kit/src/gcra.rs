//! The generic cell rate algorithm (ITU-T I.371): one number per key, the time at which a bucket
//! would be full again.

/// How often something may be done: `count` times at once, refilled evenly over `per_s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many, at least 1.
    pub count: u32,
    /// In how many seconds, at least 1.
    pub per_s: u32,
}

/// Whether it may be done now, and what the `RateLimit` headers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether it may.
    pub allowed: bool,
    /// [`Limit::count`].
    pub limit: u32,
    /// How many more may be done at once.
    pub remaining: u32,
    /// Seconds until all of them may be again, rounded up.
    pub reset_s: u64,
    /// Seconds until one may be, rounded up; 0 where this one was allowed.
    pub retry_after_s: u64,
}

impl Limit {
    /// Microseconds in which one unit comes back.
    pub(crate) fn interval_us(self) -> u64 {
        u64::from(self.per_s.max(1)) * 1_000_000 / u64::from(self.count.max(1))
    }

    /// Decides at `now_us`, given when the bucket would be full; returns the new such time.
    pub(crate) fn decide(self, full_at_us: u64, now_us: u64) -> (Decision, u64) {
        let count = self.count.max(1);
        let interval = self.interval_us().max(1);
        let full_at = full_at_us.max(now_us);
        let after = full_at + interval;
        let may_from = after.saturating_sub(interval * u64::from(count));
        let allowed = now_us >= may_from;

        let full_at = if allowed { after } else { full_at };
        let used_us = full_at - now_us;
        let free_us = (interval * u64::from(count)).saturating_sub(used_us);
        let decision = Decision {
            allowed,
            limit: count,
            remaining: u32::try_from(free_us / interval).unwrap_or(u32::MAX),
            reset_s: used_us.div_ceil(1_000_000),
            retry_after_s: may_from.saturating_sub(now_us).div_ceil(1_000_000),
        };
        (decision, full_at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn a_burst_is_allowed_and_then_refilled_evenly() {
        let limit = Limit { count: 3, per_s: 60 };
        let mut full_at = 0;
        let mut decide = |now_us| {
            let (decision, after) = limit.decide(full_at, now_us);
            full_at = after;
            (decision.allowed, decision.remaining, decision.reset_s, decision.retry_after_s)
        };

        assert_eq!(decide(100 * SECOND), (true, 2, 20, 0));
        assert_eq!(decide(100 * SECOND), (true, 1, 40, 0));
        assert_eq!(decide(100 * SECOND), (true, 0, 60, 0));
        assert_eq!(decide(100 * SECOND), (false, 0, 60, 20));
        assert_eq!(decide(105 * SECOND), (false, 0, 55, 15), "being refused costs nothing");
        assert_eq!(decide(120 * SECOND), (true, 0, 60, 0));
        assert_eq!(decide(500 * SECOND), (true, 2, 20, 0));
    }

    proptest! {
        #[test]
        fn no_window_holds_more_than_twice_the_count(
            count in 1_u32..20,
            per_s in 1_u32..100,
            gaps_us in prop::collection::vec(0_u64..5 * SECOND, 1..200),
        ) {
            let limit = Limit { count, per_s };
            let (mut full_at, mut now) = (0, 1);
            let mut allowed_at = Vec::new();
            for gap in gaps_us {
                now += gap;
                let (decision, after) = limit.decide(full_at, now);
                prop_assert!(decision.remaining < count);
                full_at = after;
                if decision.allowed {
                    allowed_at.push(now);
                }
            }
            let window = u64::from(per_s) * SECOND;
            for start in &allowed_at {
                let within = allowed_at.iter().filter(|at| (*start..start + window).contains(*at));
                prop_assert!(within.count() <= 2 * count as usize);
            }
        }
    }
}
