//! One call, made at most three times.

use std::time::Duration;

use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use bytes::{Bytes, BytesMut};
use common::{
    chaos::{self, Side},
    telemetry::trace,
    types::Principal,
};
use futures::stream::BoxStream;
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::Instant;

use super::{
    Client,
    error::{CallError, Why},
};
use crate::{context, metrics::SERIES, stack::RANK, token::TOKEN};

const ATTEMPTS_MAX: u32 = 3;
const BACKOFF_FIRST: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(1);
/// What a hop keeps of its caller's time, to say what became of it.
const HOP: Duration = Duration::from_millis(20);
const ANSWER_MAX: usize = 4 * 1024 * 1024;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const DEADLINE: HeaderName = HeaderName::from_static("x-ce-deadline");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A call that is being put together.
#[derive(Debug)]
#[must_use = "a call is made when it is sent"]
pub struct Call {
    client: Client,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    principal: Option<Principal>,
    timeout: Option<Duration>,
    /// A header or body that could not be written; said when the call is sent.
    fault: Option<CallError>,
}

/// A 2xx answer.
#[derive(Debug)]
pub struct Reply {
    /// 200 to 299.
    pub status: StatusCode,
    /// All of them.
    pub headers: HeaderMap,
    /// At most 4 MB.
    pub body: Bytes,
}

impl Call {
    pub(super) fn new(client: Client, method: Method, path: String, headers: HeaderMap) -> Self {
        let (body, principal, timeout, fault) = (Bytes::new(), None, None, None);
        Self { client, method, path, headers, body, principal, timeout, fault }
    }

    /// Acts for somebody; without this, the service acts for itself.
    pub fn on_behalf_of(mut self, principal: &Principal) -> Self {
        self.principal = Some(principal.clone());
        self
    }

    /// Names the call, so that it may be repeated: 16 to 64 of `A-Za-z0-9_-`.
    pub fn key(mut self, key: &str) -> Self {
        self.put(IDEMPOTENCY_KEY, key);
        self
    }

