//! Doubts a service: its routes inside the whole HTTP stack, a clock that stands still, the engines.
//!
//! A dev-dependency and never more. Whatever is missing panics with the name of what is missing.

#![expect(clippy::expect_used, reason = "what a test lacks should stop it, loudly")]

mod answer;
mod clock;
mod engines;
mod keys;
mod request;
mod running;
mod service;

pub use answer::TestAnswer;
pub use clock::FixedClock;
pub use engines::{database_url, redis_url};
pub use keys::{PATIENCE, TestKeys, client, kit};
pub use request::TestRequest;
pub use running::Running;
pub use service::{TestCaller, TestService};
