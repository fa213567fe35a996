//! Calls to others: bounded in time, careful in repeating, clear about what is known afterwards.

mod breaker;
mod budget;
mod call;
mod error;
mod forward;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use axum::http::{HeaderMap, Method};
use reqwest::{Url, redirect};

pub use call::{Call, Reply};
pub use error::CallError;

use crate::{
    Signer,
    client::{breaker::Breaker, budget::Budget},
    metrics::SERIES,
};

/// Shorter than the server's patience with idle connections, so that none is used while it closes.
const IDLE_MAX: Duration = Duration::from_secs(4);
const IDLE_CONNECTIONS_MAX: usize = 64;

/// A client for one other service. Cheap to clone; clones share connections, budget and breaker.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    base: Url,
    timeout: Duration,
    /// Who we are to it; `None` to those outside, who learn nothing of us.
    ours: Option<Ours>,
    peer: &'static str,
    budget: Budget,
    breaker: Breaker,
}

struct Ours {
    audience: &'static str,
    signer: Signer,
}

/// How long we wait for one of our own before we take it for away.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Until there is a connection.
    pub connect: Duration,
    /// Until there is an answer, unless the call or its caller's deadline says less.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_millis(250), answer: Duration::from_millis(800) }
    }
}

/// The connections to our own services, shared by all clients of a process.
///
/// # Errors
/// Where the machine gives none.
pub fn inside(patience: Patience) -> anyhow::Result<reqwest::Client> {
    builder(patience.connect).no_proxy().build().context("no client could be made")
}

fn builder(connect_timeout: Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(connect_timeout)
        .redirect(redirect::Policy::none())
        .pool_idle_timeout(IDLE_MAX)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .tcp_nodelay(true)
        .http1_only()
}

impl Client {
    /// A client for the service `audience` of ours.
    ///
    /// # Errors
    /// An address that is none.
    pub fn inside(
        http: reqwest::Client,
        base_url: &str,
        audience: &'static str,
        signer: Signer,
        patience: Patience,
    ) -> anyhow::Result<Self> {
        let ours = Some(Ours { audience, signer });
        Self::new(http, base_url, patience.answer, ours, audience)
    }

    /// A client for somebody else's service.
    ///
    /// # Errors
    /// An address that is none.
    pub fn outside(base_url: &str, timeout: Duration) -> anyhow::Result<Self> {
        let http = builder(timeout.min(Duration::from_secs(2)))
            .build()
            .context("no client could be made")?;
        Self::new(http, base_url, timeout, None, "outside")
    }

    fn new(
        http: reqwest::Client,
        base_url: &str,
        timeout: Duration,
        ours: Option<Ours>,
        peer: &'static str,
    ) -> anyhow::Result<Self> {
        let base: Url = base_url.parse().with_context(|| format!("`{base_url}` is no URL"))?;
        let plain = matches!(base.scheme(), "http" | "https") && base.has_host();
        anyhow::ensure!(plain, "`{base_url}` is no http or https URL");
        let (budget, breaker) = (Budget::new(), Breaker::new());
        SERIES.will_call(peer);
        Ok(Self(Arc::new(Inner { http, base, timeout, ours, peer, budget, breaker })))
    }

    /// Asks for `path`, which begins with `/` and may have a query.
    pub fn get(&self, path: impl Into<String>) -> Call {
        self.call(Method::GET, path)
    }

    /// Posts to `path`.
    pub fn post(&self, path: impl Into<String>) -> Call {
        self.call(Method::POST, path)
    }

    /// Puts at `path`.
    pub fn put(&self, path: impl Into<String>) -> Call {
        self.call(Method::PUT, path)
    }

    /// Deletes at `path`.
    pub fn delete(&self, path: impl Into<String>) -> Call {
        self.call(Method::DELETE, path)
    }

    /// Asks `method` of `path`.
    pub fn call(&self, method: Method, path: impl Into<String>) -> Call {
        Call::new(self.clone(), method, path.into(), HeaderMap::new())
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.0.base.as_str()).finish_non_exhaustive()
    }
}
