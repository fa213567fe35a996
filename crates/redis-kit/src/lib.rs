//! Redis for what may be lost: a cache and a rate limiter, each with something to fall back on.
//!
//! Redis is never waited for longer than 50 ms, and its absence is never an error.

#[cfg(test)]
mod bench;
mod cache;
mod gcra;
mod limiter;
mod load_error;
mod redis;

pub use cache::Cache;
pub use gcra::{Decision, Limit};
pub use limiter::Limiter;
pub use load_error::LoadError;
pub use redis::{Redis, RedisConfig, connect};
