//! HTTP with connections that are kept.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{HeaderMap, Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::Failure;

const SERVICE_TOKEN: HeaderName = HeaderName::from_static("x-ce-token");
const DEADLINE: HeaderName = HeaderName::from_static("x-ce-deadline");
const OUTCOME: HeaderName = HeaderName::from_static("x-ce-outcome");
const SESSION: HeaderName = HeaderName::from_static("vendure-auth-token");
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Nobody waits longer for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Shorter than the other side's patience: no request is sent into a closing connection.
const IDLE_MAX: Duration = Duration::from_secs(3);

/// A server that is spoken to.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    http: Client<HttpConnector, Full<Bytes>>,
    base: String,
    deadline: Option<HeaderValue>,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Whether it says that nothing was begun.
    pub(crate) begun_nothing: bool,
    /// When to ask again, where it says so.
    pub(crate) again_after: Option<Duration>,
    /// What Vendure knows the visitor by from now on, where it says so.
    pub(crate) session: Option<HeaderValue>,
    pub(crate) body: Bytes,
}

impl Wire {
    /// The server at this base URL.
    pub(crate) fn new(base: &str) -> anyhow::Result<Self> {
        let _is_one: hyper::Uri = base.parse()?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_MAX)
            .build(connector);
        Ok(Self { http, base: base.to_owned(), deadline: None })
    }

    /// The same server; every request says how long its answer is of use.
    pub(crate) fn patient_for(self, time: Duration) -> Self {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self { deadline: Some(ms.into()), ..self }
    }

    pub(crate) async fn get(
        &self,
        path: &str,
        bearer: Option<&HeaderValue>,
    ) -> Result<Reply, Failure> {
        let request = self.request(Method::GET, path, bearer).body(Full::default());
        self.send(request.map_err(unsendable)?).await
    }

    /// Posts JSON under a key.
    pub(crate) async fn post(
        &self,
        path: &str,
        bearer: Option<&HeaderValue>,
        key: &str,
        body: Bytes,
    ) -> Result<Reply, Failure> {
        let request = self
            .request(Method::POST, path, bearer)
            .header(KEY, key)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body));
        self.send(request.map_err(unsendable)?).await
    }

    /// Posts JSON to whoever knows no keys.
    pub(crate) async fn post_keyless(
        &self,
        path: &str,
        bearer: Option<&HeaderValue>,
        body: Bytes,
    ) -> Result<Reply, Failure> {
        let request = self
            .request(Method::POST, path, bearer)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body));
        self.send(request.map_err(unsendable)?).await
    }

    /// Sends JSON as one of our services does.
    pub(crate) async fn ask(
        &self,
        (method, path): (Method, &str),
        token: &HeaderValue,
        key: &str,
        body: Bytes,
    ) -> Result<Reply, Failure> {
        let request = self
            .request(method, path, None)
            .header(SERVICE_TOKEN, token)
            .header(KEY, key)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body));
        self.send(request.map_err(unsendable)?).await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        bearer: Option<&HeaderValue>,
    ) -> hyper::http::request::Builder {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        let told = [(AUTHORIZATION, bearer), (DEADLINE, self.deadline.as_ref())];
        let told = told.into_iter().filter_map(|(name, value)| Some((name, value?)));
        told.fold(request, |request, (name, value)| request.header(name, value))
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Reply, Failure> {
        let exchange = async {
            let response = self.http.request(request).await.map_err(|_| word("no answer"))?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(|_| word("half an answer"))?;
            Ok(Reply {
                status: head.status.as_u16(),
                begun_nothing: head.headers.get(OUTCOME).is_some_and(|outcome| outcome == "none"),
                again_after: again_after(&head.headers),
                session: head.headers.get(SESSION).cloned(),
                body: body.to_bytes(),
            })
        };
        #[expect(clippy::disallowed_methods, reason = "only the wait of a client is dropped")]
        let answered = tokio::time::timeout(ANSWER_MAX, exchange).await;
        answered.unwrap_or_else(|_| Err(word("no answer in time")))
    }
}

fn again_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn word(word: &str) -> Failure {
    Failure(word.to_owned())
}

fn unsendable(error: impl std::fmt::Display) -> Failure {
    Failure(format!("unsendable: {error}"))
}
