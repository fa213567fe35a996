//! How clients behave who are not patient, and what they are about.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::Rng;

/// Whoever hangs up does so within this.
const SOON_MS: u64 = 50;

/// How all users of an [`super::Api`] behave.
#[derive(Debug, Default)]
pub struct Mood {
    hang_ups_pct: AtomicU8,
    hung_up: AtomicU64,
    under_way: AtomicU64,
    answers: Mutex<BTreeMap<u16, u64>>,
}

/// A request under way, for as long as this lives.
#[derive(Debug)]
pub(super) struct UnderWay<'a>(&'a Mood);

impl Mood {
    /// Drops this share of all connections within 50 ms, in per cent.
    pub fn hang_up(&self, share_pct: u8) {
        self.hang_ups_pct.store(share_pct, Ordering::Relaxed);
    }

    /// Requests that were dropped before their answer came.
    #[must_use]
    pub fn hung_up(&self) -> u64 {
        self.hung_up.load(Ordering::Relaxed)
    }

    /// Requests that wait for their answer.
    #[must_use]
    pub fn under_way(&self) -> u64 {
        self.under_way.load(Ordering::Relaxed)
    }

    /// How often anybody was answered with this status.
    #[must_use]
    pub fn answered(&self, status: u16) -> u64 {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(&status).copied().unwrap_or_default()
    }

    pub(super) fn count(&self, status: u16) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry(status).or_default() += 1;
    }

    pub(super) fn begin(&self) -> UnderWay<'_> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self)
    }

    /// When this request is dropped, if it is.
    pub(super) fn patience(&self) -> Option<Duration> {
        let share_pct = self.hang_ups_pct.load(Ordering::Relaxed);
        let mut dice = rand::rng();
        (share_pct > 0 && dice.random_range(0..100) < share_pct)
            .then(|| Duration::from_millis(dice.random_range(0..=SOON_MS)))
    }

    pub(super) fn dropped(&self) {
        self.hung_up.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patient_never_hang_up_and_the_impatient_soon() {
        let mood = Mood::default();
        assert!((0..1_000).all(|_| mood.patience().is_none()));
        mood.hang_up(30);
        let hasty: Vec<Duration> = (0..1_000).filter_map(|_| mood.patience()).collect();
        assert!((200..400).contains(&hasty.len()), "{}", hasty.len());
        assert!(hasty.iter().all(|after| *after <= Duration::from_millis(SOON_MS)));
    }

    #[test]
    fn answers_are_counted_by_their_status() {
        let mood = Mood::default();
        for status in [200, 503, 200] {
            mood.count(status);
        }
        assert_eq!((mood.answered(200), mood.answered(503), mood.answered(500)), (2, 1, 0));
    }

    #[test]
    fn what_is_under_way_is_counted_until_it_ends() {
        let mood = Mood::default();
        let (one, two) = (mood.begin(), mood.begin());
        assert_eq!(mood.under_way(), 2);
        drop(one);
        assert_eq!(mood.under_way(), 1);
        drop(two);
        assert_eq!(mood.under_way(), 0);
    }
}
