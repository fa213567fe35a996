//! `If-Match` where the thing may not exist yet, and the answers that no class of faults has.

use axum::http::StatusCode;
use common::types::{Class, Fault};
use service_kit::{IfMatch, Problem};

/// The version that the caller knows; none where the header is missing, which is right for what is new.
pub(super) fn known(if_match: Result<IfMatch, Problem>) -> Result<Option<i64>, Problem> {
    match if_match {
        Ok(IfMatch(version)) => Ok(Some(version)),
        Err(problem) if problem.http_status() == StatusCode::PRECONDITION_REQUIRED => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// 412 and 428 for faults about versions, and what their class says for all others.
pub(super) fn problem(fault: impl Fault) -> Problem {
    match fault.code() {
        "if-match-failed" => Problem::stale(),
        "if-match-required" => Problem::new(Class::Conflict, "if-match-required")
            .status(StatusCode::PRECONDITION_REQUIRED)
            .saying(fault.to_string()),
        _ => fault.into(),
    }
}
