//! The private engines: PostgreSQL, Redis, Mosquitto and an embedded DynamoDB.
//!
//! An engine that the machine has is used as it is. One that it lacks comes from Debian packages,
//! unpacked under `.local/engines/`. Nothing is installed, and no system service is touched.

mod dynamo;
pub(crate) mod faketime;
mod find;
pub mod kafka;
mod mosquitto;
pub mod moto;
mod packages;
mod postgres;
pub(crate) mod prometheus;
mod redis;
pub mod servant;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use futures::future::try_join_all;

use crate::layout::Layout;
use crate::ports::Door;
use crate::process::supervisor::Supervisor;
use crate::process::{Ready, Spec, last_lines, length};
use crate::site::Site;

pub use self::find::{Engine, Programs};

/// How long an engine may take until it serves.
const START_MAX: Duration = Duration::from_mins(1);

/// What the data is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Acknowledged means on the disk.
    Durable,
    /// For tests: fast, and gone with the machine.
    Volatile,
}

/// The engines of a stack, ready to be started.
#[derive(Debug)]
pub struct Engines {
    /// Each with how it is seen to serve.
    pub specs: Vec<(Spec, Ready)>,
    /// The programs of PostgreSQL.
    pub postgres: Programs,
    /// The programs of Mosquitto.
    pub mosquitto: Programs,
}

impl Engines {
    /// Finds or fetches the engines' programs and makes their folders.
    pub async fn prepare(site: &Site, durability: Durability) -> anyhow::Result<Self> {
        let layout = &site.layout;
        let postgres = provide(layout, Engine::Postgres).await?;
        let redis = provide(layout, Engine::Redis).await?;
        let mosquitto = provide(layout, Engine::Mosquitto).await?;

        let tcp = |door| Ready::Tcp(site.ports.of(door));
        let specs = vec![
            // The port opens earlier than the database.
            (
                postgres::prepare(site, &postgres, durability).await?,
                Ready::Sql(site.superuser_url("postgres")?),
            ),
            (redis::prepare(site, &redis)?, tcp(Door::Redis)),
            (mosquitto::prepare(site, &mosquitto)?, tcp(Door::Mosquitto)),
        ];
        Ok(Self { specs, postgres, mosquitto })
    }

    /// With the embedded DynamoDB, which `cloudeats` in this folder serves.
    pub fn with_dynamo(
        mut self,
        site: &Site,
        bin_folder: &std::path::Path,
    ) -> anyhow::Result<Self> {
        let ready = Ready::Tcp(site.ports.of(Door::Dynamo));
        self.specs.push((dynamo::prepare(site, bin_folder)?, ready));
        Ok(self)
    }

    /// With arguments more for PostgreSQL; of two that contradict each other it takes the later one.
    #[must_use]
    pub fn telling_postgres(mut self, arguments: &[String]) -> Self {
        let postgres = self.specs.iter_mut().filter(|(spec, _)| spec.name == "postgres");
        for (spec, _) in postgres {
            spec.args.extend(arguments.iter().map(Into::into));
        }
        self
    }

    /// Starts the engines under a supervisor and waits until they serve.
    pub async fn keep(&self, supervisor: &mut Supervisor) -> anyhow::Result<()> {
        for (spec, _) in &self.specs {
            supervisor.keep(spec.clone())?;
        }
        let all = self.specs.iter();
        let waiting = all.map(|(spec, ready)| supervisor.ready(&spec.name, ready, START_MAX));
        try_join_all(waiting).await?;
        Ok(())
    }

    /// Starts the engines and leaves them to themselves.
    pub async fn start_detached(&self) -> anyhow::Result<()> {
        for (spec, ready) in &self.specs {
            let began = length(&spec.log);
            let mut child = spec.spawn()?;
            let pid = child.id();
            let exited = std::sync::Mutex::new(&mut child);
            let gone = || {
                let status = exited.lock().ok()?.try_wait().ok()??;
                Some(format!("it ended ({status}):{}", last_lines(&spec.log, began)))
            };
            let served = ready.wait(START_MAX, gone).await;
            served.with_context(|| format!("`{}` does not start", spec.name))?;
            tracing::debug!(engine = spec.name, pid, "started");
        }
        Ok(())
    }
}

/// Where the programs of an engine are, fetched if need be.
pub async fn provide(layout: &Layout, engine: Engine) -> anyhow::Result<Programs> {
    let places = find::places();
    if let Some(programs) = find::find(engine, &places) {
        return Ok(programs);
    }
    fetch(layout, engine).await
}

/// The programs of an engine out of Debian packages, whatever the machine has.
pub async fn fetch(layout: &Layout, engine: Engine) -> anyhow::Result<Programs> {
    let packages = packages::Packages::open(layout.packages())?;
    packages.fetch(engine).await
}

/// Writes a file that only its owner reads.
pub(crate) fn file(folder: &std::path::Path, name: &str, text: &str) -> anyhow::Result<PathBuf> {
    use std::os::unix::fs::OpenOptionsExt;

    let path = folder.join(name);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options
        .open(&path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
