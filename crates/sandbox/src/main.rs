//! Runs the provider and the mailbox.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Parser;
use common::types::SystemClock;
use sandbox::mailbox::Mailbox;
use sandbox::provider::webhooks::{Listener, Secret};
use sandbox::provider::{Provider, Settings};
use sandbox::server;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

/// The world outside: a payment provider and a mailbox, each with a journal.
#[derive(Debug, Parser)]
struct Config {
    /// Where the journals lie.
    #[arg(long, env = "CE_SANDBOX_FOLDER", default_value = ".local/run/sandbox")]
    folder: PathBuf,
    /// The payment provider's HTTP.
    #[arg(long, env = "CE_PROVIDER_ADDRESS", default_value = "127.0.0.1:18101")]
    provider_address: SocketAddr,
    /// The mailbox's SMTP.
    #[arg(long, env = "CE_MAILBOX_SMTP_ADDRESS", default_value = "127.0.0.1:18125")]
    mailbox_smtp_address: SocketAddr,
    /// The mailbox's HTTP.
    #[arg(long, env = "CE_MAILBOX_HTTP_ADDRESS", default_value = "127.0.0.1:18126")]
    mailbox_http_address: SocketAddr,
    /// How long the method `pm_slow` takes.
    #[arg(long, env = "CE_PROVIDER_SLOW_MS", default_value_t = 3000)]
    provider_slow_ms: u64,
    /// The seed of the faults that come by chance.
    #[arg(long, env = "CE_PROVIDER_SEED", default_value_t = 1)]
    provider_seed: u64,
    /// Where the provider's webhooks go; without it none are sent.
    #[arg(long, env = "CE_PROVIDER_WEBHOOK_URL")]
    provider_webhook_url: Option<hyper::Uri>,
    /// The secret that signs webhooks: `whsec_` and Base64 (Standard Webhooks).
    #[arg(
        long,
        env = "CE_PROVIDER_WEBHOOK_SECRET",
        hide_env_values = true,
        requires = "provider_webhook_url"
    )]
    provider_webhook_secret: Option<Secret>,
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().json().with_writer(std::io::stderr).init();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime does not start")
        .and_then(|runtime| runtime.block_on(run(Config::parse())));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the sandbox stopped");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: Config) -> anyhow::Result<()> {
    let clock = Arc::new(SystemClock);
    let settings = Settings {
        slow: Duration::from_millis(config.provider_slow_ms),
        seed: config.provider_seed,
        listener: listener(config.provider_webhook_url, config.provider_webhook_secret)?,
    };
    let provider = Provider::open(&config.folder, clock.clone(), &settings)?;
    let mailbox = Mailbox::open(&config.folder, clock)?;
    let provider_http = listen(config.provider_address).await?;
    let mailbox_smtp = listen(config.mailbox_smtp_address).await?;
    let mailbox_http = listen(config.mailbox_http_address).await?;

    let mut doors = JoinSet::new();
    doors.spawn(server::serve(provider_http, provider.router()));
    doors.spawn(server::serve(mailbox_http, mailbox.router()));
    doors.spawn(async move { mailbox.serve_smtp(mailbox_smtp).await });
    doors.spawn(async move { provider.send_webhooks().await });

    // Whatever was acknowledged is on the disk, so there is nothing to wait for.
    signal(SignalKind::terminate())?.recv().await;
    doors.shutdown().await;
    Ok(())
}

/// A webhook is signed or not sent.
fn listener(url: Option<hyper::Uri>, secret: Option<Secret>) -> anyhow::Result<Option<Listener>> {
    let Some(url) = url else { return Ok(None) };
    let secret = secret.context("webhooks need CE_PROVIDER_WEBHOOK_SECRET")?;
    Ok(Some(Listener { url, secret }))
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("{address} cannot be listened on"))?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    Ok(listener)
}
