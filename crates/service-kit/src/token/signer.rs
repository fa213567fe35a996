//! Makes tokens, and keeps them while they are fresh.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use axum::http::HeaderValue;
use common::types::{Class, Clock, Fault, Principal};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use moka::sync::Cache;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::{LIFE_S, ServiceClaims, TYPE, principal_of};

/// A token is used for two thirds of its life, so that none expires on its way.
const USED_FOR: Duration = Duration::from_secs(40);
const KEPT_MAX: u64 = 10_000;

/// Signs this service's tokens.
#[derive(Clone)]
pub struct Signer(Arc<Inner>);

struct Inner {
    service: &'static str,
    own: Principal,
    header: Header,
    key: EncodingKey,
    clock: Arc<dyn Clock>,
    kept: Cache<(&'static str, Uuid), Minted>,
}

#[derive(Clone)]
struct Minted {
    principal: Arc<Principal>,
    token: HeaderValue,
}

/// No token could be made.
#[derive(Debug, thiserror::Error)]
#[error("a service token could not be signed")]
pub struct SignError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Fault for SignError {
    fn class(&self) -> Class {
        Class::Broken
    }

    fn code(&self) -> &'static str {
        "unsigned-token"
    }
}

impl Signer {
    /// Signs as `service` with its private key (ES256, PKCS#8 in PEM).
    ///
    /// # Errors
    /// Where the key is none.
    pub fn new(
        service: &'static str,
        private_pem: &SecretString,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let key = EncodingKey::from_ec_pem(private_pem.expose_secret().as_bytes())
            .context("not an ES256 key in PKCS#8 PEM")?;
        let mut header = Header::new(Algorithm::ES256);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(service.to_owned());
        let kept = Cache::builder().max_capacity(KEPT_MAX).time_to_live(USED_FOR).build();
        let own = principal_of(service);
        Ok(Self(Arc::new(Inner { service, own, header, key, clock, kept })))
    }

    /// This service, where it acts for nobody else.
    #[must_use]
    pub fn own_principal(&self) -> &Principal {
        &self.0.own
    }

    /// The value of `x-ce-token` for a call to `audience` on behalf of `principal`.
    ///
    /// # Errors
    /// [`SignError`]
    pub fn token(
        &self,
        audience: &'static str,
        principal: &Principal,
    ) -> Result<HeaderValue, SignError> {
        let kept = self.0.kept.get(&(audience, principal.id));
        if let Some(kept) = kept
            && *kept.principal == *principal
        {
            return Ok(kept.token);
        }
        let token = self.mint(audience, principal)?;
        let minted = Minted { principal: Arc::new(principal.clone()), token: token.clone() };
        self.0.kept.insert((audience, principal.id), minted);
        Ok(token)
    }

    fn mint(&self, audience: &str, principal: &Principal) -> Result<HeaderValue, SignError> {
        let now = self.0.clock.now().as_second();
        let claims = ServiceClaims {
            iss: self.0.service.to_owned(),
            aud: audience.to_owned(),
            iat: now,
            exp: now + LIFE_S,
            principal: principal.clone(),
        };
        let token = jsonwebtoken::encode(&self.0.header, &claims, &self.0.key)
            .map_err(|error| SignError(error.into()))?;
        let mut value = HeaderValue::try_from(token).map_err(|error| SignError(error.into()))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("service", &self.0.service).finish_non_exhaustive()
    }
}
