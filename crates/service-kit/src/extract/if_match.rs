//! Which version the caller wants to change.

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, header::IF_MATCH, request::Parts},
};
use common::types::Class;

use crate::Problem;

/// `If-Match` with one strong `ETag` that is a version: `"7"`.
///
/// 428 `if-match-required` where it is missing, 400 `malformed-if-match` where it is anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub i64);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(IF_MATCH).iter();
        let Some(value) = values.next() else {
            return Err(Problem::new(Class::Conflict, "if-match-required")
                .status(StatusCode::PRECONDITION_REQUIRED)
                .saying("name the version to be changed in If-Match"));
        };
        let version = value.to_str().ok().and_then(version);
        match (version, values.next()) {
            (Some(version), None) => Ok(Self(version)),
            _ => Err(Problem::new(Class::Malformed, "malformed-if-match")
                .saying("If-Match holds one strong ETag, as it was given")),
        }
    }
}

fn version(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('"')?.strip_suffix('"')?;
    let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.is_empty();
    if canonical { digits.parse().ok() } else { None }
}
