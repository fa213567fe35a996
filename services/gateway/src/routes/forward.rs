//! Every path that a service answers.

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{ALLOW, LINK},
    },
    response::{IntoResponse, Response},
};
use common::types::Class;
use service_kit::{Problem, context};

use super::table::{self, Door};
use crate::App;

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
/// When the old paths became old: 2026-11-21 (RFC 9745).
const SINCE: HeaderValue = HeaderValue::from_static("@1795219200");

const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// Finds out who asks whom, and passes on.
pub(super) async fn handle(State(app): State<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(route) = table::find(parts.uri.path()) else {
        return Problem::new(Class::Missing, "no-such-page").into_response();
    };
    context::name_route(route.prefix);
    let provider = route.door == Door::Provider && parts.method != Method::POST;
    if provider || !METHODS.contains(&parts.method) {
        return not_allowed();
    }
    let visitor = match app.enter(route, &parts).await {
        Ok(visitor) => visitor,
        Err(refusal) => return refusal,
    };
    let successor = if route.old { successor(parts.uri.path()) } else { None };
    let forwarded =
        app.upstreams().forward(route, visitor.principal(), visitor.address, parts, body);
    let mut response = forwarded.await.into_response();
    visitor.pace.tell(response.headers_mut());
    if let Some(successor) = successor {
        deprecate(response.headers_mut(), successor);
    }
    response
}

fn not_allowed() -> Response {
    let problem = Problem::new(Class::Malformed, "method-not-allowed");
    let mut response = problem.status(StatusCode::METHOD_NOT_ALLOWED).into_response();
    let allowed = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
    response.headers_mut().insert(ALLOW, allowed);
    response
}

fn successor(path: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("</v1{path}>; rel=\"successor-version\"")).ok()
}

fn deprecate(headers: &mut HeaderMap, successor: HeaderValue) {
    headers.insert(DEPRECATION, SINCE);
    headers.append(LINK, successor);
}
