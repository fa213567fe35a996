//! The seam to payment providers.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use common::{
    mutants,
    types::{Class, Fault, Timestamp},
};
use futures::future::BoxFuture;
use jiff::civil::Date;
use service_kit::{CallError, Client};
use uuid::Uuid;

use super::{
    sandbox::Sandbox,
    webhook::{Notice, Signed, WebhookError, WebhookSecret},
};
use crate::domain::{Errand, Fact, Operation, SettledRow, Taking, Terms};

type Asked<'a, T> = BoxFuture<'a, Result<T, NotDecided>>;

/// Somebody who holds, takes and lets go of money. Every call has a key: the same key is the same call,
/// however often it is made.
pub(crate) trait PaymentProvider: Send + Sync + 'static {
    /// Its name in the books.
    fn name(&self) -> &'static str;

    /// Holds money: `Authorized`, `Declined` or `Forbidden`.
    fn authorize<'a>(&'a self, key: &'a str, terms: &'a Terms) -> Asked<'a, Fact>;

    /// Takes held money and frees the rest, unless more is to be taken: `Captured`, `CaptureRefused` or
    /// `Expired`.
    fn capture<'a>(&'a self, key: &'a str, reference: Uuid, taking: Taking) -> Asked<'a, Fact>;

    /// Lets the money of the authorization `target` go, whether or not it has arrived: `Released`,
    /// `RestReleased`, `Forbidden`, `NothingHeld`, `Expired` or `AlreadyTaken`.
    fn void<'a>(&'a self, key: &'a str, target: &'a str) -> Asked<'a, Fact>;

    /// Gives taken money back: `Refunded` or `RefundRefused`.
    fn refund<'a>(&'a self, key: &'a str, reference: Uuid, amount_minor: i64) -> Asked<'a, Fact>;

    /// What became of `key`, if it arrived.
    fn find<'a>(&'a self, key: &'a str) -> Asked<'a, Option<Fact>>;

    /// A page of what was done in a window of time, oldest first.
    fn list<'a>(&'a self, window: Window, after: Option<&'a str>) -> Asked<'a, Listed>;

    /// A piece of the file of a day (UTC), from a byte on. `None`: there is no such file yet.
    fn settlement(&self, day: Date, from: u64) -> Asked<'_, Option<Piece>>;

    /// What a webhook says, if the provider sent it.
    fn read(
        &self,
        signed: &Signed<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Notice, WebhookError>;

    /// What the body of a webhook said that was believed before.
    fn read_again(&self, body: &[u8]) -> Option<Operation>;
}

/// From, inclusive, to, exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

/// A page of a provider's list.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) operations: Vec<Operation>,
    /// Leads to the next page.
    pub(crate) next: Option<String>,
}

/// Whole lines of a daily file.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) rows: Vec<SettledRow>,
    /// Where the next piece begins.
    pub(crate) next: u64,
    /// How many lines the file has, where this is its end.
    pub(crate) end: Option<i64>,
}

/// The provider that this installation uses.
#[derive(Clone)]
pub struct Provider(Arc<dyn PaymentProvider>);

/// The provider did not say what it decided: ask again with the same key.
#[derive(Debug, thiserror::Error)]
#[error("the provider has not decided")]
pub(crate) struct NotDecided(#[source] pub(crate) CallError);

impl Provider {
    /// The stand-in that `client` leads to. Without a secret no webhook is believed.
    #[must_use]
    pub fn sandbox(client: Client, secret: Option<WebhookSecret>) -> Self {
        Self(Arc::new(Sandbox::new(client, secret)))
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
                if mutants::on("new_provider_key_on_retry") {
                    return self.send(&with_another_key(errand)).await;
                }
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
            Errand::Capture { key, reference, taking } => {
                self.0.capture(key, *reference, *taking).await
            }
            Errand::Void { key, target } => self.0.void(key, target).await,
        }
    }

    /// Gives money back, unless it was given back with this key before.
    pub(crate) async fn refund(
        &self,
        key: &str,
        reference: Uuid,
        amount_minor: i64,
    ) -> Result<Fact, NotDecided> {
        match self.0.find(key).await? {
            Some(fact) => Ok(fact),
            None => self.0.refund(key, reference, amount_minor).await,
        }
    }

    pub(crate) async fn find(&self, key: &str) -> Result<Option<Fact>, NotDecided> {
        self.0.find(key).await
    }

    pub(crate) async fn list(
        &self,
        window: Window,
        after: Option<&str>,
    ) -> Result<Listed, NotDecided> {
        self.0.list(window, after).await
    }

    pub(crate) async fn settlement(
        &self,
        day: Date,
        from: u64,
    ) -> Result<Option<Piece>, NotDecided> {
        self.0.settlement(day, from).await
    }

    /// What a webhook of `provider` says.
    pub(crate) fn read(
        &self,
        provider: &str,
        signed: &Signed<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Notice, WebhookError> {
        if provider != self.name() {
            return Err(WebhookError::NoSuchProvider);
        }
        self.0.read(signed, body, now)
    }

    pub(crate) fn read_again(&self, body: &[u8]) -> Option<Operation> {
        self.0.read_again(body)
    }
}

/// What must never be done: the provider takes it for another call.
fn with_another_key<'a>(errand: &Errand<'a>) -> Errand<'a> {
    static DRAWN: AtomicU64 = AtomicU64::new(0);
    let drawn = format!("{}-{}", std::process::id(), DRAWN.fetch_add(1, Ordering::Relaxed));
    let mut other = errand.clone();
    if let Errand::Authorize { key, .. } | Errand::Capture { key, .. } = &mut other {
        *key = format!("{key}:{drawn}");
    }
    other
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
