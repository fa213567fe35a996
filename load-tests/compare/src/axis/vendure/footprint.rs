//! What runs needs before anybody asks for anything: memory, and time until it serves.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::Context;
use cloudeats::site::SERVICES;
use serde::Serialize;

use super::server::Place;
use crate::axis::bench::Bench;
use crate::figures::{most, number, three_digits};
use crate::machine::cpu::proportional_kb;

/// One process of Vendure and our seven services.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Footprint {
    /// From its start to its first answer.
    pub(super) their_start_ms: f64,
    /// Idle.
    pub(super) their_mb: f64,
    /// From `kill -9` to the first 200 of the next process's `/readyz`.
    pub(super) our_start_ms: BTreeMap<&'static str, f64>,
    /// Idle.
    pub(super) our_mb: BTreeMap<&'static str, f64>,
}

impl Footprint {
    /// Of all seven.
    pub(super) fn our_mb(&self) -> f64 {
        three_digits(self.our_mb.values().sum())
    }

    /// Of the slowest.
    pub(super) fn our_start_ms(&self) -> f64 {
        most(self.our_start_ms.values().copied())
    }
}

/// Starts everything anew, one after the other, lets it rest and looks.
pub(super) async fn take(
    bench: &Bench,
    place: &Place,
    rest: Duration,
) -> anyhow::Result<Footprint> {
    let theirs = place.start(0).await?;
    let mut found = Footprint { their_start_ms: ms(theirs.ready_after), ..Footprint::default() };
    for service in &SERVICES {
        found.our_start_ms.insert(service.name, ms(bench.start_anew(service).await?));
    }
    tokio::time::sleep(rest).await;
    found.their_mb = memory_mb(theirs.pid)?;
    for service in &SERVICES {
        found.our_mb.insert(service.name, memory_mb(bench.process(service)?.pid)?);
    }
    theirs.stop().await;
    Ok(found)
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { their_start_ms, their_mb, .. } = self;
        write!(
            f,
            "Vendure {their_mb} MB, serves after {their_start_ms} ms; ours {} MB, the slowest serves after {} ms",
            self.our_mb(),
            self.our_start_ms()
        )
    }
}

fn memory_mb(pid: u32) -> anyhow::Result<f64> {
    let kb = proportional_kb(pid).context("a process is gone")?;
    Ok(three_digits(number(kb) / 1024.0))
}

fn ms(time: Duration) -> f64 {
    three_digits(time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_that_of_all_and_the_slowest_start_counts() {
        let found = Footprint {
            our_start_ms: [("orders", 80.0), ("gateway", 30.0)].into(),
            our_mb: [("orders", 20.0), ("gateway", 12.0)].into(),
            ..Footprint::default()
        };
        assert!((found.our_mb() - 32.0).abs() < 1e-9 && (found.our_start_ms() - 80.0).abs() < 1e-9);
        assert!(memory_mb(std::process::id()).unwrap() > 1.0);
    }
}
