//! What happens where a route matched, and where none did.

use std::task::{Context as Poller, Poll};

use axum::{
    Router,
    extract::{MatchedPath, Request},
    http::{
        StatusCode,
        header::{ALLOW, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use common::types::Class;
use hyper::body::Body as _;
use tower::{Layer, Service};

use super::edge;
use crate::{Problem, context};

/// Allows bodies of another size than 64 KB on the routes it is laid on: `router.layer(body_limit(..))`.
#[must_use]
pub const fn body_limit(bytes: usize) -> Routed {
    Routed { body_max: Some(bytes) }
}

/// Has every route tell its name.
pub(super) fn named(router: Router) -> Router {
    router.layer(Routed { body_max: None })
}

/// Gives words to a 404 or 405 that has none, which is what a router says where nothing matches.
pub(super) fn worded(response: Response) -> Response {
    let headers = response.headers();
    let bare =
        response.body().size_hint().exact() == Some(0) && !headers.contains_key(CONTENT_TYPE);
    let problem = match response.status() {
        StatusCode::NOT_FOUND if bare => Problem::new(Class::Missing, "no-such-page"),
        StatusCode::METHOD_NOT_ALLOWED if bare => edge::not_allowed(),
        _ => return response,
    };
    let allow = headers.get(ALLOW).cloned();
    let mut response = problem.into_response();
    if let Some(allow) = allow {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

/// Reads the matched route, and may change what a body may cost.
#[derive(Debug, Clone, Copy)]
pub struct Routed {
    body_max: Option<usize>,
}

/// A route that tells its name.
#[derive(Debug, Clone)]
pub struct RoutedService<S> {
    inner: S,
    body_max: Option<usize>,
}

impl<S> Layer<S> for Routed {
    type Service = RoutedService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RoutedService { inner, body_max: self.body_max }
    }
}

impl<S: Service<Request>> Service<Request> for RoutedService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, poller: &mut Poller<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(poller)
    }

    fn call(&mut self, request: Request) -> S::Future {
        context::with_current(|context| {
            if let Some(path) = request.extensions().get::<MatchedPath>() {
                context.matched(path.clone());
            }
            if let Some(bytes) = self.body_max {
                context.allow_body(bytes);
            }
        });
        self.inner.call(request)
    }
}
