//! What is refused before anybody looks at the path, and what is known of the rest.

use std::sync::Arc;

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, HOST, TRANSFER_ENCODING},
};
use common::{
    telemetry::trace::{self, TraceParent},
    types::Class,
};
use tokio::time::{Duration, Instant};
use tracing::Span;

use super::{DEADLINE, REQUEST_ID, Rank, Shared};
use crate::{
    Problem,
    config::Limits,
    context::{Arrival, Context},
};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Refuses what no route of ours could want.
pub(super) fn look<B>(request: &Request<B>, limits: &Limits) -> Result<(), Problem> {
    let headers = request.headers();
    if request.uri().path_and_query().is_some_and(|path| path.as_str().len() > limits.uri_max) {
        return Err(Problem::new(Class::Malformed, "uri-too-long").status(StatusCode::URI_TOO_LONG));
    }
    if matches!(*request.method(), Method::TRACE | Method::CONNECT) {
        return Err(not_allowed());
    }
    if headers.get_all(HOST).iter().count() != 1 {
        return Err(
            Problem::new(Class::Malformed, "bad-host").saying("a request names exactly one host")
        );
    }
    if headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH) {
        return Err(Problem::new(Class::Malformed, "ambiguous-length")
            .saying("a body has a length or is chunked, never both"));
    }
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter().map(HeaderValue::as_bytes);
    if encodings.any(|encoding| !encoding.eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::new(Class::Malformed, "unsupported-media-type")
            .status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            .saying("bodies are not read compressed"));
    }
    Ok(())
}

pub(super) fn not_allowed() -> Problem {
    Problem::new(Class::Malformed, "method-not-allowed").status(StatusCode::METHOD_NOT_ALLOWED)
}

/// Reads who asks, since when and for how long.
pub(super) fn arrive<B>(
    request: &Request<B>,
    span: &Span,
    rank: Rank,
    shared: Arc<Shared>,
) -> Arc<Context> {
    let headers = request.headers();
    let caller = text(headers, &TRACEPARENT).and_then(TraceParent::parse);
    let trace = trace::adopt(span, caller);
    let request_id = match text(headers, &REQUEST_ID).filter(|id| is_sane(id)) {
        Some(id) => id.into(),
        None => trace.trace_id().into(),
    };
    let asked = text(headers, &DEADLINE).and_then(|text| text.parse().ok());
    let patience = asked.map_or(shared.limits.deadline, Duration::from_millis);
    let deadline = Instant::now() + patience.min(shared.limits.deadline);
    let path = request.uri().path().to_owned();
    let body_max = shared.limits.body_max;
    Context::new(Arrival { path, request_id, trace, deadline, rank, body_max }, shared)
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Short, and nothing that a log or a header could take for something else.
fn is_sane(id: &str) -> bool {
    let clean = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (8..=64).contains(&id.len()) && id.bytes().all(clean)
}
