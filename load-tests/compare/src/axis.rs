//! What can be measured.

mod bench;
mod customer;
mod events;
mod files;
mod gate;
mod hot_item;
mod noise;
mod orders;
mod overload;
mod pgbench;
mod records;
mod shop;
mod vendure;

use std::path::PathBuf;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::client::Phase;

/// Something that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Axis {
    /// Orders confirmed, beside the same five commits without us
    Orders,
    /// Reservations of one product, beside updates of one row
    HotItem,
    /// Events from the commit to the consumer, beside a relay that polls
    Events,
    /// Three times what can be done: what is done meanwhile, and how soon all is normal again
    Overload,
    /// Vendure beside ours: the table of the goals
    Vendure,
}

/// A peer that cannot be had on this machine; nothing was measured.
#[derive(Debug, thiserror::Error)]
#[error("not available: {0}")]
pub(crate) struct NotAvailable(pub(crate) String);

/// How it is measured.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// Rounds; in each, limit and ours take turns
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// Length of a measured phase
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=40))]
    pub(crate) seconds: u64,
    /// Length of the warm-up before each
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(0..=15))]
    pub(crate) warm_up_seconds: u64,
    /// Connections to ours that ask as fast as they can; by default 32 order, 64 want the same product
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) clients: Option<u16>,
    /// How long to wait for a quiet machine
    #[arg(long, default_value_t = 300)]
    pub(crate) quiet_max_seconds: u64,
    /// The folder of the services' binaries; by default that of this program
    #[arg(long, env = "CE_BIN_DIR")]
    pub(crate) bin_dir: Option<PathBuf>,
    /// The folder of all stacks; what is measured lies in its folder `bench`, made anew each time
    #[arg(long, env = "CE_LOCAL", default_value = ".local")]
    pub(crate) local: PathBuf,
    /// Add this to every port
    #[arg(long, env = "CE_BASE_PORT_OFFSET", default_value_t = 600)]
    pub(crate) base_port_offset: u16,
    /// Facts told per second, for events
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) facts_per_second: u32,
    /// How long more is asked for than can be done, for overload
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(10..=600))]
    pub(crate) overload_seconds: u64,
    /// How long orders stand still before 5,000 clients come back, for overload; 0 leaves it out
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=60))]
    pub(crate) outage_seconds: u64,
    /// Brokers, `host:port,host:port`, for events on Kafka too
    #[arg(long, env = "KAFKA_BOOTSTRAP")]
    pub(crate) kafka_bootstrap: Option<String>,
    /// Where the results go
    #[arg(long, default_value = "target/bench")]
    pub(crate) out: PathBuf,
    /// Where the table of the goals goes, for vendure; facts' times are read from what `--axis events` left in `--out`
    #[arg(long, default_value = "target/compare")]
    pub(crate) table_out: PathBuf,
}

impl Settings {
    pub(crate) const fn phase(&self) -> Phase {
        Phase {
            warm_up: Duration::from_secs(self.warm_up_seconds),
            measured: Duration::from_secs(self.seconds),
        }
    }
}

impl Axis {
    /// Measures and writes the result; `false` where it is invalid.
    pub(crate) async fn run(
        self,
        settings: &Settings,
        stop: &CancellationToken,
    ) -> anyhow::Result<bool> {
        match self {
            Self::Orders => orders::run(settings, stop).await,
            Self::HotItem => hot_item::run(settings, stop).await,
            Self::Events => events::run(settings, stop).await,
            Self::Overload => overload::run(settings, stop).await,
            Self::Vendure => Box::pin(vendure::run(settings, stop)).await,
        }
    }
}
