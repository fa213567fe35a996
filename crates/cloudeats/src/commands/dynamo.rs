//! `cloudeats dynamo serve`: the embedded DynamoDB as a process.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use dynamo_kit::embedded::Embedded;
use tokio::net::TcpListener;

use super::told_to_stop;

/// The embedded DynamoDB engine.
#[derive(Debug, Clone, clap::Args)]
pub struct Dynamo {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Verb {
    /// Serve until told to stop
    Serve {
        /// Where to listen
        #[arg(long, default_value = "127.0.0.1:18000")]
        address: SocketAddr,
        /// The file that holds the tables; in memory without one
        #[arg(long)]
        file: Option<PathBuf>,
    },
}

impl Dynamo {
    /// Runs the verb.
    pub async fn run(self) -> anyhow::Result<()> {
        let Verb::Serve { address, file } = self.verb;
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("{address} cannot be listened on"))?;
        let engine = Embedded::start(listener, file.as_deref()).await?;
        told_to_stop().await?;
        engine.shutdown().await
    }
}
