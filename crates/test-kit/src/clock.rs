//! A clock that moves when it is told to.

use std::sync::{Arc, Mutex, PoisonError};

use common::types::Clock;
use jiff::{SignedDuration, Timestamp};

/// A time that stands still. Clones are one clock.
#[derive(Debug, Clone)]
pub struct FixedClock(Arc<Mutex<Timestamp>>);

impl FixedClock {
    /// Stands at `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// Jumps to `now`.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// Moves on by `by`, or back.
    pub fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.checked_add(by).expect("a time that can be written");
    }
}

/// Noon of the first of June 2026, UTC.
impl Default for FixedClock {
    fn default() -> Self {
        Self::at(Timestamp::constant(1_780_315_200, 0))
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_only_when_it_is_told_to_and_clones_move_with_it() {
        let clock = FixedClock::default();
        let twin = clock.clone();
        assert_eq!(clock.now().to_string(), "2026-06-01T12:00:00Z");

        clock.advance(SignedDuration::from_mins(90));

        assert_eq!(twin.now().to_string(), "2026-06-01T13:30:00Z");
        assert_ne!(clock.new_id(), twin.new_id());
    }
}
