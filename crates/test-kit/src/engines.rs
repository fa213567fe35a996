//! Where the engines are. `make test` starts them and says so in the environment.

/// The PostgreSQL in which tests make their databases (`DATABASE_URL`, a superuser).
#[must_use]
#[track_caller]
pub fn database_url() -> String {
    named("DATABASE_URL", "a PostgreSQL superuser, postgres://…")
}

/// The Redis whose keys tests prefix (`TEST_REDIS_URL`).
#[must_use]
#[track_caller]
pub fn redis_url() -> String {
    named("TEST_REDIS_URL", "a Redis, redis://…")
}

#[track_caller]
#[expect(clippy::disallowed_methods, reason = "a test has no Config")]
fn named(variable: &str, what: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: this test needs {what} (make test)"))
}
