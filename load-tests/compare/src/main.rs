//! `compare`: measures the product against physical limits and peers, in the same run on the same machine.

mod axis;
mod client;
mod figures;
mod machine;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use cloudeats::commands::told_to_stop;
use futures::future::{Either, select};
use tokio_util::sync::CancellationToken;

use crate::axis::{Axis, NotAvailable, Settings};

/// How long the stack may take to end once Ctrl-C was pressed.
const GIVE_UP: Duration = Duration::from_mins(2);

/// The exit code that says that something is missing on this machine.
const NOT_AVAILABLE: u8 = 77;

/// Measures; exits with 1 where a figure would be a lie, with 77 where a peer cannot be had.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// What to measure
    #[arg(long, value_delimiter = ',', default_value = "orders")]
    axis: Vec<Axis>,
    #[command(flatten)]
    settings: Settings,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .init();
    // One thread: a client that spreads over the cores takes them from whom it measures.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = runtime
        .context("the runtime does not start")
        .and_then(|runtime| runtime.block_on(until_told_to_stop(cli)));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _nobody_reads = writeln!(std::io::stderr(), "compare: {error:#}");
            if error.is::<NotAvailable>() { NOT_AVAILABLE.into() } else { ExitCode::FAILURE }
        }
    }
}

async fn until_told_to_stop(cli: Cli) -> anyhow::Result<bool> {
    let stop = CancellationToken::new();
    let measured = Box::pin(measure(&cli, &stop));
    match select(measured, Box::pin(told_to_stop())).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right((told, measuring)) => {
            told?;
            stop.cancel();
            #[expect(clippy::disallowed_methods, reason = "gives up what does not end by itself")]
            let ended = tokio::time::timeout(GIVE_UP, measuring).await;
            ended.context("the stack does not end: `cloudeats down --stack bench`")?
        }
    }
}

/// Measures one axis after the other; `false` where one is invalid.
async fn measure(cli: &Cli, stop: &CancellationToken) -> anyhow::Result<bool> {
    let mut valid = true;
    for axis in &cli.axis {
        valid &= axis.run(&cli.settings, stop).await?;
    }
    Ok(valid)
}
