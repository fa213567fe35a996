//! Client-side throttling (Google, Site Reliability Engineering, chapter 21).

use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;
use tokio::time::{Duration, Instant};

use crate::problem::OUTCOME;

const WINDOW: Duration = Duration::from_mins(2);
const SLOT: Duration = Duration::from_secs(10);
const SLOTS: usize = 12;
/// One call in ten is always tried, else nobody would notice that the other side is back.
const DROPPED_MAX: f64 = 0.9;
/// Fewer calls than this say nothing: one lost packet is no outage.
const REQUESTS_MIN: u32 = 10;

/// Counts what one dependency was asked and accepted in the last two minutes, and drops a share of the
/// calls here when it accepts fewer than half.
pub(super) struct Breaker {
    began: Instant,
    slots: Mutex<[Slot; SLOTS]>,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    number: u64,
    requests: u32,
    accepts: u32,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), slots: Mutex::new([Slot::default(); SLOTS]) }
    }

    /// Whether the call may be made; it is counted either way.
    pub(super) fn lets_through(&self) -> bool {
        let share = self.dropped_share();
        self.count(|slot| slot.requests += 1);
        share <= 0.0 || rand::random::<f64>() >= share
    }

    /// Notes how a call was answered. Who says `unknown` has worked on it: one payment whose provider stays
    /// silent, asked for again and again, is no reason to drop everybody else's.
    pub(super) fn answered(&self, failed: bool, headers: &HeaderMap) {
        if !failed || headers.get(OUTCOME).is_some_and(|outcome| outcome == "unknown") {
            self.accepted();
        }
    }

    fn accepted(&self) {
        self.count(|slot| slot.accepts += 1);
    }

    /// `max(0, (requests - 2 * accepts) / (requests + 1))`, bounded, once there is something to judge by.
    fn dropped_share(&self) -> f64 {
        let oldest = self.number().saturating_sub(SLOTS as u64 - 1);
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut requests, mut accepts) = (0_u32, 0_u32);
        for slot in slots.iter().filter(|slot| slot.number >= oldest) {
            requests = requests.saturating_add(slot.requests);
            accepts = accepts.saturating_add(slot.accepts);
        }
        if requests < REQUESTS_MIN {
            return 0.0;
        }
        let (requests, accepts) = (f64::from(requests), f64::from(accepts));
        (2.0_f64.mul_add(-accepts, requests) / (requests + 1.0)).clamp(0.0, DROPPED_MAX)
    }

    fn count(&self, add: impl FnOnce(&mut Slot)) {
        let number = self.number();
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let place = usize::try_from(number).unwrap_or(0) % SLOTS;
        if let Some(slot) = slots.get_mut(place) {
            if slot.number != number {
                *slot = Slot { number, ..Slot::default() };
            }
            add(slot);
        }
    }

    fn number(&self) -> u64 {
        self.began.elapsed().as_secs() / SLOT.as_secs()
    }
}

const _: () = assert!(SLOT.as_secs() * SLOTS as u64 == WINDOW.as_secs());

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn half_of_the_calls_may_fail_before_one_is_dropped() {
        let breaker = Breaker::new();
        for n in 0..1_000 {
            assert!(breaker.lets_through());
            if n % 2 == 0 {
                breaker.accepted();
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_neighbour_is_asked_now_and_then_and_forgiven_after_two_minutes() {
        let breaker = Breaker::new();
        let asked = (0..10_000).filter(|_| breaker.lets_through()).count();
        assert!((500..2_000).contains(&asked), "{asked}");

        tokio::time::advance(WINDOW + SLOT).await;
        assert!(breaker.dropped_share() <= 0.0);
    }
}
