//! Real engines and real processes, without services.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod live;
