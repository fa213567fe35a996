//! The stack that is measured: its own engines and data, made anew for each run.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use cloudeats::engines::{self, Durability, Engine, Programs};
use cloudeats::layout::Layout;
use cloudeats::ports::Ports;
use cloudeats::process::Ready;
use cloudeats::process::mark::Mark;
use cloudeats::site::{SERVICES, Service, Site};
use cloudeats::stack::{self, Options, Pace, Stack, Strain};
use nix::sys::signal::Signal;
use tokio_util::sync::CancellationToken;

use super::Settings;
use crate::figures::{number, per, three_digits};
use crate::machine::cpu::{Meter, Reading, busy_ms};

const STACK: &str = "bench";
const LOOK: Duration = Duration::from_millis(5);
/// How often it is looked whether a start is over.
const START_LOOK: Duration = Duration::from_millis(2);
/// From a kill to the first 200 of `/readyz`.
const READY_MAX: Duration = Duration::from_secs(30);
/// The provider tells of every order from one address: more in a minute than are ever placed.
const WEBHOOKS: (&str, &str) = ("CE_RATE_WEBHOOK_PER_MIN", "1000000");
/// What runs beside our services and PostgreSQL.
const OTHERS: [&str; 4] = ["sandbox", "dynamo", "redis", "mosquitto"];

/// Everything that runs.
pub(super) struct Bench {
    stack: Stack,
    marks: Vec<(&'static str, Mark)>,
    pub(super) meter: Meter,
    pub(super) postgres: Programs,
}

/// A process that stands still; dropped, it goes on.
#[must_use]
pub(super) struct Frozen(Mark);

/// What was used of the processors by one moment.
pub(super) struct Usage {
    reading: Reading,
    busy_ms: u64,
}

/// What was used of them in between.
pub(super) struct Used {
    /// By process.
    pub(super) ms: BTreeMap<String, u64>,
    busy_ms: u64,
}

impl Bench {
    /// Starts these services and all engines on empty databases. The gateway's limits are on, and so high
    /// that nobody reaches them.
    pub(super) async fn up(
        settings: &Settings,
        services: &[Service],
        stop: &CancellationToken,
    ) -> anyhow::Result<Self> {
        clear(&settings.local)?;
        let options = Options {
            local: settings.local.clone(),
            stack: STACK.to_owned(),
            ports: Ports::fixed(settings.base_port_offset)?,
            bin_folder: stack::bin_folder(settings.bin_dir.as_deref())?,
            services: services.to_vec(),
            durability: Durability::Durable,
            pace: Pace::Hurried,
            observe: None,
            secured: false,
        };
        let limits = vec![(WEBHOOKS.0.to_owned(), WEBHOOKS.1.to_owned())];
        let strain = Strain { environment: limits, ..Strain::default() };
        let stack = Box::pin(Stack::up_under(options, &strain, stop)).await?;
        match watch(&stack, services).await {
            Ok((marks, meter, postgres)) => Ok(Self { stack, marks, meter, postgres }),
            Err(error) => {
                stack.stop().await;
                Err(error)
            }
        }
    }

    pub(super) fn site(&self) -> &Site {
        self.stack.site()
    }

    /// Names of processes that ended since the start, whether or not others took their places.
    pub(super) fn ended(&self) -> Vec<String> {
        let ended = self.marks.iter().filter(|(_, mark)| !mark.lives());
        ended.map(|(name, _)| (*name).to_owned()).collect()
    }

    /// Kills a service in the middle of its work and waits until another process has taken its place.
    pub(super) async fn kill(&self, service: &Service) -> anyhow::Result<()> {
        let process = || self.stack.process(service.name);
        let victim = process().with_context(|| format!("`{}` is gone", service.name))?;
        victim.send(Signal::SIGKILL)?;
        while process().is_none_or(|process| process == victim) {
            tokio::time::sleep(LOOK).await;
        }
        self.stack.ready(service, READY_MAX).await
    }

    /// Kills a service; answers how long it took from then on until another process served in its place.
    pub(super) async fn start_anew(&self, service: &Service) -> anyhow::Result<Duration> {
        let victim = self.process(service)?;
        let killed = Instant::now();
        victim.send(Signal::SIGKILL)?;
        while victim.lives() {
            tokio::time::sleep(START_LOOK).await;
        }
        serves(&Ready::Http(self.site().admin_port(service), "/readyz")).await?;
        Ok(killed.elapsed())
    }

