//! What is measured.

use std::sync::LazyLock;

use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Gauge},
};

struct Series {
    breaks_open: Gauge<i64>,
    notices: Counter<u64>,
}

static SERIES: LazyLock<Series> = LazyLock::new(|| {
    let meter = global::meter("payment");
    Series {
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
});

/// So many breaks wait for a person.
pub(crate) fn breaks_open(count: i64) {
    SERIES.breaks_open.record(count, &[]);
}

/// A webhook came.
pub(crate) fn notice(outcome: &'static str) {
    SERIES.notices.add(1, &[KeyValue::new("outcome", outcome.to_ascii_lowercase())]);
}
