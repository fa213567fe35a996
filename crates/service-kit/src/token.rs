//! Who speaks: tokens of services among themselves, and the check of tokens in general.
//!
//! Between services a token is an ES256 JWT in `x-ce-token`, `typ=ce+jwt`: `iss` is the caller, `aud` the
//! callee, it lives 60 s and carries the principal for whom the caller acts. The callee trusts nothing else.

mod signer;
mod verifier;

pub use signer::{SignError, Signer};
pub(crate) use verifier::sha256;
pub use verifier::{BadToken, Rules, Verifier};

use axum::http::HeaderName;
use common::types::{Principal, Role};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The header that carries a service's token.
pub const TOKEN: HeaderName = HeaderName::from_static("x-ce-token");

const TYPE: &str = "ce+jwt";
const LIFE_S: i64 = 60;

/// What a service's token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServiceClaims {
    /// The service that calls.
    pub iss: String,
    /// The service that is called.
    pub aud: String,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970.
    pub exp: i64,
    /// For whom it calls.
    pub principal: Principal,
}

/// The rules for tokens that other services bring to `callee`. The issuer is the key's owner.
#[must_use]
pub fn service_rules(callee: &str) -> Rules {
    Rules {
        typ: TYPE,
        issuer: None,
        audience: callee.to_owned(),
        algorithms: vec![Algorithm::ES256],
        leeway_s: 5,
    }
}

/// The principal of a service that acts for nobody else: `UUIDv5` of its name.
#[must_use]
pub fn principal_of(service: &str) -> Principal {
    const SERVICES: Uuid = Uuid::from_u128(0x7365_7276_6963_4000_8000_636c_6f75_6465);
    Principal {
        id: Uuid::new_v5(&SERVICES, service.as_bytes()),
        roles: vec![Role::Service],
        stores: Vec::new(),
    }
}
