//! One request and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use reqwest::header::{ETAG, HeaderMap, RETRY_AFTER};
use reqwest::{Method, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::mood::Mood;

const CONNECT_MAX: Duration = Duration::from_secs(2);
const ANSWER_MAX: Duration = Duration::from_secs(8);

/// The gateway of a stack.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    base: String,
    mood: Arc<Mood>,
}

/// A request that is about to be made, perhaps more than once.
#[derive(Debug, Clone)]
pub struct Call {
    method: Method,
    path: String,
    body: Option<Vec<u8>>,
    headers: Vec<(&'static str, String)>,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// No answer came.
#[derive(Debug, thiserror::Error)]
pub enum Silence {
    /// Nobody was there: nothing happened.
    #[error("nobody answers")]
    NobodyThere(#[source] reqwest::Error),
    /// Something was sent: it may have happened.
    #[error("the answer is lost")]
    Lost(#[source] reqwest::Error),
}

impl Api {
    /// The API at this base URL.
    pub fn new(base: impl Into<String>) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_MAX)
            .pool_max_idle_per_host(64)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .context("no HTTP client")?;
        Ok(Self { http, base: base.into(), mood: Arc::default() })
    }

    /// How its users behave.
    #[must_use]
    pub fn mood(&self) -> &Mood {
        &self.mood
    }

    /// Sends once and waits for the whole answer.
    pub async fn send(&self, call: &Call, token: Option<&str>) -> Result<Answer, Silence> {
        let _under_way = self.mood.begin();
        let hasty = self.mood.patience();
        let request = self.request(call, token).timeout(hasty.unwrap_or(ANSWER_MAX));
        let answered = whole(request).await;
        if hasty.is_some() && answered.is_err() {
            self.mood.dropped();
        }
        if let Ok(answer) = &answered {
            self.mood.count(answer.status);
        }
        answered
    }

    /// Opens a stream of server-sent events.
    pub async fn open(&self, call: &Call, token: &str) -> Result<Response, Silence> {
        let request = self.request(call, Some(token)).header("accept", "text/event-stream");
        request.send().await.map_err(Silence::from)
    }

    fn request(&self, call: &Call, token: Option<&str>) -> reqwest::RequestBuilder {
        let url = format!("{}{}", self.base, call.path);
        let mut request = self.http.request(call.method.clone(), url);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        match &call.body {
            Some(body) => request.header("content-type", "application/json").body(body.clone()),
            None => request,
        }
    }
}

async fn whole(request: reqwest::RequestBuilder) -> Result<Answer, Silence> {
    let response = request.send().await.map_err(Silence::from)?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.bytes().await.map_err(Silence::Lost)?;
    Ok(Answer { status, headers, body })
}

impl From<reqwest::Error> for Silence {
    fn from(error: reqwest::Error) -> Self {
        if error.is_connect() { Self::NobodyThere(error) } else { Self::Lost(error) }
    }
}

impl Call {
    /// Looks something up.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path.into(), None)
    }

    /// Makes or moves something.
    pub fn post<T: Serialize>(path: impl Into<String>, body: &T) -> anyhow::Result<Self> {
        Ok(Self::new(Method::POST, path.into(), Some(serde_json::to_vec(body)?)))
    }

    /// Sets something.
    pub fn put<T: Serialize>(path: impl Into<String>, body: &T) -> anyhow::Result<Self> {
        Ok(Self::new(Method::PUT, path.into(), Some(serde_json::to_vec(body)?)))
    }

    fn new(method: Method, path: String, body: Option<Vec<u8>>) -> Self {
        Self { method, path, body, headers: Vec::new() }
    }

    /// With this `Idempotency-Key`.
    #[must_use]
    pub fn key(self, key: impl Into<String>) -> Self {
        self.header("idempotency-key", key)
    }

    /// Only if the thing still has this version.
    #[must_use]
    pub fn if_match(self, version: i64) -> Self {
        self.header("if-match", format!("\"{version}\""))
    }

    /// Only if there is no such thing.
    #[must_use]
    pub fn if_absent(self) -> Self {
        self.header("if-none-match", "*")
    }

    /// With a header line more.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Hexadecimal SHA-256 of the body as it is sent.
    #[must_use]
    pub fn body_sha(&self) -> Option<String> {
        self.body.as_deref().map(sha)
    }
}

impl Answer {
    /// Whether it is 2xx.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// The body.
    pub fn json<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_slice(&self.body).with_context(|| format!("unreadable: {}", self.words()))
    }

    /// The stable word of a problem; empty where there is none.
    #[must_use]
    pub fn code(&self) -> String {
        #[derive(serde::Deserialize)]
        struct Problem {
            code: String,
        }
        serde_json::from_slice(&self.body).map_or_else(|_| String::new(), |it: Problem| it.code)
    }

    /// The version in its `ETag`.
    #[must_use]
    pub fn version(&self) -> Option<i64> {
        self.headers.get(ETAG)?.to_str().ok()?.trim_matches('"').parse().ok()
    }

    /// How long it asks to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
        Some(Duration::from_secs(seconds))
    }

    /// Hexadecimal SHA-256 of the body.
    #[must_use]
    pub fn sha(&self) -> String {
        sha(&self.body)
    }

    /// Itself, if it is 2xx.
    pub fn expect_ok(self, what: &str) -> anyhow::Result<Self> {
        if !self.is_ok() {
            bail!("{what}: {} {}", self.status, self.words());
        }
        Ok(self)
    }

    fn words(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        text.chars().take(400).collect()
    }
}

fn sha(bytes: &[u8]) -> String {
    use std::fmt::Write;

    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _never_fails = write!(text, "{byte:02x}");
        text
    })
}
