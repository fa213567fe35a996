//! Which service answers which path.

use axum::http::Method;
use service_kit::{Plan, Rank, Seat};

/// Time to look something up.
pub(crate) const BROWSE_MS: u64 = 2_000;
/// Time to change something.
pub(crate) const ORDER_MS: u64 = 5_000;

const BODY_MAX: usize = 64 * 1024;
/// Of orders and carts, and the most that any route allows.
pub(crate) const BIG_BODY_MAX: usize = 256 * 1024;

/// A service that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upstream {
    Identity,
    Inventory,
    Orders,
    Payment,
    Fleet,
    Notification,
}

/// Who may come without a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Nobody.
    Closed,
    /// Whoever only looks.
    Looking,
    /// Everybody; a token is not even read.
    Open,
    /// A payment provider, whose signature only the service can check: it posts, and brings no token.
    Provider,
}

/// Where a path leads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    /// The path, or the beginning of it up to a slash; names the route in logs and metrics.
    pub(crate) prefix: &'static str,
    pub(crate) upstream: Upstream,
    pub(crate) door: Door,
    pub(crate) body_max: usize,
    /// How much it matters, where the method does not say.
    pub(crate) rank: Option<Rank>,
    /// A path of an origin; the same with `/v1` before it succeeds it.
    pub(crate) old: bool,
}

const fn route(prefix: &'static str, upstream: Upstream) -> Route {
    Route { prefix, upstream, door: Door::Closed, body_max: BODY_MAX, rank: None, old: false }
}

impl Route {
    const fn open(self) -> Self {
        Self { door: Door::Open, ..self }
    }

    const fn looking(self) -> Self {
        Self { door: Door::Looking, ..self }
    }

    const fn provider(self) -> Self {
        Self { door: Door::Provider, rank: Some(Rank::Begun), ..self }
    }

    const fn report(self) -> Self {
        Self { rank: Some(Rank::Report), ..self }
    }

    const fn big(self) -> Self {
        Self { body_max: BIG_BODY_MAX, ..self }
    }

    const fn old(self) -> Self {
        Self { old: true, ..self }
    }

    fn leads(&self, path: &str) -> bool {
        path.strip_prefix(self.prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether somebody without a token may do this here.
    pub(crate) fn lets_in(&self, method: &Method) -> bool {
        match self.door {
            Door::Closed => false,
            Door::Looking => method == Method::GET || method == Method::HEAD,
            Door::Open | Door::Provider => true,
        }
    }

    /// How much it matters that this is done: what couriers report brings orders to their end.
    pub(crate) fn rank(&self, method: &Method, path: &str) -> Rank {
        let reported = self.prefix == "/v1/deliveries" && path.ends_with("/events");
        match self.rank {
            _ if reported && *method == Method::POST => Rank::Begun,
            Some(rank) if rank != Rank::Report || method.is_safe() => rank,
            _ => Rank::of(method),
        }
    }
}

use Upstream::{Fleet, Identity, Inventory, Notification, Orders, Payment};

/// The first that leads on counts. What is not here does not exist outside, `/v1/internal` above all.
const TABLE: [Route; 32] = [
    route("/v1/orders", Orders).big(),
    route("/v1/carts", Orders).big(),
    route("/v1/menu", Inventory).looking(),
    route("/v1/stores", Inventory).looking(),
    route("/v1/auth/register", Identity).open(),
    route("/v1/auth/login", Identity).open(),
    route("/v1/auth/refresh", Identity).open(),
    route("/v1/auth", Identity),
    route("/v1/users", Identity),
    route("/.well-known/jwks.json", Identity).open(),
    route("/v1/kitchen", Orders),
    route("/v1/products", Inventory),
    route("/v1/inventory", Inventory),
    route("/v1/payments/webhooks", Payment).provider(),
    route("/v1/payments", Payment),
    route("/v1/refunds", Payment),
    route("/v1/ledger", Payment).report(),
    route("/v1/reconciliation", Payment).report(),
    route("/v1/ops/orders", Orders).report(),
    route("/v1/ops/incidents", Orders).report(),
    route("/v1/vehicles", Fleet),
    route("/v1/couriers", Fleet),
    route("/v1/shifts", Fleet),
    route("/v1/deliveries", Fleet),
    route("/v1/fleet", Fleet),
    route("/v1/telemetry", Fleet),
    route("/v1/notifications", Notification),
    route("/menu", Inventory).looking().old(),
    route("/inventory", Inventory).old(),
    route("/orders", Orders).big().old(),
    route("/users", Identity).old(),
    route("/products", Inventory).old(),
];

/// What the gateway answers itself for those who run the platform.
pub(crate) const OPS: Route = route("/v1/ops", Orders).report();
/// What it puts together for everybody.
pub(crate) const HOME: Route = route("/v1/home", Inventory).looking();

/// A lane for each service, so that one that is slow leaves room for requests to the others; and one for
/// what the gateway answers itself.
pub(crate) fn plan() -> Plan {
    Plan::new(7, |method, path| {
        let own = if OPS.leads(path) { Rank::Report } else { Rank::of(method) };
        let (rank, lane) = TABLE
            .iter()
            .find(|route| route.leads(path))
            .map_or((own, 0), |route| (route.rank(method, path), route.upstream as usize + 1));
        Seat { rank: Some(rank), lane }
    })
}

/// Where `path` leads, if it leads anywhere.
pub(crate) fn find(path: &str) -> Option<&'static Route> {
    TABLE.iter().find(|route| route.leads(path)).filter(|_| is_plain(path))
}

/// Whether `path` means the same to everybody who reads it: no empty, `.` or `..` segment, no escape of
/// what separates or ends paths, nothing that RFC 3986 does not know.
fn is_plain(path: &str) -> bool {
    let plain = |segment: &str| !matches!(segment, "" | "." | "..") && is_plain_segment(segment);
    let path = path.strip_prefix('/').unwrap_or_default();
    path.strip_suffix('/').unwrap_or(path).split('/').all(plain)
}

fn is_plain_segment(segment: &str) -> bool {
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let fine = match byte {
            b'%' => {
                escaped(&mut bytes).is_some_and(|byte| byte > b' ' && !b"/\\.%\x7f".contains(&byte))
            }
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte),
        };
        if !fine {
            return false;
        }
    }
    true
}

