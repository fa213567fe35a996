//! What handlers give.

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LINK, LOCATION},
    },
    response::{IntoResponse, Response},
};
use common::types::Class;
use serde::Serialize;

use crate::{Page, Problem, problem::PROBLEM_JSON};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// 200 with a body.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    body: T,
    etag: Option<i64>,
    next: Option<String>,
    cached: Option<&'static str>,
}

/// 201: it is there now; `Location` tells where.
#[derive(Debug, Clone)]
pub struct Created<T> {
    location: String,
    body: T,
    etag: Option<i64>,
}

/// 202: the work has begun; `Location` tells where to look.
#[derive(Debug, Clone)]
pub struct Accepted<T> {
    location: String,
    body: T,
}

/// 204: done, and nothing to say.
#[derive(Debug, Clone, Copy)]
pub struct NoContent;

/// An answer that was kept with its idempotency key, given again byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The HTTP status.
    pub status: u16,
    /// The body: JSON, or a problem where the status is 400 or more.
    pub body: Vec<u8>,
    /// `Location`, where the first answer had one.
    pub location: Option<String>,
    /// Whether this is a replay: `Idempotent-Replayed: true`.
    pub replayed: bool,
}

impl<T> Answer<T> {
    /// Answers with `body`.
    #[must_use]
    pub const fn ok(body: T) -> Self {
        Self { body, etag: None, next: None, cached: None }
    }

    /// Adds a strong `ETag`: the version.
    #[must_use]
    pub fn etag(mut self, version: i64) -> Self {
        self.etag = Some(version);
        self
    }

    /// Adds `Link: rel="next"` where there is a next page.
    #[must_use]
    pub fn next(mut self, page: &Page, cursor: Option<&str>) -> Self {
        self.next = cursor.map(|cursor| page.link(cursor));
        self
    }

    /// Lets others keep the answer, as `Cache-Control` says; without this nobody may.
    #[must_use]
    pub fn cached(mut self, how: &'static str) -> Self {
        self.cached = Some(how);
        self
    }
}

impl<T> Created<T> {
    /// Answers with `body` and the place where it is.
    pub fn at(location: impl Into<String>, body: T) -> Self {
        Self { location: location.into(), body, etag: None }
    }

    /// Adds a strong `ETag`: the version.
    #[must_use]
    pub fn etag(mut self, version: i64) -> Self {
        self.etag = Some(version);
        self
    }
}

impl<T> Accepted<T> {
    /// Answers with `body` and the place to look again.
    pub fn at(location: impl Into<String>, body: T) -> Self {
        Self { location: location.into(), body }
    }
}

impl Stored {
    /// A first answer, to be kept and given.
    ///
    /// # Errors
    /// A body that cannot be written as JSON.
    pub fn first<T: Serialize>(
        status: StatusCode,
        body: &T,
        location: Option<String>,
    ) -> Result<Self, Problem> {
        Ok(Self { status: status.as_u16(), body: json(body)?, location, replayed: false })
    }

    /// A decision against the caller (402, 409), to be kept and given.
    #[must_use]
    pub fn refusal(problem: &Problem) -> Self {
        let status = problem.http_status().as_u16();
        Self { status, body: problem.words(None), location: None, replayed: false }
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let mut response = written(StatusCode::OK, &self.body);
        let headers = response.headers_mut();
        put_etag(headers, self.etag);
        if let Some(Ok(link)) = self.next.map(HeaderValue::try_from) {
            headers.insert(LINK, link);
        }
        if let Some(how) = self.cached {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(how));
        }
        response
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = written(StatusCode::CREATED, &self.body);
        put_etag(response.headers_mut(), self.etag);
        put_location(response.headers_mut(), Some(self.location));
        response
    }
}

impl<T: Serialize> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        let mut response = written(StatusCode::ACCEPTED, &self.body);
        put_location(response.headers_mut(), Some(self.location));
        response
    }
}

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        (StatusCode::NO_CONTENT, [(CACHE_CONTROL, NO_STORE)]).into_response()
    }
}

impl IntoResponse for Stored {
    fn into_response(self) -> Response {
        let Ok(status) = StatusCode::from_u16(self.status) else {
            return Problem::new(Class::Broken, "unwritable-body").into_response();
        };
        let refusal = status.is_client_error() || status.is_server_error();
        let kind = if refusal { HeaderValue::from_static(PROBLEM_JSON) } else { JSON };
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, kind);
        headers.insert(CACHE_CONTROL, NO_STORE);
        put_location(headers, self.location);
        if self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

fn json<T: Serialize>(body: &T) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(body)
        .map_err(|error| Problem::new(Class::Broken, "unwritable-body").caused_by(error))
}

fn written<T: Serialize>(status: StatusCode, body: &T) -> Response {
    let bytes = match json(body) {
        Ok(bytes) => bytes,
        Err(problem) => return problem.into_response(),
    };
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response
}

fn put_etag(headers: &mut HeaderMap, version: Option<i64>) {
    if let Some(Ok(etag)) = version.map(|version| HeaderValue::try_from(format!("\"{version}\""))) {
        headers.insert(ETAG, etag);
    }
}

fn put_location(headers: &mut HeaderMap, location: Option<String>) {
    if let Some(Ok(location)) = location.map(HeaderValue::try_from) {
        headers.insert(LOCATION, location);
    }
}
