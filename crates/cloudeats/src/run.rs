//! `cloudeats run`: everything at once, from nothing to a verdict or until Ctrl-C.

use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::check::check;
use crate::commands::up::{Extras, PortChoice};
use crate::commands::{Which, say, told_to_stop};
use crate::engines::Durability;
use crate::layout::Layout;
use crate::ports::Door;
use crate::process::mark::Mark;
use crate::seed;
use crate::simulate::{self, CityArgs, closing};
use crate::site::{SERVICES, Site};
use crate::stack::{self, Options, Pace, Stack};

/// How long the check waits until nothing moves any more.
const QUIESCE_MAX: Duration = Duration::from_mins(2);

/// Starts everything and plays.
#[derive(Debug, Clone, clap::Args)]
pub struct Run {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    city: CityArgs,
    /// Stop when so many orders are completed, judge, and end with the verdict; without it, at Ctrl-C
    #[arg(long)]
    orders: Option<u64>,
    /// Orders per second, on average
    #[arg(long, default_value_t = 1.0, value_parser = simulate::positive)]
    rate: f64,
    /// Shortens preparation and roads alike
    #[arg(long, default_value_t = 20.0, value_parser = simulate::positive)]
    speed: f64,
    #[command(flatten)]
    extras: Extras,
}

/// Which stack, and where it listens.
#[derive(Debug, Clone, clap::Args)]
pub struct Place {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    ports: PortChoice,
    /// The folder of the services' binaries; by default that of this program
    #[arg(long, env = "CE_BIN_DIR")]
    bin_dir: Option<PathBuf>,
}

impl Place {
    /// A whole stack.
    fn options(&self) -> anyhow::Result<Options> {
        self.options_of(&self.which.stack)
    }

    /// A whole stack of another name.
    pub(crate) fn options_of(&self, stack: &str) -> anyhow::Result<Options> {
        Ok(Options {
            local: self.which.local.clone(),
            stack: stack.to_owned(),
            ports: self.ports.ports()?,
            bin_folder: stack::bin_folder(self.bin_dir.as_deref())?,
            services: SERVICES.to_vec(),
            durability: Durability::Durable,
            pace: Pace::City,
            observe: None,
            secured: false,
        })
    }
}

impl Run {
    /// Runs the verb.
    pub async fn run(self) -> anyhow::Result<()> {
        let stop = until_told();
        let options = self.extras.added_to(self.place.options()?);
        let mark = Keeper::mark(&options)?;
        let stack = match Box::pin(Stack::up_until(options, &stop)).await {
            Err(_given_up) if stop.is_cancelled() => return Ok(()),
            started => started?,
        };
        let outcome = self.play(&stack, &stop).await;
        say("stopping");
        stack.stop().await;
        drop(mark);
        outcome
    }

    async fn play(&self, stack: &Stack, stop: &CancellationToken) -> anyhow::Result<()> {
        let site = stack.site();
        if !seed::is_seeded(site).await {
            seed::seed(site).await?;
        }
        announce(site);
        self.extras.announce(site);
        let options = self.city.options(self.orders, self.rate, self.speed)?;
        let totals = simulate::play(site, options, stop.clone()).await?;
        closing(site, &totals).await?;
        say(stack.figures());
        if self.orders.is_none() {
            return Ok(());
        }
        let report = check(site, QUIESCE_MAX).await?;
        say(report.table());
        report.passed()
    }
}

/// What people open next.
fn announce(site: &Site) {
    let gateway = site.http_url(Door::Gateway);
    say(format_args!("gateway    {gateway}"));
    say(format_args!("API        {gateway}/docs"));
    say(format_args!("mailbox    {}", site.http_url(Door::Mailbox)));
    let people = site.layout.secrets().join("people.json");
    say(format_args!("people     {}", people.display()));
    say(format_args!("logs       {}", site.layout.logs().display()));
}

/// Cancelled at Ctrl-C or SIGTERM.
pub(crate) fn until_told() -> CancellationToken {
    let stop = CancellationToken::new();
    let told = stop.clone();
    TaskTracker::new().spawn(async move {
        if told_to_stop().await.is_ok() {
            told.cancel();
        }
    });
    stop
}

/// The mark of the process that keeps the others running, by which `cloudeats down` finds it.
pub(crate) struct Keeper(PathBuf);

impl Keeper {
    pub(crate) fn mark(options: &Options) -> anyhow::Result<Self> {
        let layout = Layout::new(&options.local, &options.stack)?;
        let path = layout.marks().join("cloudeats.json");
        if let Some(Mark { pid, .. }) = Mark::living(&path) {
            let stack = layout.stack();
            anyhow::bail!(
                "the stack `{stack}` runs already (process {pid}): `cloudeats down --stack {stack}` ends it"
            );
        }
        Mark::of(std::process::id(), Signal::SIGTERM, Vec::new())?.write(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // A missing mark says the same as one that matches nobody.
        let _missing = std::fs::remove_file(&self.0);
    }
}
