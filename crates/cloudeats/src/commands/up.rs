//! `cloudeats up`: everything, until told to stop.

use std::fs::OpenOptions;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use futures::future::{Either, select};
use nix::sys::signal::Signal;
use tokio_util::sync::CancellationToken;

use crate::engines::Durability;
use crate::layout::{Layout, make};
use crate::ports::{Door, Ports};
use crate::process::last_lines;
use crate::process::mark::Mark;
use crate::site::{SERVICES, Site};
use crate::stack::{self, Options, Pace, Stack};

use super::{Which, say, told_to_stop};

/// How long a detached stack may take until it is up: the first start fetches engines.
const DETACHED_MAX: Duration = Duration::from_mins(10);

/// Starts engines and services.
#[derive(Debug, Clone, clap::Args)]
pub struct Up {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    ports: PortChoice,
    /// The folder of the services' binaries; by default that of this program
    #[arg(long, env = "CE_BIN_DIR")]
    bin_dir: Option<PathBuf>,
    /// Return when everything is up; `cloudeats down` ends it
    #[arg(long)]
    detach: bool,
    #[command(flatten)]
    extras: Extras,
}

/// What a stack may have besides.
#[derive(Debug, Clone, clap::Args)]
pub struct Extras {
    /// Start Prometheus, too, with our rules and alarms
    #[arg(
        long,
        value_name = "FOLDER",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "observability/prometheus"
    )]
    observe: Option<PathBuf>,
    /// Let PostgreSQL, Redis and the MQTT broker speak nothing but TLS, with certificates of an authority
    /// of the stack's own
    #[arg(long)]
    tls: bool,
}

impl Extras {
    /// Adds them to what is to be started.
    #[must_use]
    pub fn added_to(&self, options: Options) -> Options {
        Options { observe: self.observe.clone(), secured: self.tls, ..options }
    }

    /// Tells people where they are.
    pub fn announce(&self, site: &Site) {
        if self.observe.is_some() {
            say(format_args!("Prometheus {}", site.http_url(Door::Prometheus)));
        }
    }
}

/// Which ports.
#[derive(Debug, Clone, clap::Args)]
#[group(multiple = false)]
pub struct PortChoice {
    /// Add this to every port
    #[arg(long, env = "CE_BASE_PORT_OFFSET")]
    base_port_offset: Option<u16>,
    /// Read ports from this file: {"gateway": 8080, ...}
    #[arg(long, env = "CE_PORTS_FILE")]
    ports_file: Option<PathBuf>,
}

impl PortChoice {
    /// The ports chosen.
    pub fn ports(&self) -> anyhow::Result<Ports> {
        match &self.ports_file {
            Some(file) => Ports::read(file),
            None => Ports::fixed(self.base_port_offset.unwrap_or(0)),
        }
    }
}

impl Up {
    /// Runs the verb.
    pub async fn run(self) -> anyhow::Result<()> {
        if self.detach {
            return self.run_detached().await;
        }
        // The mark comes first: `down` must find whoever begins to start things.
        let layout = self.which.layout()?;
        let mark = own_mark(&layout)?;
        let outcome = self.keep_up(&layout).await;
        // Files that are gone say the same.
        let _gone = (std::fs::remove_file(up_file(&layout)), std::fs::remove_file(&mark));
        outcome
    }

    async fn keep_up(&self, layout: &Layout) -> anyhow::Result<()> {
        let (stop, told) = (CancellationToken::new(), Box::pin(told_to_stop()));
        let starting = Box::pin(Stack::up_until(self.options()?, &stop));
        let stack = match select(starting, told).await {
            Either::Left((started, told)) => {
                let stack = started?;
                self.announce(stack.site());
                say(stack.figures());
                std::fs::write(up_file(layout), "")?;
                told.await?;
                stack
            }
            Either::Right((told, starting)) => {
                told?;
                stop.cancel();
                match starting.await {
                    Ok(stack) => stack,
                    Err(_given_up) => return Ok(()),
                }
            }
        };
        say("stopping");
        stack.stop().await;
        Ok(())
    }

    /// What the library needs to know.
    pub fn options(&self) -> anyhow::Result<Options> {
        Ok(self.extras.added_to(Options {
            local: self.which.local.clone(),
            stack: self.which.stack.clone(),
            ports: self.ports.ports()?,
            bin_folder: stack::bin_folder(self.bin_dir.as_deref())?,
            services: SERVICES.to_vec(),
            durability: Durability::Durable,
            pace: Pace::Public,
            observe: None,
            secured: false,
        }))
    }

    /// Runs this very verb once more, on its own, and waits until it is up.
    async fn run_detached(&self) -> anyhow::Result<()> {
        let layout = self.which.layout()?;
        refuse_another(&layout)?;
        make(&layout.logs(), 0o755)?;
        let log_path = layout.logs().join("cloudeats.log");
        let log = OpenOptions::new().append(true).create(true).open(&log_path)?;
        let began = log.metadata()?.len();
        let args = std::env::args_os().skip(1).filter(|argument| argument != "--detach");
        let mut child = tokio::process::Command::new(std::env::current_exe()?)
            .args(args)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        let started = Instant::now();
        while !up_file(&layout).is_file() {
            if let Some(status) = child.try_wait()? {
                bail!("it ended ({status}), its last words:{}", last_lines(&log_path, began));
            }
            if started.elapsed() > DETACHED_MAX {
                bail!("not up after {} s: see {}", DETACHED_MAX.as_secs(), log_path.display());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.announce(&Site::open(layout)?);
        Ok(())
    }

    fn announce(&self, site: &Site) {
        announce(site);
        self.extras.announce(site);
    }
}

/// What people open next.
fn announce(site: &Site) {
    let admin = site.secrets.get("admin").map(|_| site.layout.secrets().join("admin"));
    say(format_args!("gateway    {}", site.http_url(Door::Gateway)));
    say(format_args!("API        {}/docs", site.http_url(Door::Gateway)));
    say(format_args!("mailbox    {}", site.http_url(Door::Mailbox)));
    if let Ok(file) = admin {
        say(format_args!(
            "admin      {}, password in {}",
            crate::site::ADMIN_EMAIL,
            file.display()
        ));
    }
    say(format_args!("logs       {}", site.layout.logs().display()));
}

fn own_mark(layout: &Layout) -> anyhow::Result<PathBuf> {
    refuse_another(layout)?;
    let path = keeper_file(layout);
    Mark::of(std::process::id(), Signal::SIGTERM, Vec::new())?
        .write(&path)
        .context("this process cannot leave its mark")?;
    Ok(path)
}

fn refuse_another(layout: &Layout) -> anyhow::Result<()> {
    let stack = layout.stack();
    if let Some(Mark { pid, .. }) = Mark::living(&keeper_file(layout)) {
        bail!(
            "the stack `{stack}` runs already (process {pid}): `cloudeats down --stack {stack}` ends it"
        );
    }
    // The file of a run that was killed.
    let _gone = std::fs::remove_file(up_file(layout));
    Ok(())
}

/// The mark of the process that keeps the others running.
fn keeper_file(layout: &Layout) -> PathBuf {
    layout.marks().join("cloudeats.json")
}

/// Is there while everything is up.
fn up_file(layout: &Layout) -> PathBuf {
    layout.folder().join("up")
}
