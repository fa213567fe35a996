//! How often an account may be tried.

use common::types::Timestamp;
use jiff::SignedDuration;

/// Tries before the first pause.
const FREE: i32 = 5;
const FIRST_PAUSE_S: i64 = 15;
const PAUSE_MAX_S: i64 = 900;
/// After so long without a try, everything is forgotten.
const MEMORY: SignedDuration = SignedDuration::from_hours(24);

/// The tries at one address since the last that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempts {
    pub(crate) failures: i32,
    pub(crate) last_at: Timestamp,
    pub(crate) blocked_until: Option<Timestamp>,
}

/// Not now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many tries; wait before the next")]
pub(crate) struct Blocked {
    /// Seconds until the next try counts.
    pub(crate) retry_after_s: i64,
}

impl Attempts {
    /// Nobody has tried.
    pub(crate) const fn none(now: Timestamp) -> Self {
        Self { failures: 0, last_at: now, blocked_until: None }
    }

    /// Counts a try before its outcome is known, as a failure: many at once cannot outrun the count.
    /// From the fifth on each is followed by a pause, twice as long as the last.
    pub(crate) fn begin(self, now: Timestamp) -> Result<Self, Blocked> {
        if let Some(until) = self.blocked_until.filter(|until| *until > now) {
            let left_s = until.duration_since(now).as_secs() + 1;
            return Err(Blocked { retry_after_s: left_s });
        }
        let forgotten = now.duration_since(self.last_at) > MEMORY;
        let failures = if forgotten { 1 } else { self.failures.saturating_add(1) };
        let blocked_until = pause_after(failures).and_then(|pause| now.checked_add(pause).ok());
        Ok(Self { failures, last_at: now, blocked_until })
    }
}

fn pause_after(failures: i32) -> Option<SignedDuration> {
    let doublings = u32::try_from(failures.checked_sub(FREE)?).ok()?;
    let pause_s =
        FIRST_PAUSE_S.saturating_mul(1_i64.checked_shl(doublings.min(32)).unwrap_or(i64::MAX));
    Some(SignedDuration::from_secs(pause_s.min(PAUSE_MAX_S)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn pauses_begin_at_the_fifth_try_and_double_up_to_a_quarter_of_an_hour() {
        let mut attempts = Attempts::none(at(0));
        let mut now = 0;
        let mut pauses = Vec::new();
        for _ in 0..13 {
            attempts = attempts.begin(at(now)).unwrap();
            let until = attempts.blocked_until.map_or(now, Timestamp::as_second);
            pauses.push(until - now);
            now = until;
        }
        assert_eq!(pauses, [0, 0, 0, 0, 15, 30, 60, 120, 240, 480, 900, 900, 900]);
    }

    #[test]
    fn a_try_in_the_pause_is_refused_and_does_not_prolong_it() {
        let attempts = (0..5).fold(Attempts::none(at(0)), |tries, _| tries.begin(at(0)).unwrap());
        assert_eq!(attempts.begin(at(10)), Err(Blocked { retry_after_s: 6 }));
        assert!(attempts.begin(at(15)).is_ok());
    }

    #[test]
    fn a_day_without_a_try_is_forgiven() {
        let attempts = Attempts { failures: 40, last_at: at(0), blocked_until: Some(at(900)) };
        assert_eq!(attempts.begin(at(90_000)).unwrap().failures, 1);
    }
}
