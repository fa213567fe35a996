//! `cloudeats chaos`: breaks things under load, lets them heal, and has the stack judged (RELIABILITY, 4).

mod account;
mod act;
mod acts;
mod clock;
mod desk;
mod disk;
mod ground;
mod line;
mod links;
mod means;
mod plan;
mod points;
mod proxy;
mod readers;
mod rig;
pub(crate) mod session;
pub(crate) mod stock;
mod watch;
mod words;

use std::time::Duration;

use anyhow::bail;
use tokio_util::sync::CancellationToken;

use crate::check::Verdict;
use crate::commands::say;
use crate::run::{Place, until_told};
use crate::simulate::{self, CityArgs};

pub(crate) use self::act::Act;
pub(crate) use self::acts::{links as ways, provider};
pub(crate) use self::ground::Ground;
pub use self::plan::Gate;
pub(crate) use self::plan::Planned;
use self::plan::plan;
use self::session::Session;

const STACK: &str = "chaos";
/// Orders on their way when the last fault has healed may take so long to end.
const DRAIN_MAX: Duration = Duration::from_mins(4);
const QUIESCE_MAX: Duration = Duration::from_mins(2);

/// Breaks things and judges.
#[derive(Debug, Clone, clap::Args)]
pub struct Chaos {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Verb {
    /// Inject the faults of a gate under load, heal, judge
    Run(Run),
    /// Sell a few units to many buyers at once
    Stock(stock::Stock),
}

/// A gate.
#[derive(Debug, Clone, clap::Args)]
struct Run {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    city: CityArgs,
    /// How much is done
    #[arg(long, value_enum, default_value_t = Gate::Short)]
    gate: Gate,
    /// Only these faults: F1, F2a and so on; all of the gate unless some are named
    #[arg(long)]
    fault: Vec<String>,
    /// Orders per second, on average
    #[arg(long, default_value_t = 2.0, value_parser = simulate::positive)]
    rate: f64,
    /// Shortens preparation and roads alike
    #[arg(long, default_value_t = 60.0, value_parser = simulate::positive)]
    speed: f64,
    #[arg(skip)]
    ground: Ground,
}

impl Chaos {
    /// Sets the process apart where a planned fault needs that: only before there is a second thread.
    #[must_use]
    pub fn on_its_ground(mut self) -> Self {
        if let Verb::Run(run) = &mut self.verb
            && run.planned().iter().any(|planned| planned.act.needs_ground())
        {
            run.ground = Ground::own();
        }
        self
    }

    /// Runs the verb.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.verb {
            Verb::Run(run) => run.run().await,
            Verb::Stock(stock) => stock.run().await,
        }
    }
}

impl Run {
    fn planned(&self) -> Vec<Planned> {
        plan(self.gate, self.city.seed(), &self.fault)
    }

    /// Breaks things; after all faults there are, whatever came of them, there is a sale as well.
    async fn run(self) -> anyhow::Result<()> {
        let stop = until_told();
        let judged = self.judge(&stop).await;
        if self.gate != Gate::Full || !self.fault.is_empty() || stop.is_cancelled() {
            return judged;
        }
        if let Err(error) = &judged {
            say(format_args!("chaos: {error:#}; the sale is held all the same"));
        }
        let sold = stock::Stock::of(self.place).hold(&stop).await;
        judged.and(sold)
    }

    async fn judge(&self, stop: &CancellationToken) -> anyhow::Result<()> {
        let session = Session {
            options: self.place.options_of(STACK)?,
            city: self.city.options(None, self.rate, self.speed)?,
            planned: self.planned(),
            ground: self.ground.clone(),
            twins: if self.gate == Gate::Full { vec!["orders", "payment"] } else { Vec::new() },
            environment: Vec::new(),
            drain_max: DRAIN_MAX,
            quiesce_max: QUIESCE_MAX,
            tells: true,
        };
        let faults = session.planned.len();
        say(format_args!("chaos: {faults} faults in the order of seed {}", self.city.seed()));
        let Some(outcome) = Box::pin(session.play(stop)).await? else { return Ok(()) };
        say(outcome.report.table());
        let (verdict, why) = account::verdict(&outcome);
        for reason in why {
            say(format_args!("  {reason}"));
        }
        let landed = outcome.log.iter().filter(|entry| entry.has_landed()).count();
        say(format_args!("{landed} of {} faults landed", outcome.log.len()));
        say(format_args!("chaos: {verdict}, seed {}, commit {}", self.city.seed(), commit().await));
        if verdict != Verdict::Pass {
            bail!("chaos says {verdict}");
        }
        Ok(())
    }
}

/// What was built, as far as Git knows.
async fn commit() -> String {
    let mut git = tokio::process::Command::new("git");
    let asked = git.args(["describe", "--always", "--dirty", "--abbrev=12"]).output().await;
    let told = asked.ok().filter(|output| output.status.success());
    let told = told.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    told.unwrap_or_else(|| "unknown".to_owned())
}
