//! Redises to test with: none, one that is away, and the real one.

use std::net::TcpListener;
use std::time::Duration;

use crate::redis::connect_within;
use crate::{Redis, RedisConfig, connect};

/// No Redis is configured.
pub(crate) async fn none() -> Redis {
    connect(&config(None)).await.unwrap()
}

/// A port on which nobody listens.
pub(crate) async fn away() -> Redis {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    at(format!("redis://127.0.0.1:{port}")).await
}

/// A port where connections are taken and never answered.
pub(crate) async fn silent() -> (TcpListener, Redis) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let redis = at(format!("redis://{}", listener.local_addr().unwrap())).await;
    (listener, redis)
}

/// The Redis of the tests, with keys of one test; a busy machine does not make it be away.
pub(crate) fn live() -> Redis {
    connect_within(Duration::from_secs(5), &config(Some(live_url()))).unwrap()
}

/// Where the Redis of the tests is.
#[expect(clippy::disallowed_methods, reason = "tests have no Config")]
pub(crate) fn live_url() -> String {
    std::env::var("TEST_REDIS_URL").expect("TEST_REDIS_URL names the Redis of the tests")
}

/// A Redis somewhere, with keys of one test.
pub(crate) async fn at(url: String) -> Redis {
    connect(&config(Some(url))).await.unwrap()
}

#[expect(clippy::disallowed_methods, reason = "tests have no Clock")]
fn config(url: Option<String>) -> RedisConfig {
    let redis_prefix = format!("test-{}:", uuid::Uuid::new_v4());
    RedisConfig { redis_url: url.map(Into::into), redis_roots_file: None, redis_prefix }
}
