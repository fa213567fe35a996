//! What is measured.

use std::sync::LazyLock;

use opentelemetry::{
    KeyValue, global,
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
    /// Events that wait for an operator.
    pub(crate) dead_letters: Gauge<i64>,
    /// Events that wait for what comes before them, or for what their owner holds now.
    pub(crate) parked: Gauge<i64>,
    /// Facts told.
    pub(crate) published: Counter<u64>,
    /// What became of events: applied, parked, dead letter.
    pub(crate) delivered: Counter<u64>,
    /// Snapshots asked for: taken or not.
    pub(crate) refetched: Counter<u64>,
}

/// Whose figure it is.
pub(crate) fn of_consumer(name: &'static str) -> [KeyValue; 1] {
    [KeyValue::new("consumer.name", name)]
}

/// Whose figure it is, and what came of it.
pub(crate) fn with_outcome(name: &'static str, outcome: &'static str) -> [KeyValue; 2] {
    [KeyValue::new("consumer.name", name), KeyValue::new("outcome", outcome)]
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
        parked: meter.i64_gauge("cloudeats.consumer.parked").with_unit("{event}").build(),
        published: meter.u64_counter("cloudeats.outbox.published").with_unit("{event}").build(),
        delivered: meter.u64_counter("cloudeats.consumer.delivered").with_unit("{event}").build(),
        refetched: meter
            .u64_counter("cloudeats.consumer.refetched")
            .with_unit("{snapshot}")
            .build(),
    }
});
