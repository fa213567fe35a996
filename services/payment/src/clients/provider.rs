//! The seam to payment providers.

use std::sync::Arc;

use common::types::{Class, Fault};
use futures::future::BoxFuture;
use service_kit::{CallError, Client};
use uuid::Uuid;

use super::sandbox::Sandbox;
use crate::domain::{Errand, Fact, Terms};

type Asked<'a, T> = BoxFuture<'a, Result<T, NotDecided>>;

/// Somebody who holds, takes and lets go of money. Every call has a key: the same key is the same call,
/// however often it is made.
pub(crate) trait PaymentProvider: Send + Sync + 'static {
    /// Its name in the books.
    fn name(&self) -> &'static str;

    /// Holds money: `Authorized`, `Declined` or `Forbidden`.
    fn authorize<'a>(&'a self, key: &'a str, terms: &'a Terms) -> Asked<'a, Fact>;

    /// Takes held money: `Captured` or `CaptureRefused`.
    fn capture<'a>(&'a self, key: &'a str, reference: Uuid, amount_minor: i64) -> Asked<'a, Fact>;

    /// Lets the money of the authorization `target` go, whether or not it has arrived: `Released`,
    /// `Forbidden` or `NothingHeld`.
    fn void<'a>(&'a self, key: &'a str, target: &'a str) -> Asked<'a, Fact>;

    /// What became of `key`, if it arrived.
    fn find<'a>(&'a self, key: &'a str) -> Asked<'a, Option<Fact>>;
}

/// The provider that this installation uses.
#[derive(Clone)]
pub struct Provider(Arc<dyn PaymentProvider>);

/// The provider did not say what it decided: ask again with the same key.
#[derive(Debug, thiserror::Error)]
#[error("the provider has not decided")]
pub(crate) struct NotDecided(#[source] pub(crate) CallError);

impl Provider {
    /// The stand-in that `client` leads to.
    #[must_use]
    pub fn sandbox(client: Client) -> Self {
        Self(Arc::new(Sandbox::new(client)))
    }

    pub(crate) fn name(&self) -> &'static str {
        self.0.name()
    }

    /// Does an errand. `asked_before`: it may have been done already, so the provider is asked for it by
    /// key first.
    pub(crate) async fn run(
        &self,
        errand: &Errand<'_>,
        asked_before: bool,
    ) -> Result<Fact, NotDecided> {
        match errand {
            Errand::Plain(fact) => Ok(*fact),
            Errand::Authorize { key, .. } | Errand::Capture { key, .. } if asked_before => {
                match self.0.find(key).await? {
                    Some(fact) => Ok(fact),
                    None => self.send(errand).await,
                }
            }
            _ => self.send(errand).await,
        }
    }

    async fn send(&self, errand: &Errand<'_>) -> Result<Fact, NotDecided> {
        match errand {
            Errand::Plain(fact) => Ok(*fact),
            Errand::Authorize { key, terms } => self.0.authorize(key, terms).await,
            Errand::Capture { key, reference, amount_minor } => {
                self.0.capture(key, *reference, *amount_minor).await
            }
            Errand::Void { key, target } => self.0.void(key, target).await,
        }
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Provider").field(&self.name()).finish()
    }
}

/// Whatever it was, the outcome is open.
impl Fault for NotDecided {
    fn class(&self) -> Class {
        Class::Unknown
    }

    fn code(&self) -> &'static str {
        "payment-undecided"
    }
}
