//! Checks tokens (RFC 8725): algorithms are fixed, and a `kid` is only looked up, never followed.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::digest;
use common::types::{Class, Clock, Fault};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use moka::sync::Cache;
use serde::{Deserialize, de::DeserializeOwned};

use crate::keys::Jwks;

const TOKEN_MAX: usize = 4 * 1024;
const KEPT_MAX: u64 = 10_000;

/// What a token must be.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The header's `typ`: `ce+jwt` between services, `at+jwt` for access tokens (RFC 9068).
    pub typ: &'static str,
    /// `iss`; where there is none, the issuer must be the `kid` whose key has signed.
    pub issuer: Option<String>,
    /// Must be among `aud`.
    pub audience: String,
    /// The only algorithms.
    pub algorithms: Vec<Algorithm>,
    /// By how much clocks may differ.
    pub leeway_s: i64,
}

/// Not a token for us, whatever the reason: the caller is told no more than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid here")]
pub struct BadToken(&'static str);

/// Checks tokens that carry claims `C` against a set of keys.
pub struct Verifier<C> {
    rules: Rules,
    validation: Validation,
    clock: Arc<dyn Clock>,
    keys: RwLock<Arc<HashMap<String, DecodingKey>>>,
    seen: Cache<[u8; 32], Seen<C>>,
}

struct Seen<C> {
    expires_s: i64,
    claims: Arc<C>,
}

#[derive(Deserialize)]
struct Registered {
    iss: String,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
}

#[derive(Deserialize)]
struct Head {
    typ: Option<String>,
    kid: Option<String>,
    alg: Algorithm,
    crit: Option<serde::de::IgnoredAny>,
}

impl BadToken {
    /// What was wrong, for the log.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        self.0
    }
}

impl Fault for BadToken {
    fn class(&self) -> Class {
        Class::Unauthenticated
    }

    fn code(&self) -> &'static str {
        "bad-token"
    }
}

impl<C> Clone for Seen<C> {
    fn clone(&self) -> Self {
        Self { expires_s: self.expires_s, claims: Arc::clone(&self.claims) }
    }
}

impl<C: DeserializeOwned + Send + Sync + 'static> Verifier<C> {
    /// Checks by `rules` with `keys`; those it does not know are left out.
    #[must_use]
    pub fn new(rules: Rules, keys: &Jwks, clock: Arc<dyn Clock>) -> Self {
        let mut validation = Validation::default();
        validation.algorithms.clone_from(&rules.algorithms);
        validation.set_audience(&[&rules.audience]);
        validation.set_required_spec_claims(&["exp", "aud", "iss"]);
        // Time and issuer are checked below: by our clock, and against the key's owner.
        validation.validate_exp = false;
        let seen = Cache::builder().max_capacity(KEPT_MAX).build();
        let keys = RwLock::new(Arc::new(by_kid(keys)));
        Self { rules, validation, clock, keys, seen }
    }

    /// Puts other keys in place: what was signed with a key that is gone is no longer good.
    pub fn replace_keys(&self, keys: &Jwks) {
        let keys = Arc::new(by_kid(keys));
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        self.seen.invalidate_all();
    }

    /// What the token says.
    ///
    /// # Errors
    /// [`BadToken`]
    pub fn verify(&self, token: &str) -> Result<Arc<C>, BadToken> {
        if token.len() > TOKEN_MAX {
            return Err(BadToken("too long"));
        }
        let now_s = self.clock.now().as_second();
        let hash = sha256(token.as_bytes());
        if let Some(seen) = self.seen.get(&hash) {
            if now_s < seen.expires_s {
                return Ok(seen.claims);
            }
            self.seen.invalidate(&hash);
            return Err(BadToken("expired"));
        }
        let (registered, claims) = self.check(token, now_s)?;
        let expires_s = registered.exp.saturating_add(self.rules.leeway_s);
        self.seen.insert(hash, Seen { expires_s, claims: Arc::clone(&claims) });
        Ok(claims)
    }

    fn check(&self, token: &str, now_s: i64) -> Result<(Registered, Arc<C>), BadToken> {
        let head = head(token).ok_or(BadToken("no header"))?;
        if head.typ.as_deref() != Some(self.rules.typ) {
            return Err(BadToken("another type"));
        }
        if head.crit.is_some() {
            return Err(BadToken("critical extensions"));
        }
        if !self.rules.algorithms.contains(&head.alg) {
            return Err(BadToken("another algorithm"));
        }
        let kid = head.kid.ok_or(BadToken("no key named"))?;
        let keys = Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner));
        let key = keys.get(&kid).ok_or(BadToken("an unknown key"))?;
        let mut validation = self.validation.clone();
        // One key is one algorithm; the library wants all that it is given to fit the key.
        validation.algorithms = vec![head.alg];
        let registered = jsonwebtoken::decode::<Registered>(token, key, &validation)
            .map_err(|_| BadToken("signature or claims"))?
            .claims;
        let issuer = self.rules.issuer.as_deref().unwrap_or(&kid);
        if registered.iss != issuer {
            return Err(BadToken("another issuer"));
        }
        self.check_time(&registered, now_s)?;
        // The signature is good: the claims may be read.
        let claims = jsonwebtoken::dangerous::insecure_decode_claims::<C>(token)
            .map_err(|_| BadToken("other claims"))?;
        Ok((registered, Arc::new(claims)))
    }

    fn check_time(&self, registered: &Registered, now_s: i64) -> Result<(), BadToken> {
        if now_s >= registered.exp.saturating_add(self.rules.leeway_s) {
            return Err(BadToken("expired"));
        }
        if registered.nbf.is_some_and(|nbf| now_s < nbf.saturating_sub(self.rules.leeway_s)) {
            return Err(BadToken("not yet valid"));
        }
        Ok(())
    }
}

impl<C> std::fmt::Debug for Verifier<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("rules", &self.rules).finish_non_exhaustive()
    }
}

fn by_kid(keys: &Jwks) -> HashMap<String, DecodingKey> {
    let known = keys.keys().iter().filter_map(|key| {
        let kid = key.common.key_id.clone()?;
        DecodingKey::from_jwk(key).ok().map(|key| (kid, key))
    });
    known.collect()
}

fn head(token: &str) -> Option<Head> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let (head, _) = token.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).ok()?).ok()
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}
