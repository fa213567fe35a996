//! What is measured.

use std::sync::LazyLock;

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Gauge, Histogram},
};

use crate::domain::Cause;

struct Series {
    accepted: Counter<u64>,
    rejected: Counter<u64>,
    facts: Counter<u64>,
    incidents: Counter<u64>,
    batch: Histogram<u64>,
    listening: Gauge<u64>,
}

static SERIES: LazyLock<Series> = LazyLock::new(|| {
    let meter = global::meter("fleet");
    Series {
        accepted: meter
            .u64_counter("cloudeats.telemetry.accepted")
            .with_unit("{position}")
            .with_description("Positions stored")
            .build(),
        rejected: meter
            .u64_counter("cloudeats.telemetry.rejected")
            .with_unit("{message}")
            .with_description("Messages of devices turned away, by kind and cause")
            .build(),
        facts: meter
            .u64_counter("cloudeats.courier.facts")
            .with_unit("{fact}")
            .with_description("Facts heard by MQTT, by outcome")
            .build(),
        incidents: meter
            .u64_counter("cloudeats.delivery.incidents")
            .with_unit("{incident}")
            .with_description("Incidents opened, by code")
            .build(),
        batch: meter
            .u64_histogram("cloudeats.telemetry.batch")
            .with_unit("{message}")
            .with_description("Messages stored at once")
            .with_boundaries(vec![1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0])
            .build(),
        listening: meter
            .u64_gauge("cloudeats.mqtt.connected")
            .with_description("Whether devices are heard")
            .build(),
    }
});

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

pub(crate) fn accepted(positions: usize) {
    SERIES.accepted.add(count(positions), &[]);
}

pub(crate) fn rejected(kind: &'static str, cause: Cause) {
    let attributes = [KeyValue::new("kind", kind), KeyValue::new("cause", cause.name())];
    SERIES.rejected.add(1, &attributes);
}

pub(crate) fn fact(outcome: &'static str) {
    SERIES.facts.add(1, &[KeyValue::new("outcome", outcome)]);
}

pub(crate) fn incident(code: &'static str) {
    SERIES.incidents.add(1, &[KeyValue::new("code", code)]);
}

pub(crate) fn batch(messages: usize) {
    SERIES.batch.record(count(messages), &[]);
}

pub(crate) fn listening(listening: bool) {
    SERIES.listening.record(u64::from(listening), &[]);
}