fn escaped(bytes: &mut std::str::Bytes<'_>) -> Option<u8> {
    let mut digit = || char::from(bytes.next()?).to_digit(16);
    let (high, low) = (digit()?, digit()?);
    u8::try_from(high * 16 + low).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(path: &str) -> Option<Upstream> {
        find(path).map(|route| route.upstream)
    }

    #[test]
    fn paths_lead_to_their_owners() {
        for (path, owner) in [
            ("/v1/auth/login", Identity),
            ("/v1/users/me", Identity),
            ("/.well-known/jwks.json", Identity),
            ("/v1/orders", Orders),
            ("/v1/orders/7/cancellation", Orders),
            ("/v1/kitchen/tickets", Orders),
            ("/v1/stores/main/menu", Inventory),
            ("/v1/payments/7", Payment),
            ("/v1/payments/webhooks/sandbox", Payment),
            ("/v1/ops/orders/7/saga/retry", Orders),
            ("/v1/deliveries/7/events", Fleet),
            ("/v1/notifications", Notification),
            ("/menu/7", Inventory),
            ("/orders/active", Orders),
        ] {
            assert_eq!(upstream(path), Some(owner), "{path}");
        }
    }

    #[test]
    fn what_is_inside_or_unknown_leads_nowhere() {
        for path in [
            "/",
            "/v1",
            "/v1/internal/streams/orders/7",
            "/v1/ordersx",
            "/v2/orders",
            "/metrics",
            "/livez",
        ] {
            assert_eq!(upstream(path), None, "{path}");
        }
    }

    #[test]
    fn paths_that_two_readers_could_read_differently_lead_nowhere() {
        for path in [
            "/v1/orders/../internal/x",
            "/v1/orders/./7",
            "/v1/orders//7",
            "/v1/orders/%2e%2e/internal",
            "/v1/orders/..%2finternal",
            "/v1/orders/a%2Fb",
            "/v1/orders/..%5cx",
            "/v1/orders/a\\b",
            "/v1/orders/%00",
            "/v1/orders/%0d%0aX",
            "/v1/orders/%252e",
            "/v1/orders/%",
            "/v1/orders/%2",
            "/v1/orders/%zz",
            "/v1/orders/a b",
            "/v1/orders/<x>",
            "/v1/orders/é",
        ] {
            assert_eq!(upstream(path), None, "{path}");
        }
        assert_eq!(upstream("/v1/stores/caf%C3%A9"), Some(Inventory));
        assert_eq!(upstream("/v1/stores/"), Some(Inventory));
    }

    #[test]
    fn what_was_begun_matters_most_and_reports_least() {
        let plan = plan();
        for (method, path, rank) in [
            (Method::POST, "/v1/payments/webhooks/sandbox", Rank::Begun),
            (Method::POST, "/v1/deliveries/7/events", Rank::Begun),
            (Method::POST, "/v1/orders", Rank::Deed),
            (Method::POST, "/v1/orders/7/cancellation", Rank::Deed),
            (Method::POST, "/v1/ops/orders/7/saga/retry", Rank::Deed),
            (Method::GET, "/v1/deliveries/7/events", Rank::Look),
            (Method::GET, "/v1/menu", Rank::Look),
            (Method::GET, "/v1/home", Rank::Look),
            (Method::GET, "/v1/ledger/accounts", Rank::Report),
            (Method::GET, "/v1/ops/dead-letters", Rank::Report),
            (Method::GET, "/nowhere", Rank::Look),
        ] {
            assert_eq!(plan.seat(&method, path).rank, Some(rank), "{method} {path}");
        }
    }

    #[test]
    fn only_looking_and_signing_in_need_no_token() {
        let lets_in = |method: Method, path| find(path).unwrap().lets_in(&method);
        for path in ["/v1/menu", "/v1/stores/main", "/menu/7"] {
            assert!(lets_in(Method::GET, path) && !lets_in(Method::POST, path), "{path}");
        }
        assert!(lets_in(Method::POST, "/v1/auth/login"));
        for path in
            ["/v1/auth/logout", "/v1/users/me", "/v1/orders", "/v1/inventory/7", "/orders/active"]
        {
            assert!(!lets_in(Method::GET, path), "{path}");
        }
    }
}