    /// Sends a JSON body.
    pub fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => self.body = bytes.into(),
            Err(error) => self.fault = Some(CallError::Unavailable(error.into())),
        }
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.put(HeaderName::from_static(name), value);
        self
    }

    /// Waits so long in all instead of 800 ms, and never longer than the caller of this request does.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends it, and reads a JSON answer.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn send<T: DeserializeOwned>(self) -> Result<T, CallError> {
        let reply = self.reply().await?;
        serde_json::from_slice(&reply.body).map_err(|error| CallError::Unknown(error.into()))
    }

    /// Sends it; what a good answer says does not matter.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn send_empty(self) -> Result<(), CallError> {
        self.reply().await.map(drop)
    }

    /// Sends it, and gives the whole answer: for callers to whom 200, 201 and 202 are different.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn reply(mut self) -> Result<Reply, CallError> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let began = Instant::now();
        let client = self.client.clone();
        let outcome = self.attempts(began).await;
        let word = outcome.as_ref().map_or_else(CallError::outcome, |_| "ok");
        SERIES.called(client.0.peer, word, began.elapsed());
        outcome
    }

    /// Opens a stream, such as server-sent events. Only the header is bounded in time; the body is read
    /// for as long as both sides like. A stream is never asked for twice here.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn stream(mut self) -> Result<BoxStream<'static, reqwest::Result<Bytes>>, CallError> {
        use futures::StreamExt;
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        if !self.headers.contains_key(ACCEPT) {
            self.headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        }
        let until = Instant::now() + self.patience()?;
        let request = self.request(until)?;
        let answered = by(until, request.send()).await?;
        let response = answered.map_err(CallError::from_transport)?;
        if response.status().is_success() {
            return Ok(response.bytes_stream().boxed());
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body = by(until, read(response)).await??;
        Err(CallError::from_answer(status, &headers, body))
    }

    async fn attempts(&self, began: Instant) -> Result<Reply, CallError> {
        let until = began + self.patience()?;
        let repeatable = self.method == Method::GET
            || self.method == Method::HEAD
            || self.headers.contains_key(IDEMPOTENCY_KEY);
        self.client.0.budget.earn();
        let mut doubt = false;
        let mut attempt = 1;
        loop {
            let error = match self.attempt(until).await {
                Ok(reply) => return Ok(reply),
                Err(error @ CallError::Refused { .. }) => return Err(error),
                Err(error) => error,
            };
            doubt |= matches!(error, CallError::Unknown(_));
            let pause = backoff(attempt);
            let again = repeatable
                && attempt < ATTEMPTS_MAX
                && Instant::now() + pause < until
                && self.client.0.budget.spend();
            if !again {
                return Err(if doubt { error.after_doubt() } else { error });
            }
            SERIES.retried(self.client.0.peer);
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, until: Instant) -> Result<Reply, CallError> {
        let breaker = &self.client.0.breaker;
        if !breaker.lets_through() {
            SERIES.dropped(self.client.0.peer);
            return Err(CallError::unavailable(Why::Dropped));
        }
        let left = until.saturating_duration_since(Instant::now());
        let request = self.request(until)?.timeout(left);
        chaos::at_call(Side::Before, &self.path, self.client.0.peer);
        let response = request.send().await.map_err(CallError::from_transport)?;
        chaos::at_call(Side::After, &self.path, self.client.0.peer);
        let (status, headers) = (response.status(), response.headers().clone());
        let failed = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        breaker.answered(failed, &headers);
        let body = read(response).await?;
        if status.is_success() {
            Ok(Reply { status, headers, body })
        } else {
            Err(CallError::from_answer(status, &headers, body))
        }
    }

    /// The shorter of our own patience and what our caller has left for this hop.
    fn patience(&self) -> Result<Duration, CallError> {
        let own = self.timeout.unwrap_or(self.client.0.timeout);
        let Some(left) = context::time_left() else { return Ok(own) };
        let left = left.checked_sub(HOP).filter(|left| !left.is_zero());
        left.map(|left| left.min(own)).ok_or_else(|| CallError::unavailable(Why::NoTime))
    }

    fn request(&self, until: Instant) -> Result<reqwest::RequestBuilder, CallError> {
        let inner = &self.client.0;
        let base = inner.base.as_str().trim_end_matches('/');
        let url = format!("{base}{}", self.path);
        let mut headers = self.headers.clone();
        if let Some(ours) = &inner.ours {
            let principal = self.principal.as_ref().unwrap_or_else(|| ours.signer.own_principal());
            let token = ours.signer.token(ours.audience, principal);
            headers.insert(TOKEN, token.map_err(|error| CallError::Unavailable(error.into()))?);
            describe(&mut headers, until);
        }
        let request = inner.http.request(self.method.clone(), url).headers(headers);
        Ok(if self.body.is_empty() { request } else { request.body(self.body.clone()) })
    }

    fn put(&mut self, name: HeaderName, value: &str) {
        match HeaderValue::try_from(value) {
            Ok(value) => {
                self.headers.insert(name, value);
            }
            Err(error) => self.fault = Some(CallError::Unavailable(error.into())),
        }
    }
}

/// Says how long we wait, how much it matters, in which trace, for which request.
pub(super) fn describe(headers: &mut HeaderMap, until: Instant) {
    let left = until.saturating_duration_since(Instant::now()).as_millis();
    headers.insert(DEADLINE, HeaderValue::from(u64::try_from(left).unwrap_or(u64::MAX)));
    headers.insert(RANK, context::rank().header());
    if let Some(trace) = trace::current()
        && let Ok(value) = HeaderValue::try_from(trace.to_string())
    {
        headers.insert(TRACEPARENT, value);
    }
    if let Some(id) = trace::request_id()
        && let Ok(value) = HeaderValue::from_str(&id)
    {
        headers.insert(REQUEST_ID, value);
    }
}

/// `rand(0, min(1 s, 50 ms * 2^n))`
fn backoff(attempt: u32) -> Duration {
    let most = BACKOFF_FIRST.saturating_mul(1 << attempt.min(10)).min(BACKOFF_MAX);
    most.mul_f64(rand::random::<f64>())
}

async fn read(mut response: reqwest::Response) -> Result<Bytes, CallError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(CallError::from_transport)? {
        if body.len() + chunk.len() > ANSWER_MAX {
            return Err(CallError::Unknown(Box::new(Why::TooLong(ANSWER_MAX))));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// A call outwards may be dropped: it holds nothing here that could be cut in two.
pub(super) async fn by<F: Future>(until: Instant, work: F) -> Result<F::Output, CallError> {
    tokio::time::timeout_at(until, work).await.map_err(|error| CallError::Unknown(error.into()))
}
