//! What every service needs to know.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use secrecy::SecretString;

/// Where the service listens, what it bears, and who it is to the others.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Service")]
pub struct HttpConfig {
    /// Address of the public port; port 0 picks a free one
    #[arg(long, env = "CE_HTTP_ADDRESS", default_value = "127.0.0.1:0")]
    pub http_address: SocketAddr,
    /// Address of the admin port (`/livez`, `/readyz`, `/metrics`, `/status`); by default the public
    /// one with 1000 added to the port
    #[arg(long, env = "CE_ADMIN_ADDRESS")]
    pub admin_address: Option<SocketAddr>,
    /// This service's private key (ES256, PKCS#8 in PEM)
    #[arg(long, env = "CE_SERVICE_KEY_FILE")]
    pub service_key_file: PathBuf,
    /// The public keys of all services (JWKS; `kid` is the service's name)
    #[arg(long, env = "CE_SERVICE_KEYS_FILE")]
    pub service_keys_file: PathBuf,
    /// Secret of at least 32 characters that signs the cursors of lists; every replica needs the same one.
    /// Without one each process draws its own, and a cursor is good only where it was made: right for one
    /// replica, wrong for several
    #[arg(long, env = "CE_CURSOR_KEY", hide_env_values = true)]
    pub cursor_key: Option<SecretString>,
    /// How long a caller is kept waiting where it does not say, and at most
    #[arg(long, env = "CE_HTTP_DEADLINE_MS", default_value_t = 5_000)]
    pub http_deadline_ms: u64,
    /// Time to send a whole header; a kept-alive connection that stays silent for so long is closed too
    #[arg(long, env = "CE_HTTP_HEADER_TIMEOUT_MS", default_value_t = 5_000)]
    pub http_header_timeout_ms: u64,
    /// How long a body may pause
    #[arg(long, env = "CE_HTTP_BODY_IDLE_MS", default_value_t = 10_000)]
    pub http_body_idle_ms: u64,
    /// Time to send a whole request
    #[arg(long, env = "CE_HTTP_REQUEST_TIMEOUT_MS", default_value_t = 30_000)]
    pub http_request_timeout_ms: u64,
    /// Open connections; further ones wait to be accepted
    #[arg(long, env = "CE_HTTP_CONNECTIONS_MAX", default_value_t = 4_096)]
    pub http_connections_max: usize,
    /// Open connections of one address (of one /64 where it is IPv6); further ones are turned away
    #[arg(long, env = "CE_HTTP_CONNECTIONS_PER_ADDRESS_MAX", default_value_t = 2_048)]
    pub http_connections_per_address_max: usize,
    /// Requests worked on at once, 64 for each core where nothing is said: a fifth of them is kept for what
    /// has begun, and no route gets more than half; further ones wait 50 ms at most
    #[arg(long, env = "CE_HTTP_REQUESTS_MAX", default_value_t = requests_max())]
    pub http_requests_max: usize,
    /// How long the balancer is given to see that this process is not ready, before it stops accepting
    #[arg(long, env = "CE_DRAIN_WAIT_MS", default_value_t = 5_000)]
    pub drain_wait_ms: u64,
}

/// What one request may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest that a caller is kept waiting.
    pub deadline: Duration,
    /// The whole header must have come by then.
    pub header_timeout: Duration,
    /// A body may pause for so long.
    pub body_idle: Duration,
    /// The whole request must have come by then.
    pub request_timeout: Duration,
    /// Bytes of a body, where the route says nothing else.
    pub body_max: usize,
    /// Bytes of path and query.
    pub uri_max: usize,
    /// Connections at once.
    pub connections_max: usize,
    /// Connections of one address at once.
    pub connections_per_address_max: usize,
    /// Requests at once.
    pub requests_max: usize,
}

/// What a core works on in reasonable time; on one core as on two.
fn requests_max() -> usize {
    64 * std::thread::available_parallelism().map_or(1, std::num::NonZero::get).max(2)
}

/// Header lines of one request.
pub(crate) const HEADERS_MAX: usize = 64;
/// Bytes of one request's header.
pub(crate) const HEADER_MAX: usize = 16 * 1024;
/// Bytes of path and query.
pub(crate) const URI_MAX: usize = 4 * 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            header_timeout: Duration::from_secs(5),
            body_idle: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            body_max: 64 * 1024,
            uri_max: URI_MAX,
            connections_max: 4_096,
            connections_per_address_max: 2_048,
            requests_max: 512,
        }
    }
}

impl HttpConfig {
    /// Free ports, no keys in files, no wait before the drain: what a test wants.
    #[must_use]
    pub fn for_tests() -> Self {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            http_address: free,
            admin_address: Some(free),
            service_key_file: PathBuf::new(),
            service_keys_file: PathBuf::new(),
            cursor_key: None,
            // No test is about how fast the machine is.
            http_deadline_ms: 60_000,
            http_header_timeout_ms: 5_000,
            http_body_idle_ms: 10_000,
            http_request_timeout_ms: 30_000,
            http_connections_max: 4_096,
            http_connections_per_address_max: 4_096,
            http_requests_max: 512,
            drain_wait_ms: 0,
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            deadline: Duration::from_millis(self.http_deadline_ms),
            header_timeout: Duration::from_millis(self.http_header_timeout_ms),
            body_idle: Duration::from_millis(self.http_body_idle_ms),
            request_timeout: Duration::from_millis(self.http_request_timeout_ms),
            connections_max: self.http_connections_max,
            connections_per_address_max: self.http_connections_per_address_max,
            requests_max: self.http_requests_max,
            ..Limits::default()
        }
    }

    /// The admin address that was given, or the public one with 1000 added; port 0 stays 0.
    pub(crate) fn admin_address(&self) -> SocketAddr {
        self.admin_address.unwrap_or_else(|| {
            let mut address = self.http_address;
            if address.port() != 0 {
                address.set_port(address.port().wrapping_add(1_000));
            }
            address
        })
    }
}
