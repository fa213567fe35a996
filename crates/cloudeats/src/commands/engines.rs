//! `cloudeats engines`: PostgreSQL, Redis and Mosquitto without services, for tests.

use secrecy::ExposeSecret;

use crate::engines::{self, Durability, Engine};
use crate::layout::Layout;
use crate::ports::{Door, Ports};
use crate::process::mark::Mark;
use crate::site::Site;

use super::{Which, down, say};

/// Only the engines.
#[derive(Debug, Clone, clap::Args)]
pub struct Engines {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Verb {
    /// Start them on free ports, unless they run; their data is not made to last
    Start(Which),
    /// Stop them
    Stop(Which),
    /// Print what tests need to know, for `eval`
    Env(Which),
    /// Fetch engines as Debian packages, also those that the machine has
    Fetch {
        #[command(flatten)]
        which: Which,
        /// Which ones; unless said, those without which no stack runs
        engines: Vec<Engine>,
    },
}

impl Engines {
    /// Runs the verb.
    pub async fn run(self) -> anyhow::Result<()> {
        match self.verb {
            Verb::Start(which) => {
                start(which.layout()?).await?;
                Ok(())
            }
            Verb::Stop(which) => stop(&which.layout()?).await,
            Verb::Env(which) => {
                for (name, value) in environment(&Site::open(which.layout()?)?).await? {
                    say(format_args!("export {name}='{value}'"));
                }
                Ok(())
            }
            Verb::Fetch { which, engines } => {
                let wanted = if engines.is_empty() { Engine::NEEDED.to_vec() } else { engines };
                for engine in wanted {
                    let programs = engines::fetch(&which.layout()?, engine).await?;
                    say(format_args!("{engine:?} in {}", programs.folder().display()));
                }
                Ok(())
            }
        }
    }
}

/// Starts the engines of a stack unless they all run.
pub(super) async fn start(layout: Layout) -> anyhow::Result<Site> {
    let living = Mark::all_living(&layout.marks());
    if living.len() == Engine::NEEDED.len() && layout.ports_file().is_file() {
        return Site::open(layout);
    }
    stop(&layout).await?;
    let site = Site::new(layout, Ports::free()?)?;
    engines::Engines::prepare(&site, Durability::Volatile).await?.start_detached().await?;
    Ok(site)
}

/// Stops the engines of a stack.
pub(super) async fn stop(layout: &Layout) -> anyhow::Result<()> {
    down::end_all(&layout.marks()).await?;
    Ok(())
}

/// What tests need to know.
pub(super) async fn environment(site: &Site) -> anyhow::Result<Vec<(&'static str, String)>> {
    let mosquitto = engines::provide(&site.layout, Engine::Mosquitto).await?;
    let postgres = engines::provide(&site.layout, Engine::Postgres).await?;
    Ok(vec![
        ("DATABASE_URL", site.superuser_url("postgres")?.expose_secret().to_owned()),
        ("TEST_REDIS_URL", site.redis_url()?.expose_secret().to_owned()),
        ("TEST_MQTT_PORT", site.ports.of(Door::Mosquitto).to_string()),
        ("TEST_MOSQUITTO_BIN", mosquitto.path("mosquitto").display().to_string()),
        ("TEST_POSTGRES_BIN", postgres.folder().display().to_string()),
    ])
}
