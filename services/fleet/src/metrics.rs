//! What is measured.

use std::sync::LazyLock;

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Gauge, Histogram, Meter},
};

use crate::domain::{CANCELLED_ON_THE_WAY, Cause, Refusal};

struct Series {
    accepted: Counter<u64>,
    rejected: Counter<u64>,
    facts: Counter<u64>,
    incidents: Counter<u64>,
    batch: Histogram<u64>,
    listening: Gauge<u64>,
}

static SERIES: LazyLock<Series> = LazyLock::new(|| Series::of(&global::meter("fleet")));

impl Series {
    fn of(meter: &Meter) -> Self {
        Self {
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
    }

    fn begin(&self) {
        self.accepted.add(0, &[]);
        for (kind, cause) in REJECTED {
            self.rejected.add(0, &attributes_of(kind, cause));
        }
        for outcome in FACT_OUTCOMES {
            self.facts.add(0, &[KeyValue::new("outcome", outcome)]);
        }
        let refused = Refusal::ALL.iter().filter(|refusal| refusal.is_incident());
        for code in refused.map(|refusal| refusal.name()).chain([CANCELLED_ON_THE_WAY]) {
            self.incidents.add(0, &[KeyValue::new("code", code)]);
        }
    }
}

/// What most messages are turned away for, by kind; the rest counts from its first one on.
const REJECTED: [(&str, Cause); 6] = [
    ("tel", Cause::Unreadable),
    ("tel", Cause::Invalid),
    ("tel", Cause::Jump),
    ("tel", Cause::UnknownVehicle),
    ("evt", Cause::Unreadable),
    ("other", Cause::UnknownTopic),
];
const FACT_OUTCOMES: [&str; 3] = ["taken", "refused", "broken"];

/// A rate sees the first of something only if there was a 0 before.
pub(crate) fn begin() {
    SERIES.begin();
}

fn attributes_of(kind: &'static str, cause: Cause) -> [KeyValue; 2] {
    [KeyValue::new("kind", kind), KeyValue::new("cause", cause.name())]
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

pub(crate) fn accepted(positions: usize) {
    SERIES.accepted.add(count(positions), &[]);
}

pub(crate) fn rejected(kind: &'static str, cause: Cause) {
    SERIES.rejected.add(1, &attributes_of(kind, cause));
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

#[cfg(test)]
mod tests {
    use common::telemetry::Measured;

    use super::*;

    #[test]
    fn what_may_go_wrong_is_counted_from_0_on() {
        let measured = Measured::new().unwrap();
        let series = Series::of(&measured.meter());
        series.begin();

        let text = measured.text().unwrap();

        for expected in [
            "cloudeats_courier_facts_total{outcome=\"broken\"} 0\n",
            "cloudeats_delivery_incidents_total{code=\"cancelled-on-the-way\"} 0\n",
            "cloudeats_delivery_incidents_total{code=\"not-at-the-door\"} 0\n",
            "cloudeats_telemetry_rejected_total{cause=\"unknown_topic\",kind=\"other\"} 0\n",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
        assert!(!text.contains("already-picked-up"), "{text}");
    }
}
