//! What is measured.

use std::sync::LazyLock;

use opentelemetry::{KeyValue, global, metrics::Counter};

static INCIDENTS: LazyLock<Counter<u64>> = LazyLock::new(|| {
    global::meter("orders")
        .u64_counter("cloudeats.order.incidents")
        .with_unit("{incident}")
        .with_description("What a person has to look at, by kind and severity")
        .build()
});

pub(crate) fn incident(kind: &'static str, severity: &'static str) {
    INCIDENTS.add(1, &[KeyValue::new("kind", kind), KeyValue::new("severity", severity)]);
}
