//! Who asks.

use std::{marker::PhantomData, sync::Arc};

use axum::{extract::FromRequestParts, http::request::Parts};
use common::types::{Class, Principal, Role};

use crate::{
    Problem, context,
    token::{ServiceClaims, TOKEN},
};

/// Who may ask.
pub trait Allowed: Send + Sync + 'static {
    /// One of these is needed; none means that anybody may.
    const ROLES: &'static [Role];
}

macro_rules! allowed {
    ($($(#[$doc:meta])* $name:ident($($role:ident),*)),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Allowed for $name {
            const ROLES: &'static [Role] = &[$(Role::$role),*];
        }
    )+};
}

allowed! {
    /// Any principal.
    Anyone(),
    /// People who order.
    Customers(Customer, Guest),
    /// People who work in a store.
    Staff(Kitchen, Picker, StoreManager, Admin),
    /// People who run a store.
    Managers(StoreManager, Admin),
    /// People who deliver.
    Couriers(Courier),
    /// People who plan deliveries.
    Dispatchers(Dispatcher, Admin),
    /// Our own services, on nobody's behalf.
    Services(Service),
    /// People who run the platform or help customers.
    Operators(Ops, Support, Admin),
    /// People who may do everything.
    Admins(Admin),
}

/// Who asks, as the calling service's token says.
///
/// 401 `no-token` or `bad-token`; 403 `role-not-allowed` where none of the principal's roles is in `R`.
pub struct Caller<R: Allowed = Anyone> {
    claims: Arc<ServiceClaims>,
    allowed: PhantomData<R>,
}

impl<R: Allowed> Caller<R> {
    /// For whom the request is made.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.claims.principal
    }

    /// The service that made the request.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.claims.iss
    }
}

impl<R: Allowed> Clone for Caller<R> {
    fn clone(&self) -> Self {
        Self { claims: Arc::clone(&self.claims), allowed: PhantomData }
    }
}

impl<R: Allowed> std::fmt::Debug for Caller<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller")
            .field("principal", &self.claims.principal)
            .field("service", &self.claims.iss)
            .finish()
    }
}

impl<S: Sync, R: Allowed> FromRequestParts<S> for Caller<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let no_token = || Problem::new(Class::Unauthenticated, "no-token");
        let token = parts.headers.get(TOKEN).ok_or_else(no_token)?;
        let context = context::current().ok_or_else(outside_of_the_stack)?;
        // A header that is no text is no token either; the words are the same for all.
        let claims = context.shared.tokens.verify(token.to_str().unwrap_or_default())?;
        let roles = R::ROLES;
        if roles.is_empty() || roles.iter().any(|role| claims.principal.has(*role)) {
            Ok(Self { claims, allowed: PhantomData })
        } else {
            Err(Problem::new(Class::Forbidden, "role-not-allowed"))
        }
    }
}

/// An extractor that needs the service's keys was used on a router that nobody serves.
pub(super) fn outside_of_the_stack() -> Problem {
    Problem::new(Class::Broken, "outside-of-the-stack")
}
