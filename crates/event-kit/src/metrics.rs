//! What is measured.

use std::sync::LazyLock;

use opentelemetry::{
    global,
    metrics::{Counter, Gauge},
};

/// The instruments of the kit.
pub(crate) struct Metrics {
    /// Facts staged and not yet told.
    pub(crate) unpublished: Gauge<i64>,
    /// Age of the oldest of them.
    pub(crate) unpublished_age_s: Gauge<f64>,
    /// Records that a consumer has not applied.
    pub(crate) lag: Gauge<i64>,
    /// Events that wait for an operator or for what comes before them.
    pub(crate) dead_letters: Gauge<i64>,
    /// Facts told.
    pub(crate) published: Counter<u64>,
    /// Events handed to a listener, by outcome.
    pub(crate) delivered: Counter<u64>,
}

pub(crate) static METRICS: LazyLock<Metrics> = LazyLock::new(|| {
    let meter = global::meter("event-kit");
    Metrics {
        unpublished: meter.i64_gauge("cloudeats.outbox.unpublished").with_unit("{event}").build(),
        unpublished_age_s: meter
            .f64_gauge("cloudeats.outbox.unpublished.age")
            .with_unit("s")
            .build(),
        lag: meter.i64_gauge("cloudeats.consumer.lag").with_unit("{event}").build(),
        dead_letters: meter.i64_gauge("cloudeats.dead_letters").with_unit("{event}").build(),
        published: meter.u64_counter("cloudeats.outbox.published").with_unit("{event}").build(),
        delivered: meter.u64_counter("cloudeats.consumer.delivered").with_unit("{event}").build(),
    }
});
