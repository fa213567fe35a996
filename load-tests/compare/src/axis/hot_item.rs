//! Reservations of one product, whole and acknowledged, beside updates of one row without us.

mod buyer;
mod gate;
mod report;
mod rounds;
mod row;
mod shelf;

use std::time::Duration;

use anyhow::bail;
use cloudeats::commands::say;
use cloudeats::ports::Door;
use cloudeats::site::{SERVICES, Service};
use tokio_util::sync::CancellationToken;

use self::report::Report;
use self::rounds::Rounds;
use super::Settings;
use super::bench::Bench;
use crate::machine::{self, Machine};

/// The service that is measured; it needs no other to reserve.
const INVENTORY: Door = Door::Inventory;

/// Measures and writes the result; `false` where it is invalid.
pub(super) async fn run(settings: &Settings, stop: &CancellationToken) -> anyhow::Result<bool> {
    let services: Vec<Service> =
        SERVICES.into_iter().filter(|service| service.door == INVENTORY).collect();
    let bench = Bench::up(settings, &services, stop).await?;
    let measured = stop.run_until_cancelled(measure(settings, &bench, &services)).await;
    bench.stop().await;
    let Some(report) = measured else { bail!("told to stop") };
    let report = report?;
    report.write(&settings.out)?;
    say(report.markdown()?);
    Ok(report.is_valid())
}

async fn measure(
    settings: &Settings,
    bench: &Bench,
    services: &[Service],
) -> anyhow::Result<Report> {
    let machine = Machine::look()?;
    let mut all = Rounds::prepare(settings, bench, services).await?;

    say(format_args!("waits for a quiet machine, {} s at most", settings.quiet_max_seconds));
    let quiet = machine::quiet(Duration::from_secs(settings.quiet_max_seconds)).await?;
    let load_before = machine::load()?;

    let mut rounds = Vec::new();
    for number in 1..=settings.rounds {
        let round = all.round().await?;
        say(format_args!("round {number} of {}: {round}", settings.rounds));
        rounds.push(round);
    }
    let memory_peak_mb = bench.meter.peaks_mb();
    say("kills inventory in the middle");
    let evidence = all.evidence().await?;

    Ok(Report {
        machine,
        versions: all.versions().await?,
        settings: settings.clone(),
        quiet,
        load_before,
        load_after: machine::load()?,
        memory_peak_mb,
        rounds,
        evidence,
    })
}
