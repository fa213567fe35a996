//! Which trace and which request the running task belongs to (W3C Trace Context).

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::trace::SdkTracer;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter::LevelFilter, registry::LookupSpan};

static SPANS_ARE_KEPT: AtomicBool = AtomicBool::new(false);

tokio::task_local! {
    static DOING: Doing;
}

/// A `traceparent` header: the trace, the span that asks, and whether it is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace_id: u128,
    span_id: u64,
    sampled: bool,
}

/// What the running task is part of.
#[derive(Debug, Clone)]
pub struct Doing {
    /// Its place in the trace.
    pub trace: TraceParent,
    /// The request that began it, where one did.
    pub request_id: Option<Arc<str>>,
}

impl TraceParent {
    /// Begins a trace.
    #[must_use]
    pub fn fresh() -> Self {
        let (trace_id, span_id) = rand::random::<(u128, u64)>();
        Self { trace_id: trace_id | 1, span_id: span_id | 1, sampled: false }
    }

    /// A new span of the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self { span_id: rand::random::<u64>() | 1, ..self }
    }

    /// Reads version 00 of the header; `None` where it is anything else, as the standard asks.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |part: &str, len: usize| {
            part.len() == len && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let well_formed = version == "00"
            && parts.next().is_none()
            && hex(trace, 32)
            && hex(span, 16)
            && hex(flags, 2);
        if !well_formed {
            return None;
        }
        let trace_id = u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0)?;
        let span_id = u64::from_str_radix(span, 16).ok().filter(|id| *id != 0)?;
        let sampled = u8::from_str_radix(flags, 16).ok()? & 1 == 1;
        Some(Self { trace_id, span_id, sampled })
    }

    /// The trace, as 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(self) -> String {
        format!("{:032x}", self.trace_id)
    }

    fn from_span(span: &Span) -> Option<Self> {
        let context = span.context();
        let context = context.span().span_context().clone();
        context.is_valid().then(|| Self {
            trace_id: u128::from_be_bytes(context.trace_id().to_bytes()),
            span_id: u64::from_be_bytes(context.span_id().to_bytes()),
            sampled: context.is_sampled(),
        })
    }

    fn remote(self) -> opentelemetry::Context {
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let remote = SpanContext::new(
            TraceId::from_bytes(self.trace_id.to_be_bytes()),
            SpanId::from_bytes(self.span_id.to_be_bytes()),
            flags,
            true,
            TraceState::default(),
        );
        opentelemetry::Context::new().with_remote_span_context(remote)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace_id, span_id, sampled } = *self;
        write!(f, "00-{trace_id:032x}-{span_id:016x}-{:02x}", u8::from(sampled))
    }
}

/// The trace's id alone.
impl fmt::LowerHex for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.trace_id)
    }
}

/// Runs `work` as part of `doing`: its log lines and its calls say so.
pub async fn within<F: Future>(doing: Doing, work: F) -> F::Output {
    DOING.scope(doing, work).await
}

/// The place of the running task, for the next process's `traceparent`.
#[must_use]
pub fn current() -> Option<TraceParent> {
    let of_span = if spans_are_kept() { TraceParent::from_span(&Span::current()) } else { None };
    of_span.or_else(|| DOING.try_with(|doing| doing.trace).ok())
}

/// The request to which the running task belongs.
#[must_use]
pub fn request_id() -> Option<Arc<str>> {
    DOING.try_with(|doing| doing.request_id.clone()).ok().flatten()
}

/// Whether spans go to a collector. Where they do not, making one is a waste.
#[must_use]
pub fn spans_are_kept() -> bool {
    SPANS_ARE_KEPT.load(Ordering::Relaxed)
}

/// Hangs `span` below the caller's span, and says where in the trace that is.
#[must_use]
pub fn adopt(span: &Span, caller: Option<TraceParent>) -> TraceParent {
    if let Some(caller) = caller
        && spans_are_kept()
        && let Err(error) = span.set_parent(caller.remote())
    {
        tracing::debug!(error = %error, "a span lost its parent");
    }
    TraceParent::from_span(span)
        .unwrap_or_else(|| caller.map_or_else(TraceParent::fresh, TraceParent::child))
}

/// Gives `span` the name under which it is collected, once that is known.
pub fn rename(span: &Span, name: String) {
    span.context().span().update_name(name);
}

/// Hands spans of use cases and requests to the collector, and nothing finer.
pub(super) fn layer<S>(tracer: SdkTracer) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(LevelFilter::INFO)
}

pub(super) fn keep_spans(kept: bool) {
    SPANS_ARE_KEPT.store(kept, Ordering::Relaxed);
}

pub(super) fn doing<T>(read: impl FnOnce(&Doing) -> T) -> Option<T> {
    DOING.try_with(read).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_header_is_read_and_written_alike() {
        assert_eq!(TraceParent::parse(EXAMPLE).unwrap().to_string(), EXAMPLE);
    }

    #[test]
    fn a_header_that_is_not_one_begins_no_trace() {
        for text in [
            "",
            "00",
            "00-0-0-0",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert_eq!(TraceParent::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_child_stays_in_its_trace() {
        let parent = TraceParent::parse(EXAMPLE).unwrap();
        let child = parent.child();
        assert_eq!(child.trace_id(), parent.trace_id());
        assert_ne!(child, parent);
    }

    #[tokio::test]
    async fn a_task_knows_what_it_is_part_of_only_while_it_is() {
        let doing = Doing { trace: TraceParent::fresh(), request_id: Some("r-1".into()) };
        let trace = doing.trace;
        within(doing, async {
            assert_eq!(current(), Some(trace));
            assert_eq!(request_id().as_deref(), Some("r-1"));
        })
        .await;
        assert_eq!(current(), None);
    }
}
