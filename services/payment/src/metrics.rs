//! What is measured.

use std::sync::LazyLock;

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Gauge, Meter},
};

use crate::store::notices::Outcome;

struct Series {
    breaks_open: Gauge<i64>,
    notices: Counter<u64>,
}

static SERIES: LazyLock<Series> = LazyLock::new(|| Series::of(&global::meter("payment")));

impl Series {
    fn of(meter: &Meter) -> Self {
        Self {
            breaks_open: meter
                .i64_gauge("cloudeats.payment.breaks.open")
                .with_unit("{break}")
                .with_description("Differences from the provider's books that wait for a person")
                .build(),
            notices: meter
                .u64_counter("cloudeats.payment.webhooks")
                .with_unit("{webhook}")
                .with_description("Webhooks of providers, by what became of them")
                .build(),
        }
    }

    fn begin(&self) {
        for outcome in Outcome::ALL.map(Outcome::name).into_iter().chain(["refused", "again"]) {
            self.count_notice(outcome, 0);
        }
    }

    fn count_notice(&self, outcome: &'static str, more: u64) {
        self.notices.add(more, &[KeyValue::new("outcome", outcome.to_ascii_lowercase())]);
    }
}

/// A rate sees the first webhook only if there was a 0 before.
pub(crate) fn begin() {
    SERIES.begin();
}

/// So many breaks wait for a person.
pub(crate) fn breaks_open(count: i64) {
    SERIES.breaks_open.record(count, &[]);
}

/// A webhook came.
pub(crate) fn notice(outcome: &'static str) {
    SERIES.count_notice(outcome, 1);
}

#[cfg(test)]
mod tests {
    use common::telemetry::Measured;

    use super::*;

    #[test]
    fn webhooks_are_counted_from_0_on() {
        let measured = Measured::new().unwrap();
        let series = Series::of(&measured.meter());
        series.begin();
        series.count_notice("refused", 1);

        let text = measured.text().unwrap();

        for expected in ["outcome=\"refused\"} 1\n", "outcome=\"contradiction\"} 0\n"] {
            let line = format!("cloudeats_payment_webhooks_total{{{expected}");
            assert!(text.contains(&line), "{line}: {text}");
        }
    }
}
