//! Passing requests on, without reading them.

mod body;
mod failure;
mod headers;

use std::{net::IpAddr, time::Duration};

use anyhow::{Context, ensure};
use axum::{
    body::Body,
    http::{
        HeaderValue, Request, Response, Uri,
        header::CONTENT_LENGTH,
        request::Parts,
        uri::{self, Authority, PathAndQuery, Scheme},
    },
};
use common::{
    telemetry::trace,
    types::{Class, Principal},
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use service_kit::{
    Problem, Signer, context,
    stack::{BodyError, RANK},
    token::TOKEN,
};
use tokio::time::Instant;

use self::body::Bounded;
use crate::{
    Config,
    pace::FORWARDED_FOR,
    routes::table::{BROWSE_MS, ORDER_MS, Route, Upstream},
};

const CONNECT_MAX: Duration = Duration::from_millis(250);
/// Shorter than the patience of our services with idle connections, so that none is used while it closes.
const IDLE_MAX: Duration = Duration::from_secs(4);
const IDLE_CONNECTIONS_MAX: usize = 256;
/// What we keep of the caller's time, to say what became of it.
const HOP: Duration = Duration::from_millis(20);

/// The services behind the gateway.
#[derive(Clone)]
pub struct Upstreams {
    client: Client<HttpConnector, Bounded>,
    signer: Signer,
    bases: [Base; 6],
}

#[derive(Clone)]
struct Base {
    audience: &'static str,
    scheme: Scheme,
    authority: Authority,
}

impl Upstreams {
    /// Prepares connections; none is opened before it is needed.
    ///
    /// # Errors
    /// An address that is none.
    pub fn new(config: &Config, signer: Signer) -> anyhow::Result<Self> {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_MAX));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .build(connector);
        let bases = [
            base("identity", &config.identity_url)?,
            base("inventory", &config.inventory_url)?,
            base("orders", &config.orders_url)?,
            base("payment", &config.payment_url)?,
            base("fleet", &config.fleet_url)?,
            base("notification", &config.notification_url)?,
        ];
        Ok(Self { client, signer, bases })
    }

    const fn base(&self, upstream: Upstream) -> &Base {
        let [identity, inventory, orders, payment, fleet, notification] = &self.bases;
        match upstream {
            Upstream::Identity => identity,
            Upstream::Inventory => inventory,
            Upstream::Orders => orders,
            Upstream::Payment => payment,
            Upstream::Fleet => fleet,
            Upstream::Notification => notification,
        }
    }

    /// Passes a request on, on behalf of `principal`, and gives back whatever comes, streams included.
    /// Only the header of the answer is bounded in time. Nothing is asked twice.
    ///
    /// # Errors
    /// 413 and 408 for the request's body, 503 `upstream-unavailable` or `upstream-timeout`.
    pub(crate) async fn forward(
        &self,
        route: &Route,
        principal: &Principal,
        address: IpAddr,
        parts: Parts,
        body: Body,
    ) -> Result<Response<Body>, Problem> {
        refuse_announced(&parts, route.body_max)?;
        let base = self.base(route.upstream);
        let safe = parts.method.is_safe();
        let until = Instant::now() + patience(safe)?;

        let mut request = Request::new(Bounded::new(body, route.body_max));
        *request.headers_mut() = headers::onward(&parts.headers, route.door);
        *request.uri_mut() = base.uri(parts.uri)?;
        *request.method_mut() = parts.method;
        self.sign(base, principal, address, until, &mut request)?;

        let answer = tokio::time::timeout_at(until, self.client.request(request)).await;
        let answer = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(failure::of(error, safe)),
            Err(_elapsed) => return Err(failure::late(safe)),
        };
        let mut answer = answer.map(Body::new);
        headers::clean(answer.headers_mut());
        Ok(answer)
    }

    /// Says who asks, from where, until when, how much it matters, in which trace.
    fn sign(
        &self,
        base: &Base,
        principal: &Principal,
        address: IpAddr,
        until: Instant,
        request: &mut Request<Bounded>,
    ) -> Result<(), Problem> {
        let token = self.signer.token(base.audience, principal)?;
        let left = until.saturating_duration_since(Instant::now()).as_millis();
        let headers = request.headers_mut();
        headers.insert(TOKEN, token);
        headers.insert(RANK, context::rank().header());
        headers.insert(headers::DEADLINE, u64::try_from(left).unwrap_or(u64::MAX).into());
        if !address.is_unspecified() {
            headers.extend(written(address).map(|address| (FORWARDED_FOR, address)));
        }
        headers
            .extend(trace::current().and_then(written).map(|place| (headers::TRACEPARENT, place)));
        if let Some(id) = trace::request_id() {
            headers.extend(HeaderValue::from_str(&id).ok().map(|id| (headers::REQUEST_ID, id)));
        }
        Ok(())
    }
}

impl Base {
    fn uri(&self, asked: Uri) -> Result<Uri, Problem> {
        let asked = asked.into_parts();
        let mut parts = uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(asked.path_and_query.unwrap_or(PathAndQuery::from_static("/")));
        Uri::from_parts(parts)
            .map_err(|error| Problem::new(Class::Missing, "no-such-page").caused_by(error))
    }
}

fn base(audience: &'static str, url: &str) -> anyhow::Result<Base> {
    let parts = url.parse::<Uri>().with_context(|| format!("`{url}` is no URL"))?.into_parts();
    ensure!(parts.scheme == Some(Scheme::HTTP), "`{url}` does not begin with http://");
    ensure!(parts.path_and_query.is_none_or(|path| path == "/"), "`{url}` has a path");
    let authority = parts.authority.with_context(|| format!("`{url}` names no host"))?;
    Ok(Base { audience, scheme: Scheme::HTTP, authority })
}

/// Two seconds to look, five to do something, less where the caller has less.
fn patience(safe: bool) -> Result<Duration, Problem> {
    let own = Duration::from_millis(if safe { BROWSE_MS } else { ORDER_MS });
    let left = context::time_left().map_or(own, |left| left.min(own));
    let left = left.checked_sub(HOP).filter(|left| !left.is_zero());
    left.ok_or_else(|| Problem::new(Class::Unavailable, "not-started"))
}

/// What is announced as too long is not even begun.
fn refuse_announced(parts: &Parts, body_max: usize) -> Result<(), Problem> {
    let announced = parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let announced: Option<usize> = announced.and_then(|length| length.parse().ok());
    match announced {
        Some(length) if length > body_max => Err(BodyError::TooLarge(body_max).into()),
        _ => Ok(()),
    }
}

fn written(value: impl std::fmt::Display) -> Option<HeaderValue> {
    HeaderValue::try_from(value.to_string()).ok()
}
