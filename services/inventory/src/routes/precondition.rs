//! What the caller knows of what it puts.

use axum::{
    extract::FromRequestParts,
    http::{
        StatusCode,
        header::{IF_MATCH, IF_NONE_MATCH},
        request::Parts,
    },
};
use common::types::Fault;
use service_kit::{IfMatch, Problem};

use crate::app::Precondition;

/// `If-Match: "7"`, `If-None-Match: *`, or neither.
pub(super) struct Known(pub(super) Precondition);

impl<S: Sync> FromRequestParts<S> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.headers.contains_key(IF_MATCH) {
            let IfMatch(version) = IfMatch::from_request_parts(parts, state).await?;
            return Ok(Self(Precondition::Version(version)));
        }
        let absent = parts.headers.get(IF_NONE_MATCH).is_some_and(|value| value == "*");
        Ok(Self(if absent { Precondition::Absent } else { Precondition::None }))
    }
}

/// 412 and 428 are statuses that no class has.
pub(super) fn problem(error: impl Fault) -> Problem {
    match error.code() {
        "if-match-failed" => Problem::stale(),
        "if-match-required" => Problem::new(error.class(), error.code())
            .status(StatusCode::PRECONDITION_REQUIRED)
            .saying(error.to_string()),
        _ => error.into(),
    }
}
