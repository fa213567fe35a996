//! What a service hears.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use common::types::{Class, Event, Fault};
use futures::future::BoxFuture;

use crate::{Envelope, Heard, heard::DeliveryOf, snapshot::Missed, source_of};

pub(crate) type Outcome = Result<(), Box<dyn Fault>>;
type Handler =
    Arc<dyn Fn(&Envelope, &[u8], DeliveryOf) -> BoxFuture<'static, Outcome> + Send + Sync>;
type Refetcher = Arc<dyn Fn(Missed) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// What a service hears, by event type.
#[derive(Clone)]
pub struct Listeners {
    consumer: &'static str,
    handlers: BTreeMap<&'static str, Handler>,
    refetchers: BTreeMap<&'static str, Refetcher>,
}

impl Listeners {
    /// Nothing yet; `consumer` is the name of the service.
    #[must_use]
    pub const fn new(consumer: &'static str) -> Self {
        Self { consumer, handlers: BTreeMap::new(), refetchers: BTreeMap::new() }
    }

    /// Hears facts of type `E` with `handler`. Its fault decides: Malformed, Invalid, Broken and other
    /// refusals become dead letters at once; Unavailable, Unknown, Throttled, Missing and Conflict
    /// after five attempts.
    #[must_use]
    pub fn on<A, E, H, F, X>(mut self, app: &A, handler: H) -> Self
    where
        A: Clone + Send + Sync + 'static,
        E: Event,
        H: Fn(A, Heard<E>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Result<(), X>> + Send + 'static,
        X: Fault,
    {
        let app = app.clone();
        let run: Handler = Arc::new(move |envelope, body, delivery| {
            let fact: E = match serde_json::from_slice(body) {
                Ok(fact) => fact,
                Err(error) => {
                    let fault: Box<dyn Fault> = Box::new(Undecodable(error));
                    return Box::pin(std::future::ready(Err(fault)));
                }
            };
            let heard = Heard::from_envelope(envelope, fact, delivery);
            let work = handler(app.clone(), heard);
            Box::pin(async move { work.await.map_err(|fault| Box::new(fault) as Box<dyn Fault>) })
        });
        self.handlers.insert(E::TYPE, run);
        self
    }

    /// Takes what `source` holds now when an event of it has waited too long for the one before it, or when
    /// a failover replaced its history. The handler asks the owner, and in the transaction in which it
    /// stores the answer calls [`snapshot::take`](crate::snapshot::take); a fault, or nothing taken, makes it
    /// be called again later. Without it such events stay parked until what is missing comes, and a history
    /// that replaced another one goes on from where it was heard.
    #[must_use]
    pub fn refetching<A, H, F, X>(mut self, source: &'static str, app: &A, handler: H) -> Self
    where
        A: Clone + Send + Sync + 'static,
        H: Fn(A, Missed) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), X>> + Send + 'static,
        X: Fault,
    {
        let app = app.clone();
        let run: Refetcher = Arc::new(move |missed| {
            let work = handler(app.clone(), missed);
            Box::pin(async move { work.await.map_err(|fault| Box::new(fault) as Box<dyn Fault>) })
        });
        self.refetchers.insert(source, run);
        self
    }

    /// The types that this service hears.
    pub fn types(&self) -> impl Iterator<Item = &'static str> {
        self.handlers.keys().copied()
    }

    /// The services whose events it must read, every one of them: positions advance over the types
    /// that it does not hear.
    #[must_use]
    pub fn sources(&self) -> BTreeSet<&'static str> {
        self.types().map(source_of).collect()
    }

    /// The consumer's name.
    #[must_use]
    pub const fn consumer(&self) -> &'static str {
        self.consumer
    }

    pub(crate) fn hears(&self, kind: &str) -> bool {
        self.handlers.contains_key(kind)
    }

    pub(crate) fn refetches(&self, source: &str) -> bool {
        self.refetchers.contains_key(source)
    }

    /// The services that can be asked for what they hold.
    pub(crate) fn refetched(&self) -> Vec<&'static str> {
        self.refetchers.keys().copied().collect()
    }

    /// Starts the handler that asks the owner; without one nothing is asked.
    pub(crate) fn refetch(&self, missed: Missed) -> BoxFuture<'static, Outcome> {
        match self.refetchers.get(missed.source.as_str()) {
            Some(refetcher) => refetcher(missed),
            None => Box::pin(std::future::ready(Ok(()))),
        }
    }

    /// Starts the handler; a type that nobody hears is applied by doing nothing.
    pub(crate) fn handle(
        &self,
        envelope: &Envelope,
        body: &[u8],
        delivery: DeliveryOf,
    ) -> BoxFuture<'static, Outcome> {
        match self.handlers.get(envelope.kind.as_str()) {
            Some(handler) => handler(envelope, body, delivery),
            None => Box::pin(std::future::ready(Ok(()))),
        }
    }
}

impl std::fmt::Debug for Listeners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.types()).finish()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the event cannot be read")]
struct Undecodable(#[source] serde_json::Error);

impl Fault for Undecodable {
    fn class(&self) -> Class {
        Class::Malformed
    }

    fn code(&self) -> &'static str {
        "undecodable-event"
    }
}
