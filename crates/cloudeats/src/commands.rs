//! The verbs.

pub mod down;
pub mod dynamo;
pub mod engines;
pub mod saga;
pub mod test;
pub mod up;

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use futures::future::select;
use tokio::signal::unix::{SignalKind, signal};

use crate::layout::Layout;

/// Which stack is meant.
#[derive(Debug, Clone, clap::Args)]
pub struct Which {
    /// The stack's name
    #[arg(long, env = "CE_STACK", default_value = "run")]
    pub stack: String,
    /// The folder of all stacks
    #[arg(long, env = "CE_LOCAL", default_value = ".local")]
    pub local: PathBuf,
}

impl Which {
    /// Its folders.
    pub fn layout(&self) -> anyhow::Result<Layout> {
        Layout::new(&self.local, &self.stack)
    }
}

/// Runs a verb to its exit code; an error is told in one line.
pub fn report<F: Future<Output = anyhow::Result<()>>>(verb: impl FnOnce() -> F) -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing::Level::WARN.into())
        .with_env_var("CE_LOG_FILTER")
        .from_env_lossy();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = runtime.context("the runtime does not start").and_then(|it| it.block_on(verb()));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _nobody_reads = writeln!(std::io::stderr(), "cloudeats: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Tells people something, each on a line of its own.
pub fn say(text: impl Display) {
    let _nobody_reads = writeln!(std::io::stdout(), "{text}");
}

/// Waits for Ctrl-C or SIGTERM.
pub async fn told_to_stop() -> anyhow::Result<()> {
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    select(Box::pin(interrupt.recv()), Box::pin(terminate.recv())).await;
    Ok(())
}
