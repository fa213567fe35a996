//! The public REST API, as its clients use it: patiently, and with the keys that make repeating safe.

pub mod call;
pub mod person;

use std::time::Duration;

pub use self::call::{Answer, Api, Call, Silence};
pub use self::person::Person;

/// What `work` gives if it does so within `limit`. Nothing with a transaction in it waits here.
pub(crate) async fn within<F: Future>(limit: Duration, work: F) -> Option<F::Output> {
    #[expect(clippy::disallowed_methods, reason = "only waits of a client are dropped")]
    let done = tokio::time::timeout(limit, work).await;
    done.ok()
}
