//! One line and one measurement for each request.

use std::{error::Error, fmt::Write, sync::Arc};

use axum::{
    http::{Method, Request, StatusCode},
    response::Response,
};
use common::{telemetry::trace, types::Class};
use tokio::time::Instant;
use tracing::Span;

use crate::{context::Context, metrics::SERIES, problem::Cause};

/// What is logged where the client did not wait for a status (nginx's word for it).
const CLIENT_WENT_AWAY: u16 = 499;

/// The span of a request, where somebody collects spans.
pub(super) fn span<B>(request: &Request<B>) -> Span {
    if !trace::spans_are_kept() {
        return Span::none();
    }
    tracing::info_span!(
        "request",
        otel.kind = "server",
        http.request.method = known(request.method()),
        http.route = tracing::field::Empty,
        http.response.status_code = tracing::field::Empty,
        error.type = tracing::field::Empty,
    )
}

/// A request from its first byte to its answer. Dropped before, it says that the client went away.
pub(super) struct Observed {
    method: &'static str,
    context: Arc<Context>,
    span: Span,
    began: Instant,
    ended: bool,
}

impl Observed {
    pub(super) fn begin(method: &Method, context: Arc<Context>, span: Span) -> Self {
        SERIES.request_began();
        Self { method: known(method), context, span, began: Instant::now(), ended: false }
    }

    pub(super) fn end(mut self, response: &Response) {
        self.ended = true;
        let cause = response.extensions().get::<Cause>();
        if cause.is_some_and(|cause| cause.code == "deadline-passed") {
            self.context.abandon();
        }
        self.record(response.status().as_u16(), cause);
    }

    fn record(&self, status: u16, cause: Option<&Cause>) {
        let took = self.began.elapsed();
        let route = self.context.route();
        SERIES.request_ended(self.method, route, status, took);
        if !self.span.is_none() {
            trace::rename(&self.span, format!("{} {route}", self.method));
            self.span.record("http.route", route);
            self.span.record("http.response.status_code", status);
            if let Some(cause) = cause {
                self.span.record("error.type", cause.code);
            }
        }
        let line = Line { method: self.method, context: &self.context, status, cause };
        line.write("request", took.as_secs_f64() * 1_000.0);
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        if !self.ended {
            self.context.abandon();
            self.record(CLIENT_WENT_AWAY, None);
        }
    }
}

/// Work that was finished after its caller had left is said on its own, where it failed.
pub(super) fn unheard(context: &Context, response: &Response) {
    let cause = response.extensions().get::<Cause>();
    if context.is_abandoned() && cause.is_some() {
        let status = response.status().as_u16();
        Line { method: "", context, status, cause }.write("failed after its caller had left", 0.0);
    }
}

struct Line<'a> {
    method: &'static str,
    context: &'a Context,
    status: u16,
    cause: Option<&'a Cause>,
}

impl Line<'_> {
    /// Our own failures are errors; what we expect to pass is a warning; the rest is the caller's affair.
    fn write(&self, message: &'static str, duration_ms: f64) {
        let class = self.cause.map(|cause| cause.class);
        match class {
            Some(Class::Broken) => self.error(message, duration_ms),
            Some(Class::Unavailable | Class::Unknown) => self.warning(message, duration_ms),
            _ if self.status >= StatusCode::INTERNAL_SERVER_ERROR.as_u16() => {
                self.error(message, duration_ms);
            }
            _ => self.information(message, duration_ms),
        }
    }
}

macro_rules! levels {
    ($($name:ident = $level:ident),+ $(,)?) => {
        impl Line<'_> {$(
            fn $name(&self, message: &'static str, duration_ms: f64) {
                tracing::event!(
                    target: "service_kit::request",
                    tracing::Level::$level,
                    http.request.method = self.method,
                    http.route = self.context.route(),
                    http.response.status_code = self.status,
                    duration_ms,
                    error.code = self.cause.map(|cause| cause.code),
                    error.cause = self.cause.and_then(chain),
                    "{message}"
                );
            }
        )+}
    };
}

levels! { error = ERROR, warning = WARN, information = INFO }

/// The error and all that caused it, said once.
fn chain(cause: &Cause) -> Option<String> {
    let error = cause.error.as_deref()?;
    let mut words = error.to_string();
    let mut source: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = source {
        let _ = write!(words, ": {error}");
        source = error.source();
    }
    Some(words)
}

/// A method as OpenTelemetry bounds it.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => "_OTHER",
    }
}
