//! A whole CloudEats: engines, the world outside and the services, started and kept running.

mod databases;
mod environment;
mod figures;
mod keys;
mod migrations;
mod tables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail, ensure};
use futures::future::{try_join, try_join_all};
use tokio_util::sync::CancellationToken;

use crate::commands::say;
use crate::engines::{self, Durability, Engine, Engines, prometheus};
use crate::layout::Layout;
use crate::ports::{Door, Ports};
use crate::process::mark::Mark;
use crate::process::supervisor::Supervisor;
use crate::process::{Ready, Spec};
use crate::site::{SERVICES, Service, Site};

/// How long a service may take until it is ready.
const READY_MAX: Duration = Duration::from_mins(1);
/// How long a process may take to end in order.
const END_MAX: Duration = Duration::from_secs(30);
/// What the name of a second process of a service ends in.
const TWIN: &str = "-twin";

/// What shall be started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of all stacks: `.local`.
    pub local: PathBuf,
    /// The stack's name.
    pub stack: String,
    /// The ports.
    pub ports: Ports,
    /// The folder of our binaries.
    pub bin_folder: PathBuf,
    /// The services to start; all but for tests of the start itself.
    pub services: Vec<Service>,
    /// What the data is worth.
    pub durability: Durability,
    /// How often one customer may ask.
    pub pace: Pace,
    /// The folder `observability/prometheus`, where somebody wants to see what the services say of themselves.
    pub observe: Option<PathBuf>,
    /// Whether the engines speak nothing but TLS.
    pub secured: bool,
}

/// How often somebody may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As the gateway's own limits say.
    Public,
    /// The same for a whole city behind one address: nobody waits to sign in, and every limit of a person
    /// is one that people at work stay below.
    City,
    /// As often as a test wants to.
    Hurried,
}

/// What a test does to the services from their start on.
#[derive(Debug, Clone, Default)]
pub struct Strain {
    /// Whoever goes to one of these doors is led to this port instead.
    pub detours: BTreeMap<Door, u16>,
    /// The same for those on their way to the event log.
    pub event_log: BTreeMap<Door, u16>,
    /// What every service is told besides.
    pub environment: Vec<(String, String)>,
    /// Arguments that PostgreSQL gets besides.
    pub database: Vec<String>,
    /// Services of which a second process runs, named `<service>-twin`, at ports that nobody knows.
    pub twins: Vec<&'static str>,
}

/// A running stack. Dropped without [`Stack::stop`], its processes are told to end.
#[derive(Debug)]
pub struct Stack {
    site: Site,
    supervisor: Supervisor,
    services: Vec<Service>,
}

impl Stack {
    /// Starts everything and returns when everything is ready.
    pub async fn up(options: Options) -> anyhow::Result<Self> {
        Self::up_until(options, &CancellationToken::new()).await
    }

    /// The same, given up when `stop` is cancelled. What was started is ended before an error returns.
    pub async fn up_until(options: Options, stop: &CancellationToken) -> anyhow::Result<Self> {
        Self::up_under(options, &Strain::default(), stop).await
    }

    /// The same under a test's strain.
    pub async fn up_under(
        options: Options,
        strain: &Strain,
        stop: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let layout = Layout::new(&options.local, &options.stack)?;
        refuse_leftovers(&layout)?;
        refuse_taken_ports(&layout, &options.ports, options.observe.is_some())?;
        if let Some(rules) = &options.observe {
            prometheus::refuse_stranger(rules)?;
        }
        for service in &options.services {
            let binary = options.bin_folder.join(service.name);
            ensure!(binary.is_file(), "no {}: build it, or set CE_BIN_DIR", binary.display());
        }
        if let Some(folder) = layout.moved() {
            say(format_args!(
                "engines' files lie in {}, where their user may enter",
                folder.display()
            ));
        }

        let site = Site::new(layout, options.ports)?;
        let site = if options.secured { site.secured()? } else { site };
        let mut stack =
            Self { site, supervisor: Supervisor::default(), services: options.services };
        let observe = options.observe.as_deref();
        let starting = async {
            stack.start(&options.bin_folder, options.durability, options.pace, strain).await?;
            if let Some(rules) = observe { stack.start_prometheus(rules).await } else { Ok(()) }
        };
        let started = stop.run_until_cancelled(starting).await;
        match started.unwrap_or_else(|| Err(anyhow!("told to stop"))) {
            Ok(()) => Ok(stack),
            Err(error) => {
                stack.stop().await;
                Err(error)
            }
        }
    }

    /// Addresses and passwords.
    #[must_use]
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// The process that now runs as `name`: a service, an engine or `sandbox`.
    #[must_use]
    pub fn process(&self, name: &str) -> Option<Mark> {
        self.supervisor.mark(name)
    }

    /// What every process took: time to be ready, and memory by now. A table for people.
    #[must_use]
    pub fn figures(&self) -> String {
        figures::table(&self.supervisor)
    }

    /// Tells a process something more at its next start, and only then.
    pub fn tell_next(&self, name: &str, variables: Vec<(String, String)>) -> anyhow::Result<()> {
        self.supervisor.tell_next(name, variables)
    }

    /// Waits until a service is ready, as it is not right after a crash.
    pub async fn ready(&self, service: &Service, within: Duration) -> anyhow::Result<()> {
        let ready = Ready::Http(self.site.admin_port(service), "/readyz");
        self.supervisor.ready(service.name, &ready, within).await
    }

    /// Ends the services, then the world outside, then the engines.
    pub async fn stop(self) {
        let is_service = |name: &str| {
            let name = name.strip_suffix(TWIN).unwrap_or(name);
            SERVICES.iter().any(|service| service.name == name)
        };
        self.supervisor.stop(is_service, END_MAX).await;
    }

