//! The admin port: `/livez`, `/readyz`, `/metrics`, `/status`. Never exposed to callers.

use std::{
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use common::telemetry::Scrape;
use futures::future::{BoxFuture, join_all};
use hyper::{Request, body::Incoming};
use serde::Serialize;
use tokio::{
    sync::Mutex,
    time::{Duration, Instant},
};
use tokio_util::task::TaskTracker;
use tower::Service;

use crate::{Stop, metrics::SERIES, server::Answers};

/// A probe that has not answered by then has failed.
const PROBE_MAX: Duration = Duration::from_secs(2);
/// An answer is given again for so long: whoever asks often costs no more.
const KEPT_FOR: Duration = Duration::from_millis(500);
/// How often the process looks itself, whoever else asks: the gauge is no older.
const LOOK_EVERY: Duration = Duration::from_secs(5);

pub(crate) type Check = Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync>;

/// One condition of readiness.
pub(crate) struct Probe {
    pub(crate) name: &'static str,
    pub(crate) check: Check,
}

/// Whether this process is fit to serve, and how it fares.
pub(crate) struct Health {
    service: &'static str,
    probes: Vec<Probe>,
    serving: AtomicBool,
    last: Mutex<Option<(Instant, Vec<Finding>)>>,
    requests: TaskTracker,
    scrape: Scrape,
    began: Instant,
}

#[derive(Debug, Clone, Serialize)]
struct Finding {
    probe: &'static str,
    ok: bool,
}

#[derive(Debug, Serialize)]
struct Status {
    service: &'static str,
    version: &'static str,
    ready: bool,
    uptime_s: u64,
    requests_active: usize,
    probes: Vec<Finding>,
}

impl Health {
    pub(crate) fn new(
        service: &'static str,
        probes: Vec<Probe>,
        requests: TaskTracker,
        scrape: Scrape,
    ) -> Arc<Self> {
        let serving = AtomicBool::new(true);
        let (last, began) = (Mutex::new(None), Instant::now());
        Arc::new(Self { service, probes, serving, last, requests, scrape, began })
    }

    /// Tells the balancer to look elsewhere.
    pub(crate) fn drain(&self) {
        self.serving.store(false, Ordering::Relaxed);
        SERIES.ready(false);
    }

    /// Measures readiness until told to stop.
    pub(crate) async fn watch(self: Arc<Self>, stop: Stop) {
        while !stop.is_cancelled() {
            self.status().await;
            stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await;
        }
    }

    async fn findings(&self) -> Vec<Finding> {
        let mut last = self.last.lock().await;
        if let Some((at, findings)) = &*last
            && at.elapsed() < KEPT_FOR
        {
            return findings.clone();
        }
        let findings = join_all(self.probes.iter().map(ask)).await;
        *last = Some((Instant::now(), findings.clone()));
        findings
    }

    async fn status(&self) -> Status {
        let probes = self.findings().await;
        let serving = self.serving.load(Ordering::Relaxed);
        let ready = serving && probes.iter().all(|finding| finding.ok);
        SERIES.ready(ready);
        Status {
            service: self.service,
            version: env!("CARGO_PKG_VERSION"),
            ready,
            uptime_s: self.began.elapsed().as_secs(),
            requests_active: self.requests.len(),
            probes,
        }
    }
}

/// Asks on a task of its own: a probe that hangs is waited for no longer, but never dropped in its work.
#[expect(clippy::disallowed_methods, reason = "a probe outlives whoever waits for it")]
async fn ask(probe: &Probe) -> Finding {
    let asked = tokio::spawn((probe.check)());
    let error = match tokio::time::timeout(PROBE_MAX, asked).await {
        Ok(Ok(Ok(()))) => return Finding { probe: probe.name, ok: true },
        Ok(Ok(Err(error))) => format!("{error:#}"),
        Ok(Err(panic)) => panic.to_string(),
        Err(elapsed) => elapsed.to_string(),
    };
    tracing::warn!(probe.name = probe.name, error, "a probe failed");
    Finding { probe: probe.name, ok: false }
}

/// The routes of the admin port.
#[derive(Clone)]
pub(crate) struct Admin(Router);

impl Admin {
    pub(crate) fn new(health: Arc<Health>) -> Self {
        let routes = Router::new()
            .route("/livez", get(async || "alive\n"))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .route("/status", get(status));
        Self(routes.with_state(health))
    }
}

impl Answers for Admin {
    async fn answer(&self, request: Request<Incoming>) -> Response {
        let Ok(response) = self.0.clone().call(request.map(Body::new)).await;
        response
    }
}

async fn readyz(State(health): State<Arc<Health>>) -> Response {
    let status = health.status().await;
    let code = if status.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut text = String::from(if status.ready { "ready\n" } else { "not ready\n" });
    for Finding { probe, ok } in status.probes {
        let _ = writeln!(text, "{probe}: {}", if ok { "ok" } else { "failed" });
    }
    (code, text).into_response()
}

async fn status(State(health): State<Arc<Health>>) -> Response {
    let body = serde_json::to_vec(&health.status().await).unwrap_or_default();
    ([(CONTENT_TYPE, "application/json")], body).into_response()
}

async fn metrics(State(health): State<Arc<Health>>) -> Response {
    match health.scrape.text() {
        Ok(text) => ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "metrics could not be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
