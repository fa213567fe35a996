//! `cloudeats kill-each`: SIGKILL of each service in turn under load, and what becomes of the orders.

use std::time::Duration;

use anyhow::{Context, ensure};
use nix::sys::signal::Signal;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::check::check;
use crate::commands::{down, say};
use crate::layout::Layout;
use crate::process::Ready;
use crate::run::{Keeper, Place, until_told};
use crate::seed;
use crate::simulate::{self, CityArgs, Game, closing};
use crate::site::{SERVICES, Service};
use crate::stack::Stack;

/// From the kill to the first 200 of `/readyz`.
const BACK_MAX: Duration = Duration::from_secs(2);
/// A service that is not back by then will not come.
const GIVEN_UP: Duration = Duration::from_mins(1);
const QUIESCE_MAX: Duration = Duration::from_mins(2);
const STACK: &str = "kill-each";

/// Kills each service in turn under load, then judges.
#[derive(Debug, Clone, clap::Args)]
pub struct KillEach {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    city: CityArgs,
    /// Orders per second, on average
    #[arg(long, default_value_t = 5.0, value_parser = simulate::positive)]
    rate: f64,
    /// Shortens preparation and roads alike
    #[arg(long, default_value_t = 60.0, value_parser = simulate::positive)]
    speed: f64,
    /// Seconds of load before the first kill and after each
    #[arg(long, default_value_t = 8)]
    pause_s: u64,
}

/// How long a service was away.
#[derive(Debug)]
struct Outage {
    service: &'static str,
    took: Option<Duration>,
    /// Orders completed while the load went on after the kill.
    completed: u64,
}

impl KillEach {
    /// Runs the verb.
    pub async fn run(self) -> anyhow::Result<()> {
        let stop = until_told();
        let options = self.place.options_of(STACK)?;
        // Refused while another one runs; what a former run left unfinished is not ours to finish.
        drop(Keeper::mark(&options)?);
        let layout = Layout::new(&options.local, &options.stack)?;
        down::end_all(&layout.marks()).await?;
        layout.clear()?;
        let mark = Keeper::mark(&options)?;
        let stack = match Box::pin(Stack::up_until(options, &stop)).await {
            Err(_given_up) if stop.is_cancelled() => return Ok(()),
            started => started?,
        };
        let outcome = stop.run_until_cancelled(self.judge(&stack, &stop)).await;
        say("stopping");
        stack.stop().await;
        drop(mark);
        outcome.context("told to stop")?
    }

    async fn judge(&self, stack: &Stack, stop: &CancellationToken) -> anyhow::Result<()> {
        let site = stack.site();
        seed::seed(site).await?;
        let options = self.city.options(None, self.rate, self.speed)?;
        let game = Game::begin(site, options).await?;
        let outages = self.kill_all(stack, &game).await;
        let totals = game.end(stop).await?;
        let outages = outages?;

        closing(site, &totals).await?;
        say(table(&outages));
        let report = check(site, QUIESCE_MAX).await?;
        say(report.table());
        report.passed()?;
        ensure!(totals.left == 0, "{} orders did not end", totals.left);
        let late = outages.iter().find(|outage| !outage.in_time());
        ensure!(late.is_none(), "not every service was back within {} s", BACK_MAX.as_secs());
        Ok(())
    }

    async fn kill_all(&self, stack: &Stack, game: &Game) -> anyhow::Result<Vec<Outage>> {
        let pause = Duration::from_secs(self.pause_s);
        let mut outages = Vec::new();
        for service in &SERVICES {
            tokio::time::sleep(pause).await;
            let before = game.tally().completed.get();
            let took = kill(stack, service).await?;
            tokio::time::sleep(pause.saturating_sub(took.unwrap_or_default())).await;
            let completed = game.tally().completed.get().saturating_sub(before);
            outages.push(Outage { service: service.name, took, completed });
        }
        Ok(outages)
    }
}

/// Kills a service and waits until its successor is ready; nothing where none comes.
async fn kill(stack: &Stack, service: &Service) -> anyhow::Result<Option<Duration>> {
    let name = service.name;
    let victim = stack.process(name).with_context(|| format!("`{name}` does not run"))?;
    let ready = Ready::Http(stack.site().admin_port(service), "/readyz");
    victim.send(Signal::SIGKILL)?;
    let killed = Instant::now();
    loop {
        let successor = stack.process(name).is_some_and(|process| process.pid != victim.pid);
        if successor && ready.holds().await {
            return Ok(Some(killed.elapsed()));
        }
        if killed.elapsed() > GIVEN_UP {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl Outage {
    fn in_time(&self) -> bool {
        self.took.is_some_and(|took| took <= BACK_MAX)
    }
}

fn table(outages: &[Outage]) -> String {
    let head = format!(
        "\n  {:<16}{:>14}{:>12}{:>24}",
        "killed", "ready after", "limit", "completed meanwhile"
    );
    let rows = outages.iter().map(|outage| {
        let took =
            outage.took.map_or("never".to_owned(), |took| format!("{} ms", took.as_millis()));
        let verdict = if outage.in_time() { "kept" } else { "BROKEN" };
        format!("  {:<16}{took:>14}{verdict:>12}{:>24}", outage.service, outage.completed)
    });
    [head].into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_back_too_late_or_never_has_broken_the_limit() {
        let outage = |ms: Option<u64>| Outage {
            service: "orders",
            took: ms.map(Duration::from_millis),
            completed: 3,
        };
        let text = table(&[outage(Some(2_000)), outage(Some(2_001)), outage(None)]);
        let verdicts: Vec<bool> = text.lines().skip(2).map(|line| line.contains("kept")).collect();
        assert_eq!(verdicts, [true, false, false], "{text}");
    }
}
