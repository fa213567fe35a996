//! Who orders what, when, and how it shall end: all of it from one seed.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::Options;

/// One order of so many has a card that is declined; the first ones early, so that each run has some.
const DECLINED_EVERY: u64 = 12;
const DECLINED_AT: u64 = 3;
/// One of so many is cancelled by its customer.
const CANCELLED_EVERY: u64 = 15;
const CANCELLED_AT: u64 = 5;
/// One of so many pays with a card whose first answer is lost.
const REPLY_LOST_EVERY: u64 = 20;
const REPLY_LOST_AT: u64 = 9;
/// One of so many drives the track, if there is one.
const TRACK_EVERY: u64 = 10;

/// Where an order goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goes {
    /// To the counter, where its customer collects it.
    Counter,
    /// To a door in the city.
    Door,
    /// To the end of the track.
    Track,
}

/// An order to be placed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Planned {
    /// Counts from 0.
    pub(super) nth: u64,
    /// When, from the beginning: a late driver does not move it.
    pub(super) at: Duration,
    pub(super) customer: usize,
    pub(super) store: usize,
    pub(super) goes: Goes,
    pub(super) by_cart: bool,
    pub(super) cancels: bool,
    pub(super) method: &'static str,
    /// Decides what is in it, and where it goes.
    pub(super) dice: u64,
}

/// The orders, one after the other, without end.
#[derive(Debug)]
pub(super) struct Plan {
    random: StdRng,
    nth: u64,
    at: Duration,
    rate: f64,
    customers: usize,
    stores: usize,
    pickup: f64,
    carts: f64,
    has_track: bool,
}

impl Plan {
    pub(super) fn new(options: &Options, stores: usize) -> Self {
        Self {
            random: StdRng::seed_from_u64(options.seed),
            nth: 0,
            at: Duration::ZERO,
            rate: options.rate,
            customers: options.customers,
            stores,
            pickup: options.pickup,
            carts: options.carts,
            has_track: options.track.is_some(),
        }
    }
}

impl Iterator for Plan {
    type Item = Planned;

    /// Times between orders are exponential: customers know nothing of one another.
    fn next(&mut self) -> Option<Planned> {
        let nth = self.nth;
        let on_track = self.has_track && nth.is_multiple_of(TRACK_EVERY);
        let method = match nth {
            _ if on_track => "pm_approved",
            _ if nth % DECLINED_EVERY == DECLINED_AT => "pm_declined",
            _ if nth % REPLY_LOST_EVERY == REPLY_LOST_AT => "pm_reply_lost",
            _ => "pm_approved",
        };
        let random = &mut self.random;
        let goes = match random.random_bool(self.pickup) {
            _ if on_track => Goes::Track,
            true => Goes::Counter,
            false => Goes::Door,
        };
        let planned = Planned {
            nth,
            at: self.at,
            // Each in turn: whoever is asked too often is refused.
            customer: usize::try_from(nth).unwrap_or(0) % self.customers.max(1),
            store: if on_track { 0 } else { random.random_range(0..self.stores.max(1)) },
            goes,
            by_cart: random.random_bool(self.carts) && !on_track,
            cancels: nth % CANCELLED_EVERY == CANCELLED_AT && !on_track,
            method,
            dice: random.random(),
        };
        let gap_s = -(1.0 - random.random::<f64>()).ln() / self.rate;
        self.at += Duration::from_secs_f64(gap_s);
        self.nth += 1;
        Some(planned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(rate: f64) -> Options {
        Options {
            orders: None,
            rate,
            speed: 20.0,
            pickup: 0.4,
            carts: 0.25,
            customers: 20,
            seed: 7,
            track: None,
        }
    }

    #[test]
    fn the_same_seed_plans_the_same_day() {
        let day = || Plan::new(&options(2.0), 3).take(200).collect::<Vec<_>>();
        assert_eq!(day(), day());
        let other = Plan::new(&Options { seed: 8, ..options(2.0) }, 3).take(200);
        assert_ne!(day(), other.collect::<Vec<_>>());
    }

    #[test]
    fn orders_come_at_the_rate_and_with_the_shares_that_were_asked_for() {
        let day: Vec<Planned> = Plan::new(&options(5.0), 3).take(5_000).collect();
        let lasts_s = day.last().unwrap().at.as_secs_f64();
        assert!((950.0..1_050.0).contains(&lasts_s), "{lasts_s}");
        let share = |of: fn(&Planned) -> bool| day.iter().filter(|order| of(order)).count();
        assert!((1_850..2_150).contains(&share(|order| order.goes == Goes::Counter)));
        assert!((1_100..1_400).contains(&share(|order| order.by_cart)));
        assert!(day.windows(2).all(|pair| pair[0].at <= pair[1].at));
    }

    #[test]
    fn even_a_short_day_has_a_declined_card_a_lost_reply_and_a_cancellation() {
        let day: Vec<Planned> = Plan::new(&options(1.0), 3).take(10).collect();
        assert!(day.iter().any(|order| order.method == "pm_declined"));
        assert!(day.iter().any(|order| order.method == "pm_reply_lost"));
        assert!(day.iter().any(|order| order.cancels));
    }
}
