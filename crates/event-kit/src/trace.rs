//! Which event and which trace caused what is done now.

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use uuid::Uuid;

tokio::task_local! {
    static CAUSE: Uuid;
}

/// Runs a handler in answer to the event `id`.
pub(crate) async fn caused_by<F: Future>(id: Uuid, work: F) -> F::Output {
    CAUSE.scope(id, work).await
}

/// The event in answer to which the current task works.
pub(crate) fn cause() -> Option<Uuid> {
    CAUSE.try_with(|id| *id).ok()
}

/// `traceparent` (W3C Trace Context) of the current span, if it is part of a trace.
pub(crate) fn parent_of_current_span() -> Option<String> {
    let context = tracing::Span::current().context();
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| {
        format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), span.trace_flags().to_u8())
    })
}

/// Makes `span` a child of the span that told the event.
pub(crate) fn continue_trace(span: &tracing::Span, traceparent: Option<&str>) {
    if let Some(parent) = traceparent.and_then(read) {
        let context = opentelemetry::Context::new().with_remote_span_context(parent);
        // Without a tracer there is nothing to continue.
        let _ = span.set_parent(context);
    }
}

fn read(traceparent: &str) -> Option<SpanContext> {
    let mut fields = traceparent.split('-');
    let (Some("00"), Some(trace), Some(span), Some(flags), None) =
        (fields.next(), fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return None;
    };
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?),
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}
