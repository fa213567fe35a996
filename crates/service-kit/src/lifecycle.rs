//! Serving, and the way out: unready, wait, accept no more, finish, join.

use std::{net::SocketAddr, pin::pin, sync::Arc};

use anyhow::{Context, anyhow};
use futures::future::{Either, select};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
    time::{Duration, Instant},
};
use tokio_util::task::TaskTracker;

use crate::{
    Kit, Stop,
    admin::{Admin, Health},
    config::Limits,
    server,
};

/// For requests that are being worked on when the process is told to stop.
const IN_FLIGHT_MAX: Duration = Duration::from_secs(20);
/// For the whole way out; what is left goes to the exporters.
const DRAIN_MAX: Duration = Duration::from_secs(26);

type Tasks = JoinSet<(&'static str, anyhow::Result<()>)>;

/// Serves until the process is told to stop, or one of its tasks fails.
pub(crate) async fn until_stopped(kit: Kit) -> anyhow::Result<()> {
    let told = async {
        let (mut term, mut int) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        select(pin!(term.recv()), pin!(int.recv())).await;
        Ok(())
    };
    serve(kit, told, |_addresses| ()).await
}

/// Where a process listens.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// The public port.
    pub http: SocketAddr,
    /// The admin port.
    pub admin: SocketAddr,
}

/// Serves until `told` ends or a task fails; `listening` hears once where.
///
/// # Errors
/// A port that cannot be opened, `told`'s error, or a task's.
pub async fn serve(
    mut kit: Kit,
    told: impl Future<Output = anyhow::Result<()>>,
    listening: impl FnOnce(Addresses),
) -> anyhow::Result<()> {
    let drain_wait = Duration::from_millis(kit.http.drain_wait_ms);
    let limits = kit.http.limits();
    let http = server::listen(kit.http.http_address, "CE_HTTP_ADDRESS").await?;
    let admin = server::listen(kit.http.admin_address(), "CE_ADMIN_ADDRESS").await?;
    let addresses = Addresses { http: http.local_addr()?, admin: admin.local_addr()? };
    let health = Health::new(
        kit.name,
        std::mem::take(&mut kit.probes),
        kit.requests.clone(),
        kit.scrape.clone(),
    );
    let (close, admin_close) = (Stop::new(), Stop::new());
    let (connections, admin_connections) = (TaskTracker::new(), TaskTracker::new());
    let doors = TaskTracker::new();
    doors.spawn(server::accept(http, kit.stack()?, limits, close.clone(), connections.clone()));
    doors.spawn(server::accept(
        admin,
        Admin::new(Arc::clone(&health)),
        Limits { connections_max: 64, ..limits },
        admin_close.clone(),
        admin_connections,
    ));
    doors.spawn(Arc::clone(&health).watch(admin_close.clone()));
    tracing::info!(http.address = %addresses.http, admin.address = %addresses.admin, "listening");
    listening(addresses);

    let failed = {
        let told = pin!(told);
        let failure = pin!(first_failure(&mut kit.tasks));
        match select(told, failure).await {
            Either::Left((told, _)) => told.err(),
            Either::Right((error, _)) => Some(error),
        }
    };
    health.drain();
    tracing::info!("draining");
    let until = Instant::now() + DRAIN_MAX;
    if failed.is_none() {
        tokio::time::sleep(drain_wait).await;
    }
    close.cancel();
    kit.stop.cancel();

    // Only trackers are waited for here: what they track is not dropped, whoever is late.
    kit.requests.close();
    connections.close();
    let in_flight = (Instant::now() + IN_FLIGHT_MAX).min(until);
    if !by(in_flight, kit.requests.wait()).await {
        tracing::warn!(requests_active = kit.requests.len(), "requests are left unfinished");
    }
    if !by(in_flight, connections.wait()).await {
        tracing::warn!(connections = connections.len(), "connections are left open");
    }
    let joined = join(kit.tasks, until).await;
    admin_close.cancel();
    failed.map_or(joined, Err)
}

/// Waits for the first task that fails; those that end well are no longer waited for.
async fn first_failure(tasks: &mut Tasks) -> anyhow::Error {
    while let Some(ended) = tasks.join_next().await {
        match outcome(ended) {
            Ok(name) => tracing::warn!(task.name = name, "a task ended by itself"),
            Err(error) => return error,
        }
    }
    std::future::pending().await
}

/// Waits for all tasks; the first error is the answer, and each is said.
async fn join(mut tasks: Tasks, until: Instant) -> anyhow::Result<()> {
    let mut first = Ok(());
    let all = async {
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = outcome(ended) {
                tracing::error!(error = format!("{error:#}"), "a task failed while stopping");
                first = std::mem::replace(&mut first, Ok(())).and(Err(error));
            }
        }
    };
    if !by(until, all).await {
        tracing::warn!(tasks = tasks.len(), "tasks did not stop in time");
        // They end with the process. Aborting them here could cut a transaction in two.
        tasks.detach_all();
    }
    first
}

fn outcome(
    ended: Result<(&'static str, anyhow::Result<()>), tokio::task::JoinError>,
) -> anyhow::Result<&'static str> {
    let (name, outcome) = ended.context("a task was cut off")?;
    outcome.map(|()| name).map_err(|error| error.context(anyhow!("task `{name}` failed")))
}

/// Whether `wait` ended in time. Only waiting is dropped.
async fn by<F: Future>(until: Instant, wait: F) -> bool {
    tokio::time::timeout_at(until, wait).await.is_ok()
}
