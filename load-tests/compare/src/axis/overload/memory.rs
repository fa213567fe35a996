//! How much memory is in use, second by second.

use std::collections::BTreeMap;

use tokio::time::{Duration, Instant, sleep_until};

use crate::axis::bench::{is_ours, is_service};
use crate::figures::{median, number, three_digits};
use crate::machine::cpu::Meter;

const EVERY: Duration = Duration::from_secs(1);

/// What each process had in memory, in kB, once a second.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(pub(super) Vec<BTreeMap<String, u64>>);

impl Memory {
    /// Looks once a second, so many times.
    pub(super) async fn watch(meter: &Meter, seconds: u64) -> Self {
        let (mut samples, mut next) = (Vec::new(), Instant::now());
        for _ in 0..seconds {
            next += EVERY;
            sleep_until(next).await;
            samples.push(meter.resident_kb());
        }
        Self(samples)
    }

    /// Of all our processes together, the last quarter beside the second; 1 is flat.
    pub(super) fn ratio(&self) -> f64 {
        self.ratio_of(is_ours)
    }

    /// The same of the services alone: the provider's stand-in and the embedded table engine keep their
    /// records in memory.
    pub(super) fn ratio_of_services(&self) -> f64 {
        self.ratio_of(is_service)
    }

    /// The same of each process.
    pub(super) fn ratios(&self) -> BTreeMap<String, f64> {
        let names = self.0.first().into_iter().flat_map(BTreeMap::keys);
        names.map(|name| (name.clone(), self.ratio_of(|other| other == name))).collect()
    }

    /// What all our processes had in each second, in MB.
    pub(super) fn ours_mb(&self) -> impl Iterator<Item = f64> {
        self.sums(is_ours).map(|kb| three_digits(kb / 1024.0))
    }

    fn ratio_of(&self, of: impl Fn(&str) -> bool) -> f64 {
        let sums: Vec<f64> = self.sums(of).collect();
        let quarter = sums.len() / 4;
        let middle = |from: usize| median(sums.iter().skip(from).take(quarter).copied());
        three_digits(middle(sums.len() - quarter) / middle(quarter))
    }

    fn sums(&self, of: impl Fn(&str) -> bool) -> impl Iterator<Item = f64> {
        self.0.iter().map(move |sample| {
            number(sample.iter().filter(|(name, _)| of(name)).map(|(_, kb)| kb).sum())
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A second for each amount, all of it in one service, beside a stand-in that doubles in the end.
    pub(in crate::axis::overload) fn memory(kb: &[u64]) -> Memory {
        let last = kb.len() - kb.len() / 4;
        let sample = |(second, kb): (usize, &u64)| {
            let standing_in = if second < last { 1_000 } else { 2_000 };
            [("orders".to_owned(), *kb), ("sandbox".to_owned(), standing_in)].into()
        };
        Memory(kb.iter().enumerate().map(sample).collect())
    }

    #[test]
    fn the_last_quarter_is_held_against_the_second() {
        let grown = memory(&[10, 10, 1_000, 1_000, 5, 5, 1_500, 1_500]);

        assert!((grown.ratio_of_services() - 1.5).abs() < 1e-9);
        assert!((grown.ratio() - 1.75).abs() < 1e-9);
        assert!((grown.ratios()["sandbox"] - 2.0).abs() < 1e-9);
    }

    #[tokio::test(start_paused = true)]
    async fn every_second_is_looked_at() {
        let meter = Meter::new(vec![("orders".to_owned(), std::process::id())], Vec::new());

        let memory = Memory::watch(&meter, 4).await;

        assert_eq!(memory.0.len(), 4);
        assert!(memory.ours_mb().all(|mb| mb > 1.0));
    }
}
