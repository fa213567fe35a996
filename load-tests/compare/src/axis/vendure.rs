//! Vendure, a shop platform that many run, beside ours: the table of the goals G1, G2, G9 and G11.

mod buyer;
mod facts;
mod footprint;
mod goals;
mod install;
mod judge;
mod report;
mod rounds;
mod server;

use std::time::Duration;

use anyhow::bail;
use cloudeats::commands::say;
use cloudeats::site::SERVICES;
use tokio_util::sync::CancellationToken;

use self::facts::Facts;
use self::install::Installed;
use self::report::Report;
use self::rounds::Rounds;
use super::Settings;
use super::bench::Bench;
use crate::machine::{self, Machine};

/// Measures and writes the result; `false` where it is invalid.
pub(super) async fn run(settings: &Settings, stop: &CancellationToken) -> anyhow::Result<bool> {
    let installed = Installed::provide(&settings.local).await?;
    let bench = Bench::up(settings, &SERVICES, stop).await?;
    let measured = stop.run_until_cancelled(measure(settings, &bench, &installed)).await;
    bench.stop().await;
    let Some(report) = measured else { bail!("told to stop") };
    let report = report?;
    report.write(&settings.table_out)?;
    say(report.table()?);
    Ok(report.is_valid())
}

async fn measure(
    settings: &Settings,
    bench: &Bench,
    installed: &Installed,
) -> anyhow::Result<Report> {
    let machine = Machine::look()?;
    let mut rounds = Rounds::prepare(settings, bench, installed).await?;

    say(format_args!("waits for a quiet machine, {} s at most", settings.quiet_max_seconds));
    let quiet = machine::quiet(Duration::from_secs(settings.quiet_max_seconds)).await?;
    let load_before = machine::load()?;

    let mut found = Vec::new();
    for number in 1..=settings.rounds {
        let round = rounds.round().await?;
        say(format_args!("round {number} of {}: {round}", settings.rounds));
        found.push(round);
    }
    let evidence = rounds.evidence().await?;
    let theirs = rounds.judge().await?;
    let mut versions = rounds.versions().await?;
    versions.extend(installed.versions.clone());
    let place = rounds.close().await;

    // Last, as it kills what the evidence says nobody killed.
    let mut footprints = Vec::new();
    for number in 1..=settings.rounds {
        let footprint = footprint::take(bench, &place, settings.phase().measured).await?;
        say(format_args!("footprint {number} of {}: {footprint}", settings.rounds));
        footprints.push(footprint);
    }

    Ok(Report {
        facts: Facts::read(&settings.out, &machine.commit),
        machine,
        versions,
        settings: settings.clone(),
        quiet,
        load_before,
        load_after: machine::load()?,
        rounds: found,
        footprints,
        evidence,
        theirs,
    })
}
