//! How often somebody may ask.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::{
    extract::ConnectInfo,
    http::{HeaderMap, HeaderName, HeaderValue, request::Parts},
    response::{IntoResponse, Response},
};
use common::types::{Class, Principal};
use redis_kit::{Decision, Limit, Limiter, Redis};
use service_kit::Problem;

use crate::RateConfig;

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub(crate) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

const MINUTE_S: u32 = 60;

/// Bounds how often somebody may ask, by principal or, where there is none, by address.
#[derive(Clone)]
pub struct Pace {
    limiter: Limiter,
    rates: RateConfig,
    trusted_proxies: usize,
}

/// Whether somebody may ask now, by one rule or two.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verdict([Option<(&'static str, Decision)>; 2]);

impl Pace {
    /// Counts in Redis, or in this process while Redis is away.
    #[must_use]
    pub fn new(redis: &Redis, rates: RateConfig, trusted_proxies: usize) -> Self {
        Self { limiter: Limiter::new(redis, "gateway"), rates, trusted_proxies }
    }

    /// Counts a request of `principal`; one that places an order counts twice.
    pub(crate) async fn principal(&self, principal: &Principal, places_order: bool) -> Verdict {
        let all = self.check("principal", principal.id, self.rates.rate_principal_per_min);
        if !places_order {
            return Verdict([Some(all.await), None]);
        }
        let orders = self.check("orders", principal.id, self.rates.rate_orders_per_min);
        let (all, orders) = tokio::join!(all, orders);
        Verdict([Some(all), Some(orders)])
    }

    /// Counts a request from an address that brought no token.
    pub(crate) async fn guest(&self, address: IpAddr) -> Verdict {
        let guest = self.check("guest", network(address), self.rates.rate_guest_per_min).await;
        Verdict([Some(guest), None])
    }

    /// Counts an attempt to sign in or to register.
    pub(crate) async fn auth(&self, address: IpAddr) -> Verdict {
        let auth = self.check("auth", network(address), self.rates.rate_auth_per_min).await;
        Verdict([Some(auth), None])
    }

    /// Counts a message that claims to come from a provider. It has a count of its own, so that whoever
    /// forges such messages uses up nothing of what others have.
    pub(crate) async fn provider(&self, address: IpAddr) -> Verdict {
        let count = self.rates.rate_webhook_per_min;
        Verdict([Some(self.check("webhook", network(address), count).await), None])
    }

    async fn check(
        &self,
        rule: &'static str,
        who: impl std::fmt::Display,
        count: u32,
    ) -> (&'static str, Decision) {
        let limit = Limit { count, per_s: MINUTE_S };
        (rule, self.limiter.check(&format!("{rule}:{who}"), limit).await)
    }

    /// Where a request comes from: the other end of the connection or, behind proxies of ours, what the
    /// outermost of them saw.
    pub(crate) fn address(&self, parts: &Parts) -> IpAddr {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.0.ip());
        seen_by_proxies(&parts.headers, self.trusted_proxies).unwrap_or(peer)
    }
}

fn seen_by_proxies(headers: &HeaderMap, trusted: usize) -> Option<IpAddr> {
    let nth = trusted.checked_sub(1)?;
    let lines = headers.get_all(FORWARDED_FOR).iter().rev().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.rsplit(',')).nth(nth)?.trim().parse().ok()
}

/// A household has a whole /64 to choose addresses from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(bits))
        }
        address @ IpAddr::V4(_) => address,
    }
}

impl Verdict {
    /// The answer to somebody who asks too often.
    pub(crate) fn refusal(&self) -> Option<Response> {
        let decisions = self.0.iter().flatten().filter(|(_, decision)| !decision.allowed);
        let wait_s = decisions.map(|(_, decision)| decision.retry_after_s.max(1)).max()?;
        let problem = Problem::new(Class::Throttled, "rate-limited")
            .saying("too many requests; wait before the next")
            .retry_after_s(u32::try_from(wait_s).unwrap_or(u32::MAX));
        let mut response = problem.into_response();
        self.tell(response.headers_mut());
        Some(response)
    }

    /// Tells what is left (draft-ietf-httpapi-ratelimit-headers-11).
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let list = |word: fn(&str, &Decision) -> String| {
            let words: Vec<String> =
                self.0.iter().flatten().map(|(rule, decision)| word(rule, decision)).collect();
            HeaderValue::try_from(words.join(", ")).ok()
        };
        let left = list(|rule, it| format!("\"{rule}\";r={};t={}", it.remaining, it.reset_s));
        let policy = list(|rule, it| format!("\"{rule}\";q={};w={MINUTE_S}", it.limit));
        headers.extend(left.map(|left| (RATELIMIT, left)));
        headers.extend(policy.map(|policy| (RATELIMIT_POLICY, policy)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_our_own_proxies_wrote_is_believed() {
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED_FOR, HeaderValue::from_static("6.6.6.6, 10.0.0.1"));
        headers.append(FORWARDED_FOR, HeaderValue::from_static("10.0.0.2"));

        assert_eq!(seen_by_proxies(&headers, 0), None);
        assert_eq!(seen_by_proxies(&headers, 1), "10.0.0.2".parse().ok());
        assert_eq!(seen_by_proxies(&headers, 2), "10.0.0.1".parse().ok());
        assert_eq!(seen_by_proxies(&headers, 9), None);
    }

    #[test]
    fn addresses_of_one_household_are_one() {
        let network = |text: &str| network(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:2"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:10.0.0.1"), network("10.0.0.1"));
    }
}
