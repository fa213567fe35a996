//! What is known of a request before anybody has routed it.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue, Method};
use utoipa::openapi::OpenApi;

use super::Intake;

/// Tells a service how much a request matters that another service makes: 1 to 4.
pub const RANK: HeaderName = HeaderName::from_static("x-ce-rank");

/// How much it matters that a request is served while there is more to do than can be done: those that
/// come last here are turned away first. Probes, which come before all, have a port of their own.
///
/// A rank holds for all that is done for a request: our clients hand it on. What a service does of itself
/// is [`Begun`](Self::Begun).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Brings to its end what was begun: the saga, webhooks of providers, what couriers report.
    Begun = 1,
    /// Begins or cancels something.
    Deed = 2,
    /// Looks at something.
    Look = 3,
    /// Looks at very much.
    Report = 4,
}

impl Rank {
    /// All of them, the most important first.
    pub const ALL: [Self; 4] = [Self::Begun, Self::Deed, Self::Look, Self::Report];

    /// What a method says of itself.
    #[must_use]
    pub fn of(method: &Method) -> Self {
        if method.is_safe() { Self::Look } else { Self::Deed }
    }

    /// As [`RANK`] says it.
    #[must_use]
    pub fn header(self) -> HeaderValue {
        HeaderValue::from(self as u16)
    }

    pub(super) fn read(value: &HeaderValue) -> Option<Self> {
        Self::ALL.into_iter().find(|rank| rank.header() == value)
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Deed => "deed",
            Self::Look => "look",
            Self::Report => "report",
        }
    }

    /// Of a hundred places, how many may be taken when one of this rank comes in. The fifth that nobody
    /// else gets is kept for what has begun.
    pub(super) const fn share(self) -> usize {
        match self {
            Self::Begun => 100,
            Self::Deed => 80,
            Self::Look => 60,
            Self::Report => 40,
        }
    }

    /// The same of a hundred places of one lane: a flood of those who look hinders nobody who orders.
    pub(super) const fn share_of_lane(self) -> usize {
        match self {
            Self::Begun | Self::Deed => 100,
            Self::Look => 80,
            Self::Report => 60,
        }
    }
}

/// Where a request would sit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// How much it matters; `None` where its caller says so.
    pub rank: Option<Rank>,
    /// What it shares its places with: no lane gets more than half of all, so that one that is slow leaves
    /// room for the others.
    pub lane: usize,
}

type Find = dyn Fn(&Method, &str) -> Seat + Send + Sync;
type Begins = dyn Fn(&Method, &str) -> bool + Send + Sync;

/// Seats requests before they are routed.
#[derive(Clone)]
pub struct Plan {
    lanes: usize,
    find: Arc<Find>,
    intake: Option<(Intake, Arc<Begins>)>,
}

impl Plan {
    /// A plan with so many lanes, of which `find` names one for each method and path.
    pub fn new(lanes: usize, find: impl Fn(&Method, &str) -> Seat + Send + Sync + 'static) -> Self {
        Self { lanes: lanes.max(1), find: Arc::new(find), intake: None }
    }

    /// Lets those requests of which `begins` says that they begin something in by `intake` only.
    #[must_use]
    pub fn taking_in(
        self,
        intake: Intake,
        begins: impl Fn(&Method, &str) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { intake: Some((intake, Arc::new(begins))), ..self }
    }

    /// The door that a request must pass because it begins something.
    pub(super) fn intake(&self, method: &Method, path: &str) -> Option<Intake> {
        let (intake, begins) = self.intake.as_ref()?;
        begins(method, path).then(|| intake.clone())
    }

    /// Two lanes for each path of a document: one to look, one to change; and one for what is not there.
    #[must_use]
    pub fn of(document: &OpenApi) -> Self {
        let mut paths = matchit::Router::new();
        let mut lanes = 1;
        for path in document.paths.paths.keys() {
            if paths.insert(path.as_str(), lanes).is_ok() {
                lanes += 2;
            }
        }
        Self::new(lanes, move |method, path| {
            let first = paths.at(path).ok().map(|found| *found.value);
            let lane = first.map_or(0, |first| first + usize::from(method.is_safe()));
            Seat { rank: None, lane }
        })
    }

    pub(super) const fn lanes(&self) -> usize {
        self.lanes
    }

    /// Where a request would sit.
    #[must_use]
    pub fn seat(&self, method: &Method, path: &str) -> Seat {
        (self.find)(method, path)
    }
}

/// One lane for all, and callers say how much it matters.
impl Default for Plan {
    fn default() -> Self {
        Self::new(1, |_, _| Seat { rank: None, lane: 0 })
    }
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").field("lanes", &self.lanes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use utoipa::openapi::{HttpMethod, PathItem, PathsBuilder, path::Operation};

    use super::*;

    #[test]
    fn a_rank_survives_its_header_and_nothing_else_is_one() {
        for rank in Rank::ALL {
            assert_eq!(Rank::read(&rank.header()), Some(rank));
        }
        for other in ["0", "5", "", "01", "1, 1", "one"] {
            assert_eq!(Rank::read(&HeaderValue::from_static(other)), None);
        }
    }

    #[test]
    fn looking_and_changing_are_two_lanes_of_a_path() {
        let path = |template| (template, PathItem::new(HttpMethod::Get, Operation::new()));
        let paths = [path("/v1/orders"), path("/v1/orders/{order_id}")];
        let paths =
            paths.into_iter().fold(PathsBuilder::new(), |all, (path, item)| all.path(path, item));
        let plan = Plan::of(&utoipa::openapi::OpenApiBuilder::new().paths(paths).build());
        let lane = |method, path| plan.seat(&method, path).lane;

        assert_eq!(plan.lanes(), 5);
        assert_eq!(lane(Method::GET, "/v1/orders/7"), lane(Method::HEAD, "/v1/orders/8"));
        assert_ne!(lane(Method::GET, "/v1/orders"), lane(Method::POST, "/v1/orders"));
        assert_ne!(lane(Method::GET, "/v1/orders"), lane(Method::GET, "/v1/orders/7"));
        assert_eq!((lane(Method::GET, "/nowhere"), lane(Method::POST, "/v1/orders/7/x")), (0, 0));
    }
}
