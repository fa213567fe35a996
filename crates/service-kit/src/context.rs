//! What the running request may know about itself.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::extract::MatchedPath;
use common::telemetry::trace::{self, Doing, TraceParent};
use tokio::time::Instant;

use crate::stack::{Rank, Shared};

tokio::task_local! {
    static CURRENT: Arc<Context>;
}

/// The request that the running task serves.
pub struct Context {
    path: String,
    request_id: Arc<str>,
    trace: TraceParent,
    deadline: Instant,
    rank: Rank,
    route: OnceLock<Route>,
    body_max: AtomicUsize,
    abandoned: AtomicBool,
    pub(crate) shared: Arc<Shared>,
}

enum Route {
    Matched(MatchedPath),
    Named(&'static str),
}

/// What is known of a request before it is routed.
pub(crate) struct Arrival {
    pub(crate) path: String,
    pub(crate) request_id: Arc<str>,
    pub(crate) trace: TraceParent,
    pub(crate) deadline: Instant,
    pub(crate) rank: Rank,
    pub(crate) body_max: usize,
}

impl Context {
    pub(crate) fn new(arrival: Arrival, shared: Arc<Shared>) -> Arc<Self> {
        let Arrival { path, request_id, trace, deadline, rank, body_max } = arrival;
        Arc::new(Self {
            path,
            request_id,
            trace,
            deadline,
            rank,
            route: OnceLock::new(),
            body_max: AtomicUsize::new(body_max),
            abandoned: AtomicBool::new(false),
            shared,
        })
    }

    /// The path that was asked, without its query.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The id under which caller and log know the request.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Its place in the trace.
    #[must_use]
    pub const fn trace(&self) -> TraceParent {
        self.trace
    }

    /// When the caller stops waiting.
    #[must_use]
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The template of the path, such as `/v1/orders/{order_id}`; empty where no route matched.
    #[must_use]
    pub fn route(&self) -> &str {
        match self.route.get() {
            Some(Route::Matched(path)) => path.as_str(),
            Some(Route::Named(name)) => name,
            None => "",
        }
    }

    pub(crate) fn matched(&self, path: MatchedPath) {
        let _ = self.route.set(Route::Matched(path));
    }

    pub(crate) fn body_max(&self) -> usize {
        self.body_max.load(Ordering::Relaxed)
    }

    pub(crate) fn allow_body(&self, bytes: usize) {
        self.body_max.store(bytes, Ordering::Relaxed);
    }

    /// Nobody waits for the answer any more.
    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }
}

/// The request that the running task serves, if it serves one.
#[must_use]
pub fn current() -> Option<Arc<Context>> {
    CURRENT.try_with(Arc::clone).ok()
}

/// How long the caller of the running request still waits; `None` outside of a request.
#[must_use]
pub fn time_left() -> Option<Duration> {
    let deadline = CURRENT.try_with(|context| context.deadline).ok()?;
    Some(deadline.saturating_duration_since(Instant::now()))
}

/// How much the running request matters; outside of a request, what was begun goes on.
#[must_use]
pub fn rank() -> Rank {
    CURRENT.try_with(|context| context.rank).unwrap_or(Rank::Begun)
}

/// Gives a request that no route matched, such as one that is passed on, a name in log and metrics.
pub fn name_route(name: &'static str) {
    let _ = CURRENT.try_with(|context| context.route.set(Route::Named(name)));
}

pub(crate) fn with_current(read: impl FnOnce(&Context)) {
    let _ = CURRENT.try_with(|context| read(context));
}

pub(crate) async fn within<F: Future>(context: Arc<Context>, work: F) -> F::Output {
    let doing = Doing { trace: context.trace, request_id: Some(Arc::clone(&context.request_id)) };
    CURRENT.scope(context, trace::within(doing, work)).await
}
