//! The caller's promise that a repeated request is the same request.
//!
//! After draft-ietf-httpapi-idempotency-key-header-07 (expired, no RFC); the quoted form of the draft and
//! the bare form are one key.

use aws_lc_rs::digest::{Context, SHA256};
use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, HeaderName, Method, Uri, request::Parts},
};
use common::types::Class;
use serde::{Serialize, de::DeserializeOwned};

use super::json;
use crate::{Problem, token::sha256};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The caller's `Idempotency-Key` and what it was used for.
///
/// As an extractor of its own it is for requests without a body.
/// 400 `no-idempotency-key` or `malformed-idempotency-key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// 16 to 64 characters of `[A-Za-z0-9_-]`.
    pub text: String,
    /// SHA-256 over method, path and the validated body in canonical form: another one under the same key
    /// is another request.
    pub fingerprint: [u8; 32],
    /// SHA-256 of the body's bytes as they came.
    pub body_sha: [u8; 32],
}

/// A validated body that comes with an `Idempotency-Key`.
#[derive(Debug, Clone)]
pub struct Keyed<T>(pub Key, pub T);

impl<S: Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let text = text(&parts.headers)?;
        let fingerprint = fingerprint(&parts.method, &parts.uri, b"");
        Ok(Self { text, fingerprint, body_sha: sha256(b"") })
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Serialize> FromRequest<S> for Keyed<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let text = text(&parts.headers)?;
        json::must_be_json(&parts.headers)?;
        let bytes = json::read(body).await?;
        let body: T = json::parse(&bytes)?;
        let canonical = serde_json::to_vec(&body)
            .map_err(|error| Problem::new(Class::Broken, "unwritable-body").caused_by(error))?;
        let fingerprint = fingerprint(&parts.method, &parts.uri, &canonical);
        Ok(Self(Key { text, fingerprint, body_sha: sha256(&bytes) }, body))
    }
}

fn fingerprint(method: &Method, uri: &Uri, body: &[u8]) -> [u8; 32] {
    let mut hash = Context::new(&SHA256);
    for part in [method.as_str().as_bytes(), uri.path().as_bytes(), body] {
        hash.update(part);
        hash.update(b"\n");
    }
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(hash.finish().as_ref());
    fingerprint
}

fn text(headers: &HeaderMap) -> Result<String, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Err(Problem::new(Class::Malformed, "no-idempotency-key")
            .saying("this request needs an Idempotency-Key"));
    };
    let malformed = || {
        Problem::new(Class::Malformed, "malformed-idempotency-key")
            .saying("an Idempotency-Key is 16 to 64 of A-Z, a-z, 0-9, _ and -")
    };
    let value = value.to_str().map_err(|_| malformed())?;
    let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let key = quoted.unwrap_or(value);
    let clean = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if values.next().is_none() && (16..=64).contains(&key.len()) && key.bytes().all(clean) {
        Ok(key.to_owned())
    } else {
        Err(malformed())
    }
}
