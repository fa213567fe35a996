//! What is measured.

use std::sync::LazyLock;

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Gauge, Meter},
};

use crate::{
    domain::{Severity, Trouble},
    store::measures::Measures,
};

struct Series {
    incidents: Counter<u64>,
    overdue: Gauge<i64>,
    oldest_saga_s: Gauge<f64>,
}

static SERIES: LazyLock<Series> = LazyLock::new(|| Series::of(&global::meter("orders")));

impl Series {
    fn of(meter: &Meter) -> Self {
        Self {
            incidents: meter
                .u64_counter("cloudeats.order.incidents")
                .with_unit("{incident}")
                .with_description("What a person has to look at, by kind and severity")
                .build(),
            overdue: meter
                .i64_gauge("cloudeats.orders.overdue")
                .with_unit("{order}")
                .with_description("Orders beyond the deadline of their state")
                .build(),
            oldest_saga_s: meter
                .f64_gauge("cloudeats.saga.oldest.age")
                .with_unit("s")
                .with_description(
                    "How long the order that waits longest for the machine has waited",
                )
                .build(),
        }
    }

    fn begin(&self) {
        for trouble in Trouble::ALL {
            for severity in Severity::ALL {
                self.count_incident(trouble.name(), severity.name(), 0);
            }
        }
    }

    fn count_incident(&self, kind: &'static str, severity: &'static str, more: u64) {
        let attributes = [KeyValue::new("kind", kind), KeyValue::new("severity", severity)];
        self.incidents.add(more, &attributes);
    }
}

/// A rate sees the first incident only if there was a 0 before.
pub(crate) fn begin() {
    SERIES.begin();
}

pub(crate) fn incident(kind: &'static str, severity: &'static str) {
    SERIES.count_incident(kind, severity, 1);
}

pub(crate) fn orders_wait(Measures { overdue, oldest_saga_s }: Measures) {
    SERIES.overdue.record(overdue, &[]);
    SERIES.oldest_saga_s.record(oldest_saga_s, &[]);
}

#[cfg(test)]
mod tests {
    use common::telemetry::Measured;

    use super::*;

    #[test]
    fn incidents_are_counted_from_0_on() {
        let measured = Measured::new().unwrap();
        let series = Series::of(&measured.meter());
        series.begin();
        series.count_incident("unpaid", "alert", 1);

        let text = measured.text().unwrap();

        let counted = |kind, severity, many| {
            let labels = format!("{{kind=\"{kind}\",severity=\"{severity}\"}}");
            text.contains(&format!("cloudeats_order_incidents_total{labels} {many}\n"))
        };
        assert!(counted("overdue", "page", 0), "{text}");
        assert!(counted("unpaid", "alert", 1), "{text}");
    }
}
