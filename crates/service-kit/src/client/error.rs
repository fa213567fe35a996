//! What is known after a call that did not answer 2xx.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER};
use bytes::Bytes;
use common::types::{Class, Fault};
use serde::Deserialize;

use crate::problem::OUTCOME;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A call without a good answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// A definite decision against it.
    #[error("the call was refused with {status} {code}")]
    Refused {
        /// The HTTP status, 400 to 499.
        status: u16,
        /// The problem's code; empty where the answer was no problem.
        code: String,
        /// The whole answer.
        body: Bytes,
    },
    /// Surely nothing happened.
    #[error("the call was not taken")]
    Unavailable(#[source] Cause),
    /// It may have happened: ask again with the same key.
    #[error("the outcome of the call is not known")]
    Unknown(#[source] Cause),
}

/// Why it is not known, or not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Why {
    #[error("answered {0} {1}")]
    Answered(u16, String),
    #[error("the breaker is open")]
    Dropped,
    #[error("no time is left")]
    NoTime,
    #[error("the answer has more than {0} bytes")]
    TooLong(usize),
    #[error("redirected with {0}")]
    Redirected(u16),
}

#[derive(Deserialize)]
struct Coded {
    #[serde(default)]
    code: String,
}

/// A refusal that its caller did not expect is a bug of the caller.
impl Fault for CallError {
    fn class(&self) -> Class {
        match self {
            Self::Refused { .. } => Class::Broken,
            Self::Unavailable(_) => Class::Unavailable,
            Self::Unknown(_) => Class::Unknown,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "unexpected-refusal",
            Self::Unavailable(_) => "neighbour-unavailable",
            Self::Unknown(_) => "neighbour-unknown",
        }
    }
}

impl CallError {
    /// Reads an answer that is not 2xx.
    pub(super) fn from_answer(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Self {
        let coded: Option<Coded> = serde_json::from_slice(&body).ok();
        let code = coded.map(|coded| coded.code).unwrap_or_default();
        let outcome = headers.get(OUTCOME).map(HeaderValue::as_bytes);
        let why = |code| Box::new(Why::Answered(status.as_u16(), code));
        match status {
            StatusCode::TOO_MANY_REQUESTS => Self::Unavailable(why(code)),
            StatusCode::SERVICE_UNAVAILABLE if outcome == Some(b"none") => {
                Self::Unavailable(why(code))
            }
            // Our keys are not there yet, or no longer: nobody has looked at the request.
            StatusCode::UNAUTHORIZED if matches!(code.as_str(), "no-token" | "bad-token") => {
                Self::Unavailable(why(code))
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => Self::Unknown(why(code)),
            // The same key is being worked on.
            StatusCode::CONFLICT if headers.contains_key(RETRY_AFTER) => Self::Unknown(why(code)),
            status if status.is_client_error() => {
                Self::Refused { status: status.as_u16(), code, body }
            }
            status if status.is_redirection() => {
                Self::Unknown(Box::new(Why::Redirected(status.as_u16())))
            }
            _ => Self::Unknown(why(code)),
        }
    }

    /// Reads a failure of the transport. Only a connection that never was is sure to have changed nothing.
    pub(super) fn from_transport(error: reqwest::Error) -> Self {
        if error.is_connect() || error.is_builder() {
            Self::Unavailable(error.without_url().into())
        } else {
            Self::Unknown(error.without_url().into())
        }
    }

    pub(super) fn unavailable(why: Why) -> Self {
        Self::Unavailable(Box::new(why))
    }

    /// Nothing happened this time, but an earlier attempt may have done it.
    pub(super) fn after_doubt(self) -> Self {
        match self {
            Self::Unavailable(cause) => Self::Unknown(cause),
            other => other,
        }
    }

    pub(super) const fn outcome(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::Unavailable(_) => "unavailable",
            Self::Unknown(_) => "unknown",
        }
    }
}
