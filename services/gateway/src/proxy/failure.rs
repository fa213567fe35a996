//! What is known when a service did not answer.

use std::error::Error;

use common::types::Class;
use hyper_util::client::legacy::Error as ClientError;
use service_kit::{Problem, stack::BodyError};

/// There was no answer. Only where no connection could be made, or nothing was asked for but a look, is it
/// sure that nothing happened.
pub(super) fn of(error: ClientError, safe: bool) -> Problem {
    if let Some(of_the_body) = behind(&error) {
        return Problem::from(of_the_body).caused_by(error);
    }
    let class = if safe || error.is_connect() { Class::Unavailable } else { Class::Unknown };
    Problem::new(class, "upstream-unavailable").caused_by(error)
}

/// The answer did not come in time.
pub(super) fn late(safe: bool) -> Problem {
    let class = if safe { Class::Unavailable } else { Class::Unknown };
    Problem::new(class, "upstream-timeout")
}

/// Where it was the request's own body that broke, the service is not to blame.
fn behind(error: &(dyn Error + 'static)) -> Option<BodyError> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(of_the_body) = error.downcast_ref::<BodyError>() {
            return Some(*of_the_body);
        }
        cause = error.source();
    }
    None
}
