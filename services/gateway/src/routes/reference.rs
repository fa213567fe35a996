//! `GET /v1/openapi.json` and `GET /docs`: one document of all public operations, and a page to read it.

use axum::{
    http::{
        HeaderName, HeaderValue,
        header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE},
    },
    response::{AppendHeaders, Html, IntoResponse},
};
use bytes::Bytes;

use crate::docs;

type Static<const N: usize> = (AppendHeaders<[(HeaderName, HeaderValue); N]>, Bytes);

/// Scalar writes style elements; nothing else is taken from anywhere but here.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; font-src 'self' data:; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HOUR: &str = "public, max-age=3600";
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// The joined document, ready to be sent.
pub(super) fn document() -> anyhow::Result<Static<2>> {
    let bytes = serde_json::to_vec(&docs::joined(super::own().into_openapi())?)?;
    Ok((
        headers([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=300")]),
        bytes.into(),
    ))
}

pub(super) async fn page() -> impl IntoResponse {
    let headers = headers([(CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, HOUR)]);
    (headers, Html(include_str!("../../assets/docs.html")))
}

pub(super) async fn start() -> Static<2> {
    let bytes = include_bytes!("../../assets/docs-start.js");
    (headers([(CONTENT_TYPE, "text/javascript"), (CACHE_CONTROL, HOUR)]), Bytes::from_static(bytes))
}

/// Scalar, compressed as it lies here: every browser takes gzip.
pub(super) async fn script() -> Static<3> {
    let bytes = include_bytes!("../../assets/scalar-1.46.4.js.gz");
    let headers = headers([
        (CONTENT_TYPE, "text/javascript"),
        (CONTENT_ENCODING, "gzip"),
        (CACHE_CONTROL, FOR_GOOD),
    ]);
    (headers, Bytes::from_static(bytes))
}

fn headers<const N: usize>(
    lines: [(HeaderName, &'static str); N],
) -> AppendHeaders<[(HeaderName, HeaderValue); N]> {
    AppendHeaders(lines.map(|(name, value)| (name, HeaderValue::from_static(value))))
}
