//! What every answer says to browsers.

use std::sync::Arc;

use anyhow::{Context, ensure};
use axum::{
    Router,
    extract::Request,
    http::{
        HeaderName, HeaderValue, Method,
        header::{
            AUTHORIZATION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, IF_MATCH, LINK,
            LOCATION, REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY,
            X_CONTENT_TYPE_OPTIONS,
        },
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use common::types::Class;
use service_kit::Problem;
use tower_http::cors::CorsLayer;

use crate::EdgeConfig;

const PREFLIGHT_KEPT: std::time::Duration = std::time::Duration::from_hours(1);

/// Lays what every answer says around the routes.
///
/// # Errors
/// An origin that is none.
pub fn around(router: Router, config: &EdgeConfig) -> anyhow::Result<Router> {
    let tls = config.public_tls;
    let hosts: Arc<[String]> = config.public_hosts.clone().into();
    let known = move |request: Request, next: Next| {
        let known = is_known(&hosts, request.headers().get(HOST));
        async move { if known { next.run(request).await } else { bad_host().into_response() } }
    };
    let router = router
        .layer(middleware::from_fn(known))
        .layer(middleware::map_response(move |response| async move { said(response, tls) }));
    if config.cors_origins.is_empty() {
        return Ok(router);
    }
    Ok(router.layer(cors(&config.cors_origins)?))
}

/// Whoever names another host was led here by somebody else.
fn is_known(hosts: &[String], host: Option<&HeaderValue>) -> bool {
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    hosts.is_empty() || hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn bad_host() -> Problem {
    Problem::new(Class::Malformed, "bad-host").saying("nobody is known here by this name")
}

fn said(mut response: Response, tls: bool) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.insert(CONTENT_SECURITY_POLICY, nothing);
    }
    if tls {
        let two_years = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        headers.insert(STRICT_TRANSPORT_SECURITY, two_years);
    }
    response
}

fn cors(origins: &[String]) -> anyhow::Result<CorsLayer> {
    let origins = origins.iter().map(|origin| {
        let plain = origin.starts_with("https://") || origin.starts_with("http://");
        ensure!(plain && !origin.ends_with('/'), "CE_CORS_ORIGINS: `{origin}` is no origin");
        HeaderValue::from_str(origin).with_context(|| format!("CE_CORS_ORIGINS: `{origin}`"))
    });
    let origins: Vec<HeaderValue> = origins.collect::<anyhow::Result<_>>()?;
    let custom = HeaderName::from_static;
    Ok(CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            IF_MATCH,
            custom("idempotency-key"),
            custom("last-event-id"),
        ])
        .expose_headers([
            ETAG,
            LINK,
            LOCATION,
            RETRY_AFTER,
            custom("deprecation"),
            custom("idempotent-replayed"),
            custom("ratelimit"),
            custom("ratelimit-policy"),
            custom("x-request-id"),
        ])
        .max_age(PREFLIGHT_KEPT))
}
