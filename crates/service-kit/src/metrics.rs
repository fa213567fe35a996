//! The names of the kit's own series, and how they are recorded.

use std::{sync::LazyLock, time::Duration};

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Histogram, UpDownCounter},
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
/// Requests turned away because too many were being worked on.
pub const REQUESTS_SHED: &str = "cloudeats.requests.shed";

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
}

/// The first use asks the meter provider that is then in place.
pub(crate) static SERIES: LazyLock<Series> = LazyLock::new(|| {
    let meter = global::meter("service-kit");
    let seconds =
        |name| meter.f64_histogram(name).with_unit("s").with_boundaries(SECONDS.to_vec()).build();
    Series {
        server_duration: seconds(HTTP_SERVER_REQUEST_DURATION),
        active: meter.i64_up_down_counter(HTTP_SERVER_ACTIVE_REQUESTS).build(),
        client_duration: seconds(HTTP_CLIENT_REQUEST_DURATION),
        retries: meter.u64_counter(CLIENT_RETRIES).build(),
        dropped: meter.u64_counter(CLIENT_DROPPED).build(),
        shed: meter.u64_counter(REQUESTS_SHED).build(),
    }
});

impl Series {
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

    pub(crate) fn shed(&self, rank: Rank) {
        self.shed.add(1, &[KeyValue::new("rank", rank.word())]);
    }
}
