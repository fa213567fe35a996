//! What a service answered.

use axum::{http::HeaderMap, response::Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An answer that was read to its end.
#[derive(Debug, Clone)]
pub struct TestAnswer {
    /// The HTTP status.
    pub status: u16,
    /// All header lines.
    pub headers: HeaderMap,
    /// The body, where it is JSON; `null` otherwise.
    pub json: Value,
    /// The body as it came.
    pub body: Bytes,
}

impl TestAnswer {
    pub(crate) async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("the answer's body broke off").to_bytes();
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Self { status: parts.status.as_u16(), headers: parts.headers, json, body }
    }

    /// Asserts the status.
    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// Asserts that the answer is a problem with this status and code, and one by RFC 9457.
    #[track_caller]
    pub fn is_problem(&self, status: u16, code: &str) -> &Self {
        assert_eq!((self.status, self.code()), (status, Some(code)), "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.json.get("status"), Some(&status.into()));
        self
    }

    /// Asserts that a problem points at this place in the body.
    #[track_caller]
    pub fn points_at(&self, pointer: &str) -> &Self {
        let errors = self.json.get("errors").and_then(Value::as_array);
        let points = |error: &Value| error.get("pointer").is_some_and(|there| there == pointer);
        assert!(errors.is_some_and(|errors| errors.iter().any(points)), "{}", self.text());
        self
    }

    /// The problem's code, where the answer is one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.json.get("code")?.as_str()
    }

    /// A header line, as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as a `T`.
    #[must_use]
    #[track_caller]
    pub fn body<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
