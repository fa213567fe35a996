//! Processes of Vendure on the cluster of the bench.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use cloudeats::commands::say;
use cloudeats::layout::Layout;
use cloudeats::process::supervisor::Supervisor;
use cloudeats::process::{Ready, Spec};
use cloudeats::site::Site;
use common::types::{Clock, SystemClock};
use secrecy::{ExposeSecret, SecretString};

use super::install::Installed;
use crate::axis::bench::serves;
use crate::axis::pgbench;
use crate::client::Wire;

const DATABASE: &str = "bench_vendure";
/// Above those of our engines.
const PORT: u16 = 18_200;
const END_MAX: Duration = Duration::from_secs(10);

/// Where Vendure runs: its program, its database, with one product.
pub(super) struct Place {
    layout: Layout,
    program: PathBuf,
    first_port: u16,
    secret: String,
    pub(super) database: SecretString,
}

/// One process of it.
pub(super) struct Server {
    supervisor: Supervisor,
    pub(super) name: String,
    pub(super) pid: u32,
    pub(super) wire: Wire,
    /// From its start to its first answer.
    pub(super) ready_after: Duration,
}

impl Place {
    /// Makes its database anew and lets it make tables and content.
    pub(super) async fn furnish(
        site: &Site,
        installed: &Installed,
        port_offset: u16,
    ) -> anyhow::Result<Self> {
        pgbench::make(site.superuser_url("postgres")?.expose_secret(), DATABASE).await?;
        let first_port = PORT.checked_add(port_offset).context("the offset leaves no ports")?;
        let place = Self {
            layout: site.layout.clone(),
            program: installed.program(),
            first_port,
            secret: SystemClock.new_id().to_string(),
            database: site.superuser_url(DATABASE)?,
        };
        say("Vendure makes its tables and one product");
        let spec = place.spec("vendure-populate", first_port).args(["populate"]);
        let ended = spec.spawn()?.wait().await?;
        ensure!(ended.success(), "Vendure cannot be furnished: see {}", spec.log.display());
        Ok(place)
    }

    /// Starts the process of this number, from 0 on.
    pub(super) async fn start(&self, number: u16) -> anyhow::Result<Server> {
        let port = self.first_port.saturating_add(number);
        ensure!(!Ready::Tcp(port).holds().await, "port {port} is taken");
        let name = format!("vendure-{}", number + 1);
        let mut supervisor = Supervisor::default();
        let begun = Instant::now();
        supervisor.keep(self.spec(&name, port))?;
        serves(&Ready::Http(port, "/health")).await?;
        let ready_after = begun.elapsed();
        let pid = supervisor.mark(&name).with_context(|| format!("`{name}` is gone"))?.pid;
        let wire = Wire::new(&format!("http://127.0.0.1:{port}"))?;
        Ok(Server { supervisor, name, pid, wire, ready_after })
    }

    fn spec(&self, name: &str, port: u16) -> Spec {
        let mut spec = Spec::new(&self.layout, name, "node".into()).args([&self.program]);
        spec.ports = vec![port];
        spec.env = [
            ("NODE_ENV", "production"),
            ("PEER_PORT", &port.to_string()),
            ("PEER_SECRET", &self.secret),
            ("PEER_DATABASE_URL", self.database.expose_secret()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        spec
    }
}

impl Server {
    pub(super) async fn stop(self) {
        self.supervisor.stop(|_| true, END_MAX).await;
    }
}
