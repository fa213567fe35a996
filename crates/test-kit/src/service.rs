//! A service's routes inside everything that surrounds them in production.

use axum::{
    Router,
    http::{HeaderValue, Method},
};
use common::types::{CourierId, CustomerId, Principal, Role, StoreId, SystemClock};
use serde::Serialize;
use service_kit::{
    Limits, Stop,
    stack::{Parts, Stack},
    token::{Verifier, principal_of, service_rules},
};
use uuid::Uuid;

use crate::{TestKeys, TestRequest, keys};

/// A service that can be asked without a socket.
#[derive(Debug)]
pub struct TestService {
    name: &'static str,
    stack: Stack,
    keys: TestKeys,
    stop: Stop,
}

/// Somebody who asks.
#[derive(Debug, Clone)]
pub struct TestCaller {
    stack: Stack,
    token: Option<HeaderValue>,
}

impl TestService {
    /// Wraps the routes of the service called `name`: an `OpenApiRouter` or a `Router`.
    #[must_use]
    pub fn new(name: &'static str, routes: impl Into<Router>) -> Self {
        Self::with_limits(name, routes, Limits::default())
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(name: &'static str, routes: impl Into<Router>, limits: Limits) -> Self {
        let keys = keys::TestKeys::new(name);
        let stop = Stop::new();
        let clock = std::sync::Arc::new(SystemClock);
        let parts = Parts {
            tokens: Verifier::new(service_rules(name), &keys.public, clock),
            cursor_key: None,
            limits,
            stop: stop.clone(),
            requests: tokio_util::task::TaskTracker::new(),
        };
        let stack = Stack::new(routes.into(), parts).expect("a stack");
        Self { name, stack, keys, stop }
    }

    /// Ends streams, as a drain does.
    pub fn drain(&self) {
        self.stop.cancel();
    }

    /// A customer, by way of the gateway.
    #[must_use]
    pub fn as_customer(&self, id: CustomerId) -> TestCaller {
        self.as_principal(&person(id.as_uuid(), Role::Customer, &[]))
    }

    /// A guest, by way of the gateway.
    #[must_use]
    pub fn as_guest(&self, id: CustomerId) -> TestCaller {
        self.as_principal(&person(id.as_uuid(), Role::Guest, &[]))
    }

    /// Somebody of a store's kitchen, by way of the gateway.
    #[must_use]
    pub fn as_staff(&self, store: StoreId) -> TestCaller {
        self.as_principal(&person(NOBODY, Role::Kitchen, &[store]))
    }

    /// The manager of a store, by way of the gateway.
    #[must_use]
    pub fn as_manager(&self, store: StoreId) -> TestCaller {
        self.as_principal(&person(NOBODY, Role::StoreManager, &[store]))
    }

    /// A courier, by way of the gateway.
    #[must_use]
    pub fn as_courier(&self, id: CourierId) -> TestCaller {
        self.as_principal(&person(id.as_uuid(), Role::Courier, &[]))
    }

    /// A dispatcher, by way of the gateway.
    #[must_use]
    pub fn as_dispatcher(&self) -> TestCaller {
        self.as_principal(&person(NOBODY, Role::Dispatcher, &[]))
    }

    /// Somebody of operations, by way of the gateway.
    #[must_use]
    pub fn as_operator(&self) -> TestCaller {
        self.as_principal(&person(NOBODY, Role::Ops, &[]))
    }

    /// An admin, by way of the gateway.
    #[must_use]
    pub fn as_admin(&self) -> TestCaller {
        self.as_principal(&person(NOBODY, Role::Admin, &[]))
    }

    /// Anybody, by way of the gateway.
    #[must_use]
    pub fn as_principal(&self, principal: &Principal) -> TestCaller {
        self.caller("gateway", principal)
    }

    /// Another service, for nobody else.
    #[must_use]
    pub fn as_service(&self, service: &'static str) -> TestCaller {
        self.caller(service, &principal_of(service))
    }

    /// Another service, on behalf of somebody.
    #[must_use]
    pub fn as_service_for(&self, service: &'static str, principal: &Principal) -> TestCaller {
        self.caller(service, principal)
    }

    /// Nobody: no token at all.
    #[must_use]
    pub fn as_nobody(&self) -> TestCaller {
        TestCaller { stack: self.stack.clone(), token: None }
    }

    fn caller(&self, service: &'static str, principal: &Principal) -> TestCaller {
        let token = self.keys.signer(service).token(self.name, principal).expect("a token");
        TestCaller { stack: self.stack.clone(), token: Some(token) }
    }
}

impl TestCaller {
    /// Asks for `path`.
    pub fn get(&self, path: &str) -> TestRequest {
        self.request(Method::GET, path)
    }

    /// Posts JSON to `path`.
    pub fn post(&self, path: &str, body: impl Serialize) -> TestRequest {
        self.request(Method::POST, path).json(body)
    }

    /// Puts JSON at `path`.
    pub fn put(&self, path: &str, body: impl Serialize) -> TestRequest {
        self.request(Method::PUT, path).json(body)
    }

    /// Patches `path` with JSON.
    pub fn patch(&self, path: &str, body: impl Serialize) -> TestRequest {
        self.request(Method::PATCH, path).json(body)
    }

    /// Deletes at `path`.
    pub fn delete(&self, path: &str) -> TestRequest {
        self.request(Method::DELETE, path)
    }

    /// Asks `method` of `path`, without a body so far.
    pub fn request(&self, method: Method, path: &str) -> TestRequest {
        TestRequest::new(self.stack.clone(), method, path, self.token.clone())
    }
}

/// For callers whose id does not matter.
const NOBODY: Uuid = Uuid::from_u128(1);

fn person(id: Uuid, role: Role, stores: &[StoreId]) -> Principal {
    Principal { id, roles: vec![role], stores: stores.to_vec() }
}
