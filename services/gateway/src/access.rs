//! Access tokens, proved with identity's public keys.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::http::{HeaderMap, header::AUTHORIZATION};
use common::types::{Class, Clock, Principal};
use futures::future::BoxFuture;
use identity_contract::http::{AUDIENCE, AccessClaims, ISSUER};
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use service_kit::{
    Client, Problem, Stop,
    keys::Jwks,
    token::{BadToken, Rules, Verifier},
};
use tokio::{sync::Mutex, time::Instant};

const FRESH: Duration = Duration::from_mins(5);
/// Strangers who name keys that do not exist make us ask no more often.
const ASKED_AGAIN: Duration = Duration::from_secs(10);
const ASKED_AGAIN_WITHOUT_KEYS: Duration = Duration::from_millis(500);
/// While identity is away, its last keys serve for so long.
const STALE_MAX: Duration = Duration::from_hours(24);

/// Proves access tokens. What was proved once is remembered until it expires.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    identity: Client,
    verifier: Verifier<Bearer>,
    known: RwLock<HashSet<String>>,
    fetched: Mutex<Fetched>,
}

#[derive(Default)]
struct Fetched {
    asked: Option<Instant>,
    got: Option<Instant>,
    text: String,
}

/// Who brings a token.
#[derive(Debug, Deserialize)]
#[serde(from = "AccessClaims")]
pub(crate) struct Bearer {
    pub(crate) principal: Principal,
}

impl From<AccessClaims> for Bearer {
    fn from(claims: AccessClaims) -> Self {
        let AccessClaims { sub, roles, stores, .. } = claims;
        Self { principal: Principal { id: sub, roles, stores } }
    }
}

impl Access {
    /// Asks `identity` for its keys when they are needed.
    #[must_use]
    pub fn new(identity: Client, clock: Arc<dyn Clock>) -> Self {
        let rules = Rules {
            typ: "at+jwt",
            issuer: Some(ISSUER.to_owned()),
            audience: AUDIENCE.to_owned(),
            algorithms: vec![Algorithm::ES256],
            leeway_s: 5,
        };
        let verifier = Verifier::new(rules, &Jwks::of(Vec::new()), clock);
        let (known, fetched) = (RwLock::default(), Mutex::default());
        Self(Arc::new(Inner { identity, verifier, known, fetched }))
    }

    /// Who brings the token in `Authorization`; `None` where there is no such header.
    ///
    /// # Errors
    /// 401 `bad-token` whatever is wrong with it; 503 `keys-unavailable`.
    pub(crate) async fn bearer(&self, headers: &HeaderMap) -> Result<Option<Arc<Bearer>>, Problem> {
        let mut lines = headers.get_all(AUTHORIZATION).iter();
        let Some(line) = lines.next() else { return Ok(None) };
        let token = line.to_str().ok().and_then(token_of).filter(|_| lines.next().is_none());
        let token = token.ok_or_else(|| Problem::new(Class::Unauthenticated, "bad-token"))?;
        match self.0.verifier.verify(token) {
            Ok(bearer) => Ok(Some(bearer)),
            Err(bad) => self.with_new_keys(token, bad).await.map(Some),
        }
    }

    /// Perhaps the token was signed with a key that came after we last asked.
    async fn with_new_keys(&self, token: &str, bad: BadToken) -> Result<Arc<Bearer>, Problem> {
        let kid = jsonwebtoken::decode_header(token).ok().and_then(|header| header.kid);
        let known = |kid: &String| self.0.known().contains(kid);
        if kid.as_ref().is_none_or(known) {
            return Err(refused(bad));
        }
        if !self.0.refetch(false).await {
            return Err(Problem::new(Class::Unavailable, "keys-unavailable"));
        }
        self.0.verifier.verify(token).map_err(refused)
    }

    /// Keeps the keys fresh until it is told to stop.
    pub fn keep_fresh(
        &self,
    ) -> impl FnOnce(Stop) -> BoxFuture<'static, anyhow::Result<()>> + use<> {
        let inner = Arc::clone(&self.0);
        move |stop| {
            Box::pin(async move {
                loop {
                    inner.refetch(true).await;
                    let pause =
                        if inner.known().is_empty() { ASKED_AGAIN_WITHOUT_KEYS } else { FRESH };
                    if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                        return Ok(());
                    }
                }
            })
        }
    }
}

impl Inner {
    fn known(&self) -> std::sync::RwLockReadGuard<'_, HashSet<String>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the keys unless somebody just did; whether there are any that may serve.
    async fn refetch(&self, now: bool) -> bool {
        let mut fetched = self.fetched.lock().await;
        let pause = if fetched.got.is_some() { ASKED_AGAIN } else { ASKED_AGAIN_WITHOUT_KEYS };
        if !now && fetched.asked.is_some_and(|asked| asked.elapsed() < pause) {
            return fetched.got.is_some();
        }
        fetched.asked = Some(Instant::now());
        match self.identity.get("/.well-known/jwks.json").send::<Jwks>().await {
            Ok(keys) => {
                fetched.got = Some(Instant::now());
                self.replace(&keys, &mut fetched.text);
            }
            Err(error) => {
                tracing::warn!(error = %error, "the keys of access tokens could not be fetched");
                if fetched.got.is_some_and(|got| got.elapsed() > STALE_MAX) {
                    fetched.got = None;
                    self.replace(&Jwks::of(Vec::new()), &mut fetched.text);
                }
            }
        }
        fetched.got.is_some()
    }

    /// Other keys make us forget all that was proved with the old ones; the same keys do not.
    fn replace(&self, keys: &Jwks, text: &mut String) {
        let new = serde_json::to_string(keys).unwrap_or_default();
        if *text == new {
            return;
        }
        *text = new;
        let ids = keys.keys().iter().filter_map(|key| key.common.key_id.clone()).collect();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = ids;
        self.verifier.replace_keys(keys);
        tracing::info!(keys = keys.keys().len(), "keys of access tokens replaced");
    }
}

fn token_of(line: &str) -> Option<&str> {
    let (scheme, token) = line.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn refused(bad: BadToken) -> Problem {
    tracing::debug!(reason = bad.reason(), "access token refused");
    Problem::new(Class::Unauthenticated, "bad-token")
}