    /// The process that now runs as this service.
    pub(super) fn process(&self, service: &Service) -> anyhow::Result<Mark> {
        self.stack.process(service.name).with_context(|| format!("`{}` is gone", service.name))
    }

    /// Lets a service stand still: it takes connections and answers nothing.
    pub(super) fn freeze(&self, service: &str) -> anyhow::Result<Frozen> {
        let victim = self.stack.process(service);
        let victim = victim.with_context(|| format!("`{service}` is gone"))?;
        victim.send(Signal::SIGSTOP)?;
        Ok(Frozen(victim))
    }

    pub(super) fn usage(&self) -> anyhow::Result<Usage> {
        Usage::by(&self.meter)
    }

    pub(super) async fn stop(self) {
        self.stack.stop().await;
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        // Where it is gone there is nobody to go on.
        let _ = self.0.send(Signal::SIGCONT);
    }
}

impl Usage {
    /// What these processes used by now.
    pub(super) fn by(meter: &Meter) -> anyhow::Result<Self> {
        Ok(Self { reading: meter.read()?, busy_ms: busy_ms()? })
    }

    pub(super) fn since(&self, earlier: &Self) -> Used {
        let busy_ms = self.busy_ms.saturating_sub(earlier.busy_ms);
        Used { ms: self.reading.since(&earlier.reading), busy_ms }
    }
}

impl Used {
    /// What these processes used.
    pub(super) fn sum_ms(&self, of: impl Fn(&str) -> bool) -> u64 {
        self.ms.iter().filter(|(name, _)| of(name)).map(|(_, ms)| ms).sum()
    }

    /// The client's part of all that was used.
    pub(super) fn client_share(&self) -> f64 {
        self.share(|name| name == "client")
    }

    /// The part of all that these processes used.
    pub(super) fn share(&self, of: impl Fn(&str) -> bool) -> f64 {
        three_digits(per(number(self.sum_ms(of)), self.busy_ms))
    }

    /// The part of all that nobody of the bench used.
    pub(super) fn foreign_share(&self) -> f64 {
        let foreign = self.busy_ms.saturating_sub(self.sum_ms(|_| true));
        three_digits(per(number(foreign), self.busy_ms))
    }
}

/// Waits until somebody who was just started serves, and looks as often as a start is worth measuring.
pub(super) async fn serves(ready: &Ready) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !ready.holds().await {
        ensure!(begun.elapsed() < READY_MAX, "{ready:?} does not hold after {READY_MAX:?}");
        tokio::time::sleep(START_LOOK).await;
    }
    Ok(())
}

/// Whether a process is ours: a service, the provider's stand-in, or the table engine that `cloudeats`
/// embeds.
pub(super) fn is_ours(process: &str) -> bool {
    is_service(process) || matches!(process, "sandbox" | "dynamo")
}

/// Whether a process is a service.
pub(super) fn is_service(process: &str) -> bool {
    SERVICES.iter().any(|service| service.name == process)
}

/// What a former run left is of no use: full tables are slower.
fn clear(local: &Path) -> anyhow::Result<()> {
    let layout = Layout::new(local, STACK)?;
    let living = Mark::all_living(&layout.marks());
    ensure!(
        living.is_empty(),
        "the stack `{STACK}` runs: `cloudeats down --stack {STACK}` ends it"
    );
    layout.clear()
}

async fn watch(
    stack: &Stack,
    services: &[Service],
) -> anyhow::Result<(Vec<(&'static str, Mark)>, Meter, Programs)> {
    let mark = |name| stack.process(name).with_context(|| format!("`{name}` is gone"));
    let mut marks = Vec::new();
    for name in services.iter().map(|service| service.name).chain(OTHERS) {
        marks.push((name, mark(name)?));
    }
    let mut alone: Vec<(String, u32)> =
        marks.iter().map(|(name, mark)| ((*name).to_owned(), mark.pid)).collect();
    alone.push(("client".to_owned(), std::process::id()));
    let postmaster = mark("postgres")?;
    let meter = Meter::new(alone, vec![("postgres".to_owned(), postmaster.pid)]);
    marks.push(("postgres", postmaster));
    Ok((marks, meter, engines::provide(&stack.site().layout, Engine::Postgres).await?))
}