    async fn start(
        &mut self,
        bins: &Path,
        durability: Durability,
        pace: Pace,
        strain: &Strain,
    ) -> anyhow::Result<()> {
        self.start_engines(bins, durability, strain).await?;
        self.start_services(bins, pace, strain).await
    }

    async fn start_engines(
        &mut self,
        bins: &Path,
        durability: Durability,
        strain: &Strain,
    ) -> anyhow::Result<()> {
        let started = Instant::now();
        let engines = Engines::prepare(&self.site, durability).await?;
        let engines = engines.with_dynamo(&self.site, bins)?.telling_postgres(&strain.database);
        engines.keep(&mut self.supervisor).await?;
        done("engines", started);

        let started = Instant::now();
        keys::provide(&self.site)?;
        databases::provide(&self.site).await?;
        // Boxed: the type of the SDK's calls is too deep to lie in every caller's own.
        Box::pin(tables::provide(&self.site)).await?;
        migrations::run(&self.site, bins, &self.services).await?;
        done("databases", started);
        Ok(())
    }

    async fn start_services(
        &mut self,
        bins: &Path,
        pace: Pace,
        strain: &Strain,
    ) -> anyhow::Result<()> {
        let started = Instant::now();
        self.supervisor.keep(sandbox(&self.site, bins)?)?;
        for service in &self.services {
            let mut spec = Spec::new(&self.site.layout, service.name, bins.join(service.name));
            spec = spec.args(["serve"]);
            spec.env = environment::serving(&self.site, strain, service)?;
            if service.door == Door::Gateway {
                spec.env.extend(environment::of_a_gateway_at(pace));
            }
            spec.ports = self.site.ports.needed_by(service.door);
            if strain.twins.contains(&service.name) {
                self.supervisor.keep(twin(&self.site.layout, &spec))?;
            }
            self.supervisor.keep(spec)?;
        }
        // Side by side, so that each one's time is its own.
        let ready = Ready::Http(self.site.ports.of(Door::Provider), "/livez");
        let sandbox = self.supervisor.ready("sandbox", &ready, READY_MAX);
        let services = self.services.iter().map(|service| self.ready(service, READY_MAX));
        try_join(sandbox, try_join_all(services)).await?;
        done("services", started);
        Ok(())
    }

    async fn start_prometheus(&mut self, rules: &Path) -> anyhow::Result<()> {
        let started = Instant::now();
        let programs = engines::provide(&self.site.layout, Engine::Prometheus).await?;
        let spec = prometheus::prepare(&self.site, &programs, &self.services, rules)?;
        self.supervisor.keep(spec)?;
        let ready = Ready::Http(self.site.ports.of(Door::Prometheus), "/-/ready");
        self.supervisor.ready("prometheus", &ready, READY_MAX).await?;
        done("Prometheus", started);
        Ok(())
    }
}

/// The same service once more: it works with the others on what waits in the database.
fn twin(layout: &Layout, spec: &Spec) -> Spec {
    let mut twin = Spec::new(layout, &format!("{}{TWIN}", spec.name), spec.program.clone());
    twin.args.clone_from(&spec.args);
    twin.env.clone_from(&spec.env);
    let anywhere = |name: &str| (name.to_owned(), "127.0.0.1:0".to_owned());
    twin.env.extend(["CE_HTTP_ADDRESS", "CE_ADMIN_ADDRESS"].map(anywhere));
    twin
}

fn sandbox(site: &Site, bins: &Path) -> anyhow::Result<Spec> {
    let mut spec = Spec::new(&site.layout, "sandbox", bins.join("sandbox"));
    spec.env = environment::of_the_sandbox(site)?;
    spec.ports =
        [Door::Provider, Door::Smtp, Door::Mailbox].map(|door| site.ports.of(door)).to_vec();
    Ok(spec)
}

fn refuse_leftovers(layout: &Layout) -> anyhow::Result<()> {
    let own = std::process::id();
    let mut living = Mark::all_living(&layout.marks());
    living.retain(|(_, mark)| mark.pid != own);
    let Some((name, mark)) = living.first() else { return Ok(()) };
    let (stack, pid) = (layout.stack(), mark.pid);
    bail!(
        "the stack `{stack}` runs already or left `{name}` (process {pid}) behind: {}",
        remedy(stack)
    )
}

fn refuse_taken_ports(layout: &Layout, ports: &Ports, observed: bool) -> anyhow::Result<()> {
    let Some((door, port)) = ports.taken(observed) else { return Ok(()) };
    let others = std::fs::read_dir(layout.local()).into_iter().flatten().filter_map(Result::ok);
    for other in others {
        let stack = other.file_name().to_string_lossy().into_owned();
        for (name, mark) in Mark::all_living(&other.path().join("pids")) {
            if mark.ports.contains(&port) {
                bail!(
                    "port {port}, wanted for {door:?}, is taken by `{name}` (process {}) of the \
                     stack `{stack}`: {}",
                    mark.pid,
                    remedy(&stack)
                );
            }
        }
    }
    bail!(
        "port {port}, wanted for {door:?}, is taken by another program: end it, or choose other \
         ports with --base-port-offset or --ports-file"
    )
}

fn remedy(stack: &str) -> String {
    format!("`cloudeats down --stack {stack}` ends it")
}

fn done(what: &str, started: Instant) {
    say(format_args!("{what:<10} ready after {:.1} s", started.elapsed().as_secs_f64()));
}

/// The folder of our binaries, checked early.
pub fn bin_folder(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    let folder = crate::process::bin_folder(given)?;
    folder.canonicalize().with_context(|| format!("no folder {}", folder.display()))
}
