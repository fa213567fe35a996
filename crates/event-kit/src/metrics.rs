//! What is measured.

use std::sync::LazyLock;

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Gauge, Meter},
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

pub(crate) static METRICS: LazyLock<Metrics> =
    LazyLock::new(|| Metrics::of(&global::meter("event-kit")));

impl Metrics {
    /// A rate sees the first of something only if there was a 0 before: what may be counted of a consumer.
    pub(crate) fn begin(&self, consumer: &'static str) {
        for outcome in ["applied", "parked", "dead letter"] {
            self.delivered.add(0, &with_outcome(consumer, outcome));
        }
        for outcome in ["taken", "not taken"] {
            self.refetched.add(0, &with_outcome(consumer, outcome));
        }
    }

    fn of(meter: &Meter) -> Self {
        Self {
            unpublished: meter
                .i64_gauge("cloudeats.outbox.unpublished")
                .with_unit("{event}")
                .build(),
            unpublished_age_s: meter
                .f64_gauge("cloudeats.outbox.unpublished.age")
                .with_unit("s")
                .build(),
            lag: meter.i64_gauge("cloudeats.consumer.lag").with_unit("{event}").build(),
            dead_letters: meter.i64_gauge("cloudeats.dead_letters").with_unit("{event}").build(),
            parked: meter.i64_gauge("cloudeats.consumer.parked").with_unit("{event}").build(),
            published: meter.u64_counter("cloudeats.outbox.published").with_unit("{event}").build(),
            delivered: meter
                .u64_counter("cloudeats.consumer.delivered")
                .with_unit("{event}")
                .build(),
            refetched: meter
                .u64_counter("cloudeats.consumer.refetched")
                .with_unit("{snapshot}")
                .build(),
        }
    }
}

#[cfg(test)]
mod tests {
    use common::telemetry::Measured;

    use super::*;

    #[test]
    fn what_may_become_of_an_event_is_counted_from_0_on() {
        let measured = Measured::new().unwrap();
        Metrics::of(&measured.meter()).begin("fleet");

        let text = measured.text().unwrap();

        for (series, outcome) in [
            ("cloudeats_consumer_delivered_total", "dead letter"),
            ("cloudeats_consumer_refetched_total", "not taken"),
        ] {
            let line = format!("{series}{{consumer_name=\"fleet\",outcome=\"{outcome}\"}} 0\n");
            assert!(text.contains(&line), "{text}");
        }
    }
}
