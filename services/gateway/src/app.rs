//! What the gateway does with whoever comes.

use std::{net::IpAddr, sync::Arc};

use axum::{
    http::{HeaderValue, Method, StatusCode, header::WWW_AUTHENTICATE, request::Parts},
    response::{IntoResponse, Response},
};
use common::types::{Class, Principal, Role};
use service_kit::{Allowed, Problem, token::principal_of};
use uuid::Uuid;

use crate::{
    Access, Neighbours, Pace, Upstreams,
    access::Bearer,
    pace::Verdict,
    routes::table::{Door, Route},
};

/// The gateway behind its doors.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    upstreams: Upstreams,
    access: Access,
    pace: Pace,
    neighbours: Neighbours,
    guest: Arc<Bearer>,
    ourselves: Arc<Bearer>,
}

/// Somebody who may come in.
pub(crate) struct Visitor {
    bearer: Arc<Bearer>,
    pub(crate) address: IpAddr,
    pub(crate) pace: Verdict,
}

impl Visitor {
    pub(crate) fn principal(&self) -> &Principal {
        &self.bearer.principal
    }

    /// Whether one of the visitor's roles is among those of `R`.
    ///
    /// # Errors
    /// 403 `role-not-allowed`
    pub(crate) fn must_be<R: Allowed>(&self) -> Result<(), Problem> {
        let has = |role: &Role| self.principal().has(*role);
        if R::ROLES.iter().any(has) {
            return Ok(());
        }
        Err(Problem::new(Class::Forbidden, "role-not-allowed"))
    }
}

impl App {
    /// Puts the finished parts together.
    #[must_use]
    pub fn new(upstreams: Upstreams, access: Access, pace: Pace, neighbours: Neighbours) -> Self {
        let guest = Principal { id: Uuid::nil(), roles: vec![Role::Guest], stores: Vec::new() };
        let guest = Arc::new(Bearer { principal: guest });
        let ourselves = Arc::new(Bearer { principal: principal_of("gateway") });
        Self(Arc::new(Inner { upstreams, access, pace, neighbours, guest, ourselves }))
    }

    pub(crate) fn upstreams(&self) -> &Upstreams {
        &self.0.upstreams
    }

    pub(crate) fn neighbours(&self) -> &Neighbours {
        &self.0.neighbours
    }

    /// Proves who comes and counts the visit.
    ///
    /// # Errors
    /// The answer to somebody who may not come in: 401, 429, or 503 where nothing can be proved.
    pub(crate) async fn enter(&self, route: &Route, parts: &Parts) -> Result<Visitor, Response> {
        let address = self.0.pace.address(parts);
        let bearer = match route.door {
            Door::Open | Door::Provider => None,
            Door::Closed | Door::Looking => self.bearer(route, parts, address).await?,
        };
        let pace = match &bearer {
            Some(bearer) => {
                self.0.pace.principal(&bearer.principal, places_order(route, parts)).await
            }
            None if route.door == Door::Provider => self.0.pace.provider(address).await,
            None if signs_in(route) => self.0.pace.auth(address).await,
            None => self.0.pace.guest(address).await,
        };
        if let Some(refusal) = pace.refusal() {
            return Err(refusal);
        }
        // A provider proves by its signature who it is, to the service; here nobody vouches for it but us.
        let nobody = if route.door == Door::Provider { &self.0.ourselves } else { &self.0.guest };
        let bearer = bearer.unwrap_or_else(|| Arc::clone(nobody));
        Ok(Visitor { bearer, address, pace })
    }

    async fn bearer(
        &self,
        route: &Route,
        parts: &Parts,
        address: IpAddr,
    ) -> Result<Option<Arc<Bearer>>, Response> {
        match self.0.access.bearer(&parts.headers).await {
            Ok(Some(bearer)) => Ok(Some(bearer)),
            Ok(None) if route.lets_in(&parts.method) => Ok(None),
            Ok(None) => Err(challenge(Problem::new(Class::Unauthenticated, "no-token"))),
            Err(problem) => {
                // Bad tokens cost us more than they cost their sender.
                let pace = self.0.pace.guest(address).await;
                Err(pace.refusal().unwrap_or_else(|| challenge(problem)))
            }
        }
    }
}

fn places_order(route: &Route, parts: &Parts) -> bool {
    parts.method == Method::POST
        && matches!(route.prefix, "/v1/orders" | "/orders")
        && parts.uri.path() == route.prefix
}

fn signs_in(route: &Route) -> bool {
    route.prefix.starts_with("/v1/auth/")
}

/// RFC 6750, 3: who is not known is told how to become so.
fn challenge(problem: Problem) -> Response {
    let mut response = problem.into_response();
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
