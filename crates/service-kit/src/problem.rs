//! RFC 9457, in one place.

use std::{borrow::Cow, collections::BTreeMap, error::Error, sync::Arc};

use axum::{
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use common::types::{Class, Fault};
use serde::Serialize;
use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{RefOr, content::Content, response},
};

use crate::context;

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";
/// Tells our own clients what a 503 means: `none`, nothing happened; `unknown`, it may have happened.
pub(crate) const OUTCOME: HeaderName = HeaderName::from_static("x-ce-outcome");

const TYPES: &str = "https://cloudeats.example/problems/";

type AnyError = Arc<dyn Error + Send + Sync>;

/// What went wrong, as the caller may see it, and why, as only the log may.
#[derive(Debug)]
pub struct Problem(Box<Inner>);

#[derive(Debug)]
struct Inner {
    class: Class,
    status: StatusCode,
    code: &'static str,
    detail: Option<Cow<'static, str>>,
    errors: Vec<Pointed>,
    retry_after_s: Option<u32>,
    cause: Option<AnyError>,
}

/// One place in the body, and what is wrong there.
#[derive(Debug, Serialize, ToSchema)]
struct Pointed {
    /// A JSON pointer into the body (RFC 6901), or the name of a query parameter after `?`.
    pointer: String,
    detail: Cow<'static, str>,
}

/// What the request log needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    pub(crate) class: Class,
    pub(crate) code: &'static str,
    pub(crate) error: Option<AnyError>,
}

/// The words that leave.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem, description = "RFC 9457")]
struct Body<'a> {
    /// Names the kind of problem; its page explains it.
    #[schema(format = "uri-reference")]
    r#type: String,
    /// The kind of problem, in words.
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// A stable word for programs.
    code: &'a str,
    /// What is wrong this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
    /// The path that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<&'a str>,
    /// The places in the body that are wrong.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(inline)]
    errors: &'a [Pointed],
    /// The trace, 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    /// The request, as `x-request-id` names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

/// `?` in a handler turns any fault into an answer; no service implements `IntoResponse`.
impl<E: Fault> From<E> for Problem {
    fn from(fault: E) -> Self {
        let problem = Self::new(fault.class(), fault.code());
        match fault.class() {
            Class::Unavailable | Class::Unknown | Class::Broken => problem.caused_by(fault),
            _ => problem.saying(fault.to_string()).caused_by(fault),
        }
    }
}

impl Problem {
    /// A problem without words. `code` is stable, kebab-case, and has a page in `docs/problems/`.
    #[must_use]
    pub fn new(class: Class, code: &'static str) -> Self {
        Self(Box::new(Inner {
            class,
            status: status_of(class),
            code,
            detail: None,
            errors: Vec::new(),
            retry_after_s: None,
            cause: None,
        }))
    }

    /// Answers with a status that no class has: 405, 412, 413, 415.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// 412: the state is another than the caller's `If-Match` says.
    #[must_use]
    pub fn stale() -> Self {
        Self::new(Class::Conflict, "if-match-failed")
            .status(StatusCode::PRECONDITION_FAILED)
            .saying("the thing has changed since it was read")
    }

    /// Adds the words that the caller may read.
    #[must_use]
    pub fn saying(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Keeps the cause for the log; the caller never sees it.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.0.cause = Some(Arc::new(cause));
        self
    }

    /// Tells when to try again; without this, 503 says 1 to 3 seconds, drawn.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Points at a place in the body by JSON pointer (RFC 6901).
    #[must_use]
    pub fn pointing(
        mut self,
        pointer: impl Into<String>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.0.errors.push(Pointed { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// What it means.
    #[must_use]
    pub fn class(&self) -> Class {
        self.0.class
    }

    /// The stable word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The status it answers with.
    #[must_use]
    pub fn http_status(&self) -> StatusCode {
        self.0.status
    }

    /// The words, without those that belong to one request only when `context` is `None`.
    pub(crate) fn words(&self, context: Option<&context::Context>) -> Vec<u8> {
        let inner = &self.0;
        let words = Body {
            r#type: format!("{TYPES}{}", inner.code),
            title: inner.code.replace('-', " "),
            status: inner.status.as_u16(),
            code: inner.code,
            detail: inner.detail.as_deref(),
            instance: context.map(context::Context::path),
            errors: &inner.errors,
            trace_id: context.map(|context| context.trace().trace_id()),
            request_id: context.map(context::Context::request_id),
        };
        serde_json::to_vec(&words).unwrap_or_default()
    }

    fn retry_after(&self) -> Option<u32> {
        let drawn = || (self.0.status == StatusCode::SERVICE_UNAVAILABLE).then(jitter_s);
        self.0.retry_after_s.or_else(drawn)
    }
}

const fn status_of(class: Class) -> StatusCode {
    match class {
        Class::Malformed => StatusCode::BAD_REQUEST,
        Class::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Class::Unauthenticated => StatusCode::UNAUTHORIZED,
        Class::Forbidden => StatusCode::FORBIDDEN,
        Class::Declined => StatusCode::PAYMENT_REQUIRED,
        Class::Missing => StatusCode::NOT_FOUND,
        Class::Conflict => StatusCode::CONFLICT,
        Class::Throttled => StatusCode::TOO_MANY_REQUESTS,
        Class::Unavailable | Class::Unknown => StatusCode::SERVICE_UNAVAILABLE,
        Class::Broken => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// So that those who were turned away together do not return together.
pub(crate) fn jitter_s() -> u32 {
    rand::random_range(1..=3)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = context::current()
            .map_or_else(|| self.words(None), |context| self.words(Some(&context)));
        let mut response = (self.0.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        match self.0.class {
            Class::Unavailable => headers.insert(OUTCOME, HeaderValue::from_static("none")),
            Class::Unknown => headers.insert(OUTCOME, HeaderValue::from_static("unknown")),
            _ => None,
        };
        let Inner { class, code, cause: error, .. } = *self.0;
        response.extensions_mut().insert(Cause { class, code, error });
        response
    }
}

/// Every operation may answer with a problem; the documents say so without being told.
impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<response::Response>> {
        let content = Content::new(Some(Body::schema()));
        let problem = response::ResponseBuilder::new()
            .description("A problem, RFC 9457")
            .content(PROBLEM_JSON, content)
            .build();
        BTreeMap::from([("default".to_owned(), RefOr::T(problem))])
    }
}
