//! The names of the kit's own series, and how they are recorded.

use std::{sync::LazyLock, time::Duration};

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Gauge, Histogram, Meter, UpDownCounter},
};

use crate::stack::Rank;

/// How long requests took, in seconds (OpenTelemetry).
pub const HTTP_SERVER_REQUEST_DURATION: &str = "http.server.request.duration";
/// Requests being worked on (OpenTelemetry).
pub const HTTP_SERVER_ACTIVE_REQUESTS: &str = "http.server.active_requests";
/// How long our own calls to others took, in seconds (OpenTelemetry).
pub const HTTP_CLIENT_REQUEST_DURATION: &str = "http.client.request.duration";
/// Calls that were made again.
pub const CLIENT_RETRIES: &str = "cloudeats.client.retries";
/// Calls that were not made, because the breaker was open.
pub const CLIENT_DROPPED: &str = "cloudeats.client.dropped";
/// Requests turned away because too many were being worked on, by rank and reason.
pub const REQUESTS_SHED: &str = "cloudeats.requests.shed";
/// How much new work may be under way.
pub const INTAKE_LIMIT: &str = "cloudeats.intake.limit";
/// New work that is under way.
pub const INTAKE_UNDER_WAY: &str = "cloudeats.intake.under_way";
/// New work that is not decided, whether or not it is under way.
pub const INTAKE_UNDECIDED: &str = "cloudeats.intake.undecided";

/// Whether this process would serve a request now: 1 or 0.
pub const READY: &str = "cloudeats.ready";
/// Tasks that ended although nobody told them to, by name.
pub const TASKS_ENDED: &str = "cloudeats.tasks.ended";

/// Boundaries in seconds that OpenTelemetry advises for HTTP durations.
const SECONDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

pub(crate) struct Series {
    server_duration: Histogram<f64>,
    active: UpDownCounter<i64>,
    client_duration: Histogram<f64>,
    retries: Counter<u64>,
    dropped: Counter<u64>,
    shed: Counter<u64>,
    intake_limit: Gauge<u64>,
    under_way: UpDownCounter<i64>,
    undecided: UpDownCounter<i64>,
    ready: Gauge<u64>,
    tasks_ended: Counter<u64>,
}

/// Why a request was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shed {
    /// There was no place for its rank or its route.
    Places,
    /// As much new work is under way as is decided in time.
    Limit,
    /// Too much work is not decided.
    Undecided,
}

impl Shed {
    const fn word(self) -> &'static str {
        match self {
            Self::Places => "places",
            Self::Limit => "limit",
            Self::Undecided => "undecided",
        }
    }
}

/// The first use asks the meter provider that is then in place.
pub(crate) static SERIES: LazyLock<Series> =
    LazyLock::new(|| Series::of(&global::meter("service-kit")));

impl Series {
    fn of(meter: &Meter) -> Self {
        let seconds = |name| {
            meter.f64_histogram(name).with_unit("s").with_boundaries(SECONDS.to_vec()).build()
        };
        Self {
            server_duration: seconds(HTTP_SERVER_REQUEST_DURATION),
            active: meter.i64_up_down_counter(HTTP_SERVER_ACTIVE_REQUESTS).build(),
            client_duration: seconds(HTTP_CLIENT_REQUEST_DURATION),
            retries: meter.u64_counter(CLIENT_RETRIES).build(),
            dropped: meter.u64_counter(CLIENT_DROPPED).build(),
            shed: meter.u64_counter(REQUESTS_SHED).build(),
            intake_limit: meter.u64_gauge(INTAKE_LIMIT).build(),
            under_way: meter.i64_up_down_counter(INTAKE_UNDER_WAY).build(),
            undecided: meter.i64_up_down_counter(INTAKE_UNDECIDED).build(),
            ready: meter.u64_gauge(READY).build(),
            tasks_ended: meter.u64_counter(TASKS_ENDED).build(),
        }
    }

    /// A rate sees the first of something only if there was a 0 before: what may be counted for a peer.
    pub(crate) fn will_call(&self, peer: &'static str) {
        let attributes = [KeyValue::new("peer.service", peer)];
        self.retries.add(0, &attributes);
        self.dropped.add(0, &attributes);
    }

    /// The same for requests that may be turned away.
    pub(crate) fn may_shed(&self, rank: Rank, why: Shed) {
        self.count_shed(rank, why, 0);
    }

    /// The same for a task.
    pub(crate) fn task_begins(&self, name: &'static str) {
        self.tasks_ended.add(0, &[KeyValue::new("task.name", name)]);
    }

    pub(crate) fn task_ended(&self, name: &'static str) {
        self.tasks_ended.add(1, &[KeyValue::new("task.name", name)]);
    }

    pub(crate) fn ready(&self, ready: bool) {
        self.ready.record(u64::from(ready), &[]);
    }

    pub(crate) fn request_began(&self) {
        self.active.add(1, &[]);
    }

    pub(crate) fn request_ended(
        &self,
        method: &'static str,
        route: &str,
        status: u16,
        took: Duration,
    ) {
        self.active.add(-1, &[]);
        let attributes = [
            KeyValue::new("http.request.method", method),
            KeyValue::new("http.route", route.to_owned()),
            KeyValue::new("http.response.status_code", i64::from(status)),
            KeyValue::new("network.protocol.version", "1.1"),
        ];
        self.server_duration.record(took.as_secs_f64(), &attributes);
    }

    pub(crate) fn called(&self, peer: &'static str, outcome: &'static str, took: Duration) {
        let attributes = [KeyValue::new("peer.service", peer), KeyValue::new("outcome", outcome)];
        self.client_duration.record(took.as_secs_f64(), &attributes);
    }

    pub(crate) fn retried(&self, peer: &'static str) {
        self.retries.add(1, &[KeyValue::new("peer.service", peer)]);
    }

    pub(crate) fn dropped(&self, peer: &'static str) {
        self.dropped.add(1, &[KeyValue::new("peer.service", peer)]);
    }

    pub(crate) fn shed(&self, rank: Rank, why: Shed) {
        self.count_shed(rank, why, 1);
    }

    fn count_shed(&self, rank: Rank, why: Shed, more: u64) {
        let attributes = [KeyValue::new("rank", rank.word()), KeyValue::new("reason", why.word())];
        self.shed.add(more, &attributes);
    }

    pub(crate) fn intake_limit(&self, limit: usize) {
        self.intake_limit.record(limit as u64, &[]);
    }

    pub(crate) fn under_way(&self, more: i64) {
        self.under_way.add(more, &[]);
    }

    pub(crate) fn undecided(&self, more: i64) {
        self.undecided.add(more, &[]);
    }
}
