//! What every request passes, in its fixed order.
//!
//! Look at it (host, method, length, encoding), admit it, run it on its own task, wait for it as long as
//! the caller does, write one line about it.

mod admission;
mod body;
mod edge;
mod observe;
mod route;

use std::{future::poll_fn, sync::Arc};

use aws_lc_rs::{hmac, rand::SystemRandom};
use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderName, HeaderValue},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use common::types::Class;
use hyper::body::Body as HttpBody;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use tower::Service as _;
use tracing::Instrument;

pub use admission::{Intake, IntakeConfig, Plan, RANK, Rank, Seat, Undertaking};
pub use body::BodyError;
pub use route::body_limit;

use crate::{
    Problem, Stop,
    config::Limits,
    context::{self, Context},
    stack::{
        admission::{Admission, Asked, Permit},
        body::RequestBody,
        observe::Observed,
    },
    token::{ServiceClaims, Verifier},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const DEADLINE: HeaderName = HeaderName::from_static("x-ce-deadline");

/// The routes of a service inside of what every service needs.
#[derive(Clone)]
pub struct Stack(Arc<Inner>);

struct Inner {
    router: Router,
    shared: Arc<Shared>,
    admission: Admission,
    requests: TaskTracker,
}

/// What extractors need of the service they serve.
pub(crate) struct Shared {
    pub(crate) tokens: Verifier<ServiceClaims>,
    pub(crate) cursors: hmac::Key,
    pub(crate) limits: Limits,
    pub(crate) stop: Stop,
}

/// What a stack is made of, besides the routes.
#[derive(Debug)]
pub struct Parts {
    /// Checks the tokens of other services.
    pub tokens: Verifier<ServiceClaims>,
    /// Signs cursors; drawn where there is none.
    pub cursor_key: Option<Vec<u8>>,
    /// What a request may cost.
    pub limits: Limits,
    /// Ends streams.
    pub stop: Stop,
    /// Counts the requests that are worked on, whether or not anybody waits.
    pub requests: TaskTracker,
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stack").field("limits", &self.0.shared.limits).finish_non_exhaustive()
    }
}

impl Stack {
    /// Wraps the routes of a service.
    ///
    /// # Errors
    /// Where the machine has no randomness.
    pub fn new(router: Router, parts: Parts) -> anyhow::Result<Self> {
        Self::planned(router, Plan::default(), parts)
    }

    /// Wraps the routes of a service of which it is known before how much they matter.
    ///
    /// # Errors
    /// Where the machine has no randomness.
    pub fn planned(router: Router, plan: Plan, parts: Parts) -> anyhow::Result<Self> {
        let cursors = match parts.cursor_key {
            Some(secret) => hmac::Key::new(hmac::HMAC_SHA256, &secret),
            None => hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
                .map_err(|_| anyhow::anyhow!("no key could be drawn"))?,
        };
        let Parts { tokens, limits, stop, requests, .. } = parts;
        Ok(Self(Arc::new(Inner {
            router: route::named(router),
            admission: Admission::new(limits.requests_max, plan),
            shared: Arc::new(Shared { tokens, cursors, limits, stop }),
            requests,
        })))
    }

    /// Answers a request, whatever it is.
    pub async fn answer<B>(&self, request: Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        self.answer_or_refuse(request, None).await
    }

    /// Refuses what could not be read as a request; `request` stands for it.
    pub(crate) async fn refuse<B>(&self, request: Request<B>, problem: Problem) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        self.answer_or_refuse(request, Some(problem)).await
    }

    async fn answer_or_refuse<B>(&self, request: Request<B>, refused: Option<Problem>) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let span = observe::span(&request);
        let (method, path) = (request.method(), request.uri().path());
        let asked = self.0.admission.seat(method, path, request.headers());
        let context = edge::arrive(&request, &span, asked.rank, Arc::clone(&self.0.shared));
        let answer = async {
            let observed = Observed::begin(request.method(), Arc::clone(&context), span.clone());
            let looked = || edge::look(&request, &self.0.shared.limits);
            let response = match refused.map_or_else(looked, Err) {
                Ok(()) => self.admit(request, asked, &context, span).await,
                Err(problem) => problem.into_response(),
            };
            observed.end(&response);
            response
        };
        // A client that hangs up drops this inside of its scope, so what is then said has the ids too.
        let mut response = context::within(Arc::clone(&context), answer).await;
        if let Ok(id) = HeaderValue::from_str(context.request_id()) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
        body::ended_by(response, &self.0.shared.stop)
    }

    async fn admit<B>(
        &self,
        request: Request<B>,
        asked: Asked,
        context: &Arc<Context>,
        span: tracing::Span,
    ) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<axum::BoxError>,
    {
        let (headers, tokens) = (request.headers(), &self.0.shared.tokens);
        let Some(permit) = self.0.admission.enter(&asked, headers, tokens, context).await else {
            return Problem::new(Class::Unavailable, "overloaded").into_response();
        };
        if Instant::now() >= context.deadline() {
            return Problem::new(Class::Unavailable, "not-started").into_response();
        }
        let mut request = request.map(|body| {
            if body.is_end_stream() {
                Body::empty()
            } else {
                Body::new(RequestBody::new(body, Arc::clone(context)))
            }
        });
        if let Some(intake) = asked.intake {
            request.extensions_mut().insert(intake);
        }
        let work = self.on_its_own_task(request, context, permit, span);
        wait_for(work, context.deadline()).await
    }

    /// Runs the rest of the request on its own task.
    ///
    /// A client that hangs up, or a deadline that passes, ends only the waiting. The work goes on to its
    /// commit or its rollback, and shutdown waits for it.
    fn on_its_own_task(
        &self,
        request: Request,
        context: &Arc<Context>,
        permit: Permit,
        span: tracing::Span,
    ) -> tokio::task::JoinHandle<Response> {
        let mut router = self.0.router.clone();
        let of_task = Arc::clone(context);
        let work = async move {
            // A router is always ready.
            let _ = poll_fn(|cx| <Router as tower::Service<Request>>::poll_ready(&mut router, cx))
                .await;
            let Ok(response) = router.call(request).await;
            drop(permit);
            let response = route::worded(response);
            observe::unheard(&of_task, &response);
            response
        };
        let work = context::within(Arc::clone(context), work);
        self.0.requests.spawn(work.instrument(span))
    }
}

/// What is dropped when time is up is the waiting, not the task.
async fn wait_for(work: tokio::task::JoinHandle<Response>, deadline: Instant) -> Response {
    match tokio::time::timeout_at(deadline, work).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => Problem::new(Class::Broken, "panic").caused_by(panic).into_response(),
        Err(_elapsed) => Problem::new(Class::Unknown, "deadline-passed").into_response(),
    }
}
