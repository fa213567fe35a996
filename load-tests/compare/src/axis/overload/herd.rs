//! Everybody who found the door shut comes back, all at the same moments.

use std::time::Duration;

use bytes::Bytes;
use common::types::{Clock, SystemClock};
use futures::future::join_all;
use hyper::header::HeaderValue;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::guest::PATIENCE;
use super::timeline::{Fate, Timeline};
use crate::axis::customer::{ORDERS, Promises, placed};
use crate::axis::shop::Shop;
use crate::client::{Failure, Reply, Wire};
use crate::figures::three_digits;

/// Clients, one request each.
pub(super) const CLIENTS: usize = 5_000;
/// One in so many places an order; the others look at theirs.
pub(super) const ONE_ORDERS_IN: usize = 10;
/// Requests under way at once: what a gateway takes from one address, with room for others.
const AT_ONCE: usize = 1_024;
const LOOK: &str = "/v1/orders?limit=5";

const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(3);
/// The fractional part of the golden ratio: its multiples are spread evenly.
const SEED: f64 = 0.618_033_988_749_894_9;

/// All of them.
pub(super) struct Herd {
    wire: Wire,
    bearers: Vec<HeaderValue>,
    order: Bytes,
    promises: Promises,
    places: Semaphore,
}

/// What became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Served {
    pub(super) clients: usize,
    /// When the last of them had what they wanted.
    pub(super) last: Option<Instant>,
}

impl Served {
    /// How long after `begun` the last had what it wanted; nothing where some never had.
    pub(super) fn all_had_it_after_s(&self, begun: Instant) -> Option<f64> {
        let last = self.last.filter(|_| self.clients == CLIENTS)?;
        Some(three_digits(last.saturating_duration_since(begun).as_secs_f64()))
    }
}

impl Herd {
    pub(super) fn of(shop: &Shop, bearers: &[HeaderValue]) -> Self {
        Self {
            wire: shop.wire.clone().patient_for(PATIENCE),
            bearers: bearers.to_vec(),
            order: shop.order.clone(),
            promises: shop.promises.clone(),
            places: Semaphore::new(AT_ONCE),
        }
    }

    /// All ask at once, and again until they have what they want, or until then.
    pub(super) async fn storm(&self, timeline: &Timeline, until: Instant) -> Served {
        let clients = (0..CLIENTS).map(|number| self.insist(number, timeline, until));
        let served = join_all(clients).await.into_iter().flatten();
        served.fold(Served::default(), |all, at| Served {
            clients: all.clients + 1,
            last: all.last.max(Some(at)),
        })
    }

    /// When this client had what it wanted.
    async fn insist(&self, number: usize, timeline: &Timeline, until: Instant) -> Option<Instant> {
        // The same however often it asks.
        let key = SystemClock.new_id().to_string();
        for attempt in 0.. {
            let place = self.places.acquire().await.ok()?;
            let sent = Instant::now();
            let reply = self.ask(number, &key).await;
            drop(place);
            let fate = Fate::of(&reply);
            timeline.note(sent, sent, fate);
            if fate == Fate::Accepted {
                self.keep(number, &reply);
                return Some(Instant::now());
            }
            let told = reply.ok().and_then(|reply| reply.again_after).unwrap_or_default();
            let again = Instant::now() + pause(attempt).max(told);
            if again >= until {
                return None;
            }
            tokio::time::sleep_until(again).await;
        }
        None
    }

    async fn ask(&self, number: usize, key: &str) -> Result<Reply, Failure> {
        let bearer = self.bearers.get(number / ONE_ORDERS_IN % self.bearers.len().max(1));
        if number.is_multiple_of(ONE_ORDERS_IN) {
            self.wire.post(ORDERS, bearer, key, self.order.clone()).await
        } else {
            self.wire.get(LOOK, bearer).await
        }
    }

    fn keep(&self, number: usize, reply: &Result<Reply, Failure>) {
        if number.is_multiple_of(ONE_ORDERS_IN)
            && let Some(placed) = reply.as_ref().ok().and_then(|reply| placed(reply).ok())
        {
            self.promises.keep(placed.order_id, placed.is_confirmed());
        }
    }
}

/// How long a client waits of itself: as all were drawn from one seed, all wait equally long.
fn pause(attempt: u32) -> Duration {
    let most = PAUSE_FIRST.saturating_mul(1 << attempt.min(10)).min(PAUSE_MAX);
    most.mul_f64((f64::from(attempt + 1) * SEED).fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_end_and_are_the_same_for_everybody() {
        let pauses: Vec<Duration> = (0..40).map(pause).collect();

        assert_eq!(pauses, (0..40).map(pause).collect::<Vec<_>>());
        assert!(pauses.iter().all(|pause| *pause < PAUSE_MAX && !pause.is_zero()));
        assert!(pauses[0] < PAUSE_FIRST && pauses.iter().any(|pause| *pause > PAUSE_MAX / 2));
    }
}
