//! A request that is being put together.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Method, Request},
    response::Response,
};
use bytes::Bytes;
use serde::Serialize;
use service_kit::stack::Stack;

use crate::TestAnswer;

/// A request that is made when it is sent.
#[derive(Debug)]
#[must_use = "a request is made when it is sent"]
pub struct TestRequest {
    stack: Stack,
    request: Request<Bytes>,
}

impl TestRequest {
    pub(crate) fn new(
        stack: Stack,
        method: Method,
        path: &str,
        token: Option<HeaderValue>,
    ) -> Self {
        let mut request = Request::new(Bytes::new());
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().expect("a path");
        let headers = request.headers_mut();
        headers.insert("host", HeaderValue::from_static("test"));
        if let Some(token) = token {
            headers.insert("x-ce-token", token);
        }
        Self { stack, request }
    }

    /// Sends a JSON body.
    pub fn json(self, body: impl Serialize) -> Self {
        let bytes = serde_json::to_vec(&body).expect("a body that can be written");
        self.body("application/json", bytes)
    }

    /// Sends these bytes as they are.
    pub fn body(mut self, kind: &str, bytes: impl Into<Bytes>) -> Self {
        *self.request.body_mut() = bytes.into();
        self.header("content-type", kind)
    }

    /// Adds an `Idempotency-Key`.
    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// Adds `If-Match` with a version.
    pub fn if_match(self, version: i64) -> Self {
        self.header("if-match", &format!("\"{version}\""))
    }

    /// Adds a header line; the same name may come twice.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header name");
        let value = HeaderValue::from_str(value).expect("a header value");
        self.request.headers_mut().append(name, value);
        self
    }

    /// Sends it and reads the whole answer.
    pub async fn send(self) -> TestAnswer {
        TestAnswer::read(self.open().await).await
    }

    /// Sends it; the body of the answer is left to be read, as streams need it.
    pub async fn open(self) -> Response {
        self.stack.answer(self.request.map(Body::from)).await
    }
}
