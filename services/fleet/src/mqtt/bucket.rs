//! How much a vehicle may say.

use std::{collections::HashMap, time::Duration};

use common::types::VehicleId;
use tokio::time::Instant;

/// Vehicles remembered before those who said little of late are forgotten.
const VEHICLES_MAX: usize = 100_000;
/// So many seconds' worth may come at once: what waited while somebody was away.
const BURST_S: f64 = 10.0;

/// A token bucket for each vehicle.
#[derive(Debug)]
pub(super) struct Buckets {
    per_s: f64,
    left: HashMap<VehicleId, (f64, Instant)>,
}

impl Buckets {
    /// Each vehicle may send so many messages each second.
    pub(super) fn new(per_s: u32) -> Self {
        Self { per_s: per_s.into(), left: HashMap::new() }
    }

    /// Whether a vehicle may send one more.
    pub(super) fn take(&mut self, vehicle: VehicleId, now: Instant) -> bool {
        let full = self.per_s * BURST_S;
        if self.left.len() >= VEHICLES_MAX {
            let quiet = Duration::from_secs_f64(BURST_S);
            self.left.retain(|_, (_, at)| now.saturating_duration_since(*at) < quiet);
        }
        let (left, at) = self.left.entry(vehicle).or_insert((full, now));
        let gained = now.saturating_duration_since(*at).as_secs_f64() * self.per_s;
        *left = (*left + gained).min(full);
        *at = now;
        if *left < 1.0 {
            return false;
        }
        *left -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_vehicle_that_floods_is_slowed_and_the_others_are_not() {
        let (loud, calm) = (1, 2);
        let vehicle = |n| VehicleId::from_uuid(Uuid::from_u128(n));
        let (mut buckets, start) = (Buckets::new(10), Instant::now());

        let at_once = (0..10_000).filter(|_| buckets.take(vehicle(loud), start)).count();
        assert_eq!(at_once, 100);
        assert!(buckets.take(vehicle(calm), start));

        let later = start + Duration::from_secs(1);
        let in_a_second = (0..10_000).filter(|_| buckets.take(vehicle(loud), later)).count();
        assert_eq!(in_a_second, 10);
    }
}
