//! Events from the commit of the fact to the consumer: our relay and log, beside a relay that polls.

mod book;
mod listener;
mod open;
mod phase;
mod place;
mod polling;
mod report;
mod teller;

use std::time::Duration;

use anyhow::bail;
use cloudeats::commands::say;
use tokio_util::sync::CancellationToken;

use self::phase::{Carrier, Found, Plan, Relay};
use self::report::{Of, Report};
use super::Settings;
use super::bench::Bench;
use crate::machine::{self, Machine};

/// How long the open transaction is, unless the phases are short.
const OPEN_MAX: Duration = Duration::from_mins(1);

/// Measures and writes the result; `false` where it is invalid.
pub(super) async fn run(settings: &Settings, stop: &CancellationToken) -> anyhow::Result<bool> {
    let bench = Bench::up(settings, &[], stop).await?;
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
    say(format_args!("waits for a quiet machine, {} s at most", settings.quiet_max_seconds));
    let quiet = machine::quiet(Duration::from_secs(settings.quiet_max_seconds)).await?;
    let load_before = machine::load()?;

    let mut carriers = vec![Carrier::Postgres];
    carriers.extend(settings.kafka_bootstrap.clone().map(Carrier::Kafka));
    let mut found = Vec::new();
    for carrier in carriers {
        let mut of = Of { carrier: carrier.name(), ..Of::default() };
        for _ in 0..settings.rounds {
            of.ours.push(one(settings, bench, plan(settings, &carrier, Relay::Ours)).await?);
            of.polling.push(one(settings, bench, plan(settings, &carrier, Relay::Polling)).await?);
        }
        let open = |relay| Plan { open: open_for(settings), ..plan(settings, &carrier, relay) };
        of.ours_open.push(one(settings, bench, open(Relay::Ours)).await?);
        of.polling_open.push(one(settings, bench, open(Relay::Polling)).await?);
        found.push(of);
    }

    Ok(Report {
        machine,
        settings: settings.clone(),
        quiet,
        load_before,
        load_after: machine::load()?,
        ended: bench.ended(),
        found,
    })
}

async fn one(settings: &Settings, bench: &Bench, plan: Plan) -> anyhow::Result<Found> {
    let found = phase::run(settings, bench, &plan).await?;
    say(format_args!("{plan}: {found}"));
    Ok(found)
}

fn plan(settings: &Settings, carrier: &Carrier, relay: Relay) -> Plan {
    let measured = settings.phase().measured;
    let rate = settings.facts_per_second;
    Plan { carrier: carrier.clone(), relay, rate, measured, open: Duration::ZERO }
}

fn open_for(settings: &Settings) -> Duration {
    OPEN_MAX.min(settings.phase().measured * 3)
}
