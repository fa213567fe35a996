//! Orders, counted when they are confirmed: through the gateway, beside the same five commits alone.

pub(super) mod phases;
mod report;
pub(super) mod saga;

use std::time::Duration;

use anyhow::bail;
use cloudeats::commands::say;
use cloudeats::site::SERVICES;
use tokio_util::sync::CancellationToken;

use self::phases::Phases;
use self::report::Report;
use super::Settings;
use super::bench::Bench;
use crate::machine::{self, Machine};

/// Measures and writes the result; `false` where it is invalid.
pub(super) async fn run(settings: &Settings, stop: &CancellationToken) -> anyhow::Result<bool> {
    let bench = Bench::up(settings, &SERVICES, stop).await?;
    let measured = stop.run_until_cancelled(measure(settings, &bench)).await;
    bench.stop().await;
    let Some(report) = measured else { bail!("told to stop") };
    let report = report?;
    report.write(&settings.out)?;
    say(report.markdown()?);
    Ok(report.is_valid())
}

async fn measure(settings: &Settings, bench: &Bench) -> anyhow::Result<Report> {
    let machine = Machine::look()?;
    let mut phases = Phases::prepare(settings, bench).await?;

    say(format_args!("waits for a quiet machine, {} s at most", settings.quiet_max_seconds));
    let quiet = machine::quiet(Duration::from_secs(settings.quiet_max_seconds)).await?;
    let load_before = machine::load()?;

    let mut rounds = Vec::new();
    for number in 1..=settings.rounds {
        let round = phases.round().await?;
        say(format_args!("round {number} of {}: {round}", settings.rounds));
        rounds.push(round);
    }
    let evidence = phases.evidence().await?;

    Ok(Report {
        machine,
        versions: phases.versions().await?,
        settings: settings.clone(),
        quiet,
        load_before,
        load_after: machine::load()?,
        memory_peak_mb: bench.meter.peaks_mb(),
        rounds,
        evidence,
    })
}
