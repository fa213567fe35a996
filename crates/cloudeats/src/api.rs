//! The public REST API, as its clients use it: patiently, and with the keys that make repeating safe.

pub mod call;
pub mod mood;
pub mod person;

use std::time::Duration;

use rand::Rng;

pub use self::call::{Answer, Api, Call, Silence};
pub use self::mood::Mood;
pub use self::person::Person;

/// How long somebody waits who was told to come again for the n-th time: longer each time, and never all
/// at once.
pub(crate) fn again_after(tries: u32) -> Duration {
    const FIRST: Duration = Duration::from_millis(250);
    const MOST: Duration = Duration::from_secs(5);
    let most = MOST.min(FIRST.saturating_mul(1 << tries.min(8)));
    most.mul_f64(rand::rng().random_range(0.5..1.0))
}

/// What `work` gives if it does so within `limit`. Nothing with a transaction in it waits here.
pub(crate) async fn within<F: Future>(limit: Duration, work: F) -> Option<F::Output> {
    #[expect(clippy::disallowed_methods, reason = "only waits of a client are dropped")]
    let done = tokio::time::timeout(limit, work).await;
    done.ok()
}
