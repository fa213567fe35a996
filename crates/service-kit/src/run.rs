//! From the first log line to the exit code.

use std::{io::Write, process::ExitCode, time::Duration};

use anyhow::Context;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use common::telemetry::{self, Scrape, TelemetryConfig};
use tokio::runtime::Runtime;

use crate::{HttpConfig, Kit, OpenApi, Service, document, lifecycle};

/// Of every binary that links this kit. It costs less for many small things from many threads than the system's
/// own, and gives back what it needs no more (ADR 0027).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a task that ignores its `Stop` is given once everything else has ended.
const LAST_MOMENT: Duration = Duration::from_secs(1);

#[derive(Debug, Parser)]
#[command(version, about = "A service of CloudEats Direct", arg_required_else_help = true)]
struct Cli<C: Args> {
    #[command(subcommand)]
    command: Command<C>,
}

#[derive(Debug, Subcommand)]
enum Command<C: Args> {
    /// Serve until told to stop
    Serve {
        #[command(flatten)]
        telemetry: TelemetryConfig,
        #[command(flatten)]
        http: Box<HttpConfig>,
        #[command(flatten)]
        config: C,
    },
    /// Bring the schema up to date, then exit
    Migrate {
        #[command(flatten)]
        telemetry: TelemetryConfig,
        #[command(flatten)]
        config: C,
    },
    /// Print the OpenAPI document, then exit
    Openapi,
}

/// Runs a service from its first log line to its exit code; each step may rely on those above it.
#[must_use]
pub fn run<S: Service>() -> ExitCode {
    let command = parse::<S>().command;
    // Two providers are compiled into no binary of ours, and one chosen here cannot be in doubt.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let outcome = match command {
        Command::Serve { telemetry, http, config } => {
            observed::<S, _>(&telemetry, |scrape| block_on(serve::<S>(*http, config, scrape)))
        }
        Command::Migrate { telemetry, config } => {
            observed::<S, _>(&telemetry, |_scrape| block_on(S::migrate(config)))
        }
        Command::Openapi => print(&document::<S>()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{}: {error:#}", S::NAME);
            ExitCode::FAILURE
        }
    }
}

/// Says how it ended, then flushes what was said.
fn observed<S: Service, W>(config: &TelemetryConfig, work: W) -> anyhow::Result<()>
where
    W: FnOnce(Scrape) -> anyhow::Result<()>,
{
    let telemetry = telemetry::init(S::NAME, config)?;
    let outcome = work(telemetry.scrape());
    if let Err(error) = &outcome {
        tracing::error!(error = format!("{error:#}"), "stopped by an error");
    }
    telemetry.flush();
    outcome
}

async fn serve<S: Service>(
    http: HttpConfig,
    config: S::Config,
    scrape: Scrape,
) -> anyhow::Result<()> {
    let mut kit = Kit::new(S::NAME, http, scrape)?;
    S::boot(config, &mut kit).await.context("cannot start")?;
    lifecycle::until_stopped(kit).await
}

fn parse<S: Service>() -> Cli<S::Config> {
    let matches = Cli::<S::Config>::command().name(S::NAME).get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn block_on<F: Future<Output = anyhow::Result<()>>>(work: F) -> anyhow::Result<()> {
    let runtime = Runtime::new().context("no runtime")?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(LAST_MOMENT);
    outcome
}

fn print(document: &OpenApi) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", document.to_pretty_json()?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, clap::Args)]
    struct Config {
        #[arg(long, env = "CE_TEST_DATABASE_URL")]
        database_url: String,
    }

    struct Example;

    impl Service for Example {
        const NAME: &'static str = "example";
        type Config = Config;

        fn openapi() -> OpenApi {
            OpenApi::default()
        }

        async fn boot(config: Config, _kit: &mut Kit) -> anyhow::Result<()> {
            anyhow::bail!("{} is away", config.database_url)
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::<Config>::command().name(Example::NAME).debug_assert();
    }

    #[test]
    fn every_variable_of_ours_begins_with_ce() {
        let command = Cli::<Config>::command();
        let variables: Vec<_> = command
            .get_subcommands()
            .flat_map(clap::Command::get_arguments)
            .filter_map(|argument| argument.get_env()?.to_str())
            .collect();
        assert!(variables.contains(&"CE_HTTP_ADDRESS"), "{variables:?}");
        assert!(variables.iter().all(|name| name.starts_with("CE_")), "{variables:?}");
    }

    #[test]
    fn the_document_needs_no_configuration() {
        let cli = Cli::<Config>::try_parse_from(["example", "openapi"]).unwrap();
        assert!(matches!(cli.command, Command::Openapi));
        assert_eq!(document::<Example>().info.title, "example");
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = Cli::<Config>::try_parse_from(["example", "migrate"]).unwrap_err().to_string();
        assert!(error.contains("--database-url"), "{error}");
    }
}
