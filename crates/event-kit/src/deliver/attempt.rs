//! One attempt to apply an event, and what its fault means.

use std::sync::Arc;

use common::types::{Class, Fault};
use postgres_kit::StoreError;
use tracing::Instrument;
use uuid::Uuid;

use super::{Courier, lane::LaneKey, position, tracker::Place};
use crate::{
    Delivery, Envelope, EnvelopeError, Record,
    heard::DeliveryOf,
    inbox::Claim,
    metrics::{METRICS, with_outcome},
    snapshot::REPLACED,
    trace,
};

/// An event on its way to its listener.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) place: Place,
    pub(super) record: Arc<Record>,
    pub(super) envelope: Result<Arc<Envelope>, EnvelopeError>,
    /// Those right before it that nobody hears: its claim passes over them.
    pub(super) before: Vec<Job>,
}

/// What a fault means for the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Something before it is missing.
    Early,
    /// It belongs to a history that replaced the one we know.
    Replaced,
    /// The database is away: no event can be applied.
    Away,
    /// It may go better another time.
    Passing,
    /// It will not.
    Final,
}

impl Job {
    pub(super) fn read(delivery: Delivery) -> Self {
        let place = Place::of(&delivery);
        let envelope = Envelope::from_headers(&delivery.record.headers).map(Arc::new);
        Self { place, record: Arc::new(delivery.record), envelope, before: Vec::new() }
    }

    /// Its number in its history; of an unreadable one, nobody knows.
    pub(super) fn seq(&self) -> i64 {
        self.envelope.as_ref().map_or(0, |envelope| envelope.seq)
    }

    /// How many events it is, with those that were folded into it.
    pub(super) const fn size(&self) -> usize {
        self.before.len() + 1
    }

    /// Whose history the event belongs to; what cannot be read belongs to its partition's.
    pub(super) fn lane_key(&self) -> LaneKey {
        match &self.envelope {
            Ok(envelope) => (envelope.source.clone(), envelope.key.clone()),
            Err(_) => (self.place.topic.clone(), self.record.key.clone()),
        }
    }

    /// The id of the event; of an unreadable one, the id under which it was carried, or else one derived
    /// from where it was found.
    pub(super) fn event_id(&self) -> Uuid {
        match &self.envelope {
            Ok(envelope) => envelope.id,
            Err(_) if !self.record.id.is_nil() => self.record.id,
            Err(_) => {
                let Place { topic, part, offset, .. } = &self.place;
                Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{topic}/{part}/{offset}").as_bytes())
            }
        }
    }
}

/// The listener ended in a panic.
#[derive(Debug, thiserror::Error)]
#[error("the listener panicked")]
struct Panicked(#[source] tokio::task::JoinError);

impl Fault for Panicked {
    fn class(&self) -> Class {
        Class::Broken
    }

    fn code(&self) -> &'static str {
        "panic"
    }
}

impl Fault for EnvelopeError {
    fn class(&self) -> Class {
        Class::Malformed
    }

    fn code(&self) -> &'static str {
        "unreadable-envelope"
    }
}

impl Courier {
    /// Hands an event to its listener on a task of its own that nobody drops, and sees to it that the
    /// position has moved when the listener is content.
    pub(super) async fn attempt(
        self: &Arc<Self>,
        envelope: &Arc<Envelope>,
        record: &Arc<Record>,
        letter: Option<Uuid>,
        before: &[Job],
    ) -> Result<(), Box<dyn Fault>> {
        // A claim refuses what is out of turn, but a listener without a database does not claim: where the
        // log keeps no order, it would be called too early or again.
        if letter.is_none() && !self.ordered && !self.is_due(envelope).await? {
            return Ok(());
        }
        let delivery = DeliveryOf::new(self.listeners.consumer(), letter).behind(before.len());
        let outcome = {
            let _permit = self.permits.acquire().await;
            let span = span_of(envelope, self.listeners.consumer());
            let (courier, record) = (Arc::clone(self), Arc::clone(record));
            let (envelope, delivery) = (Arc::clone(envelope), delivery.clone());
            let work = async move {
                let work = courier.listeners.handle(&envelope, &record.body, delivery);
                trace::caused_by(envelope.id, work).await
            };
            self.tasks.spawn(work.instrument(span)).await
        };
        outcome.map_err(|panic| boxed(Panicked(panic)))??;

        if delivery.was_replaced() {
            return Err(boxed(position::replaced(envelope)));
        }
        if letter.is_none() {
            self.claims().note(&envelope.kind, delivery.was_claimed());
            if !delivery.was_claimed() {
                for job in before.iter().filter_map(|job| job.envelope.as_ref().ok()) {
                    self.pass_over(job).await?;
                }
                self.pass_over(envelope).await?;
            }
        }
        self.count("applied");
        tracing::debug!(
            event.id = %envelope.id,
            event.r#type = envelope.kind,
            event.key = envelope.key,
            event.seq = envelope.seq,
            consumer.name = self.listeners.consumer(),
            "event applied",
        );
        Ok(())
    }
}

impl Courier {
    /// Whether it is an event's turn; not if it was applied before.
    async fn is_due(&self, envelope: &Envelope) -> Result<bool, Box<dyn Fault>> {
        let ask_owner = self.listeners.refetches(&envelope.source);
        let found = position::find(self.db.pool(), self.listeners.consumer(), envelope, ask_owner);
        match found.await.map_err(boxed)? {
            Claim::First => Ok(true),
            Claim::Again => Ok(false),
            Claim::Early => Err(boxed(position::early(envelope))),
            Claim::Replaced => Err(boxed(position::replaced(envelope))),
        }
    }

    /// Moves the position over an event that has no effect in our database.
    pub(super) async fn pass_over(&self, envelope: &Envelope) -> Result<(), Box<dyn Fault>> {
        let moved = position::advance(self.db.pool(), self.listeners.consumer(), envelope);
        match moved.await.map_err(boxed)? {
            Claim::First | Claim::Again => Ok(()),
            Claim::Early => Err(boxed(position::early(envelope))),
            Claim::Replaced => Err(boxed(position::replaced(envelope))),
        }
    }

    /// Counts what became of an event.
    pub(super) fn count(&self, outcome: &'static str) {
        METRICS.delivered.add(1, &with_outcome(self.listeners.consumer(), outcome));
    }
}

fn span_of(envelope: &Envelope, consumer: &'static str) -> tracing::Span {
    let span = tracing::info_span!(
        "events.deliver",
        otel.kind = "consumer",
        messaging.operation.name = "process",
        messaging.consumer.group.name = consumer,
        messaging.message.id = %envelope.id,
        event.r#type = envelope.kind,
    );
    trace::continue_trace(&span, envelope.trace.as_deref());
    span
}

pub(super) fn boxed(fault: impl Fault) -> Box<dyn Fault> {
    Box::new(fault)
}

/// Looks at code and class, and down the chain: a use case may answer with the store's code or hide it.
pub(super) fn meaning_of(fault: &dyn Fault) -> Meaning {
    let chain = std::iter::successors(Some(fault as &(dyn std::error::Error + 'static)), |error| {
        error.source()
    });
    let stored =
        chain.filter_map(|error| error.downcast_ref::<StoreError>()).map(Fault::code).next();
    for code in [Some(fault.code()), stored].into_iter().flatten() {
        match code {
            StoreError::EARLY => return Meaning::Early,
            REPLACED => return Meaning::Replaced,
            StoreError::AWAY => return Meaning::Away,
            _ => {}
        }
    }
    match fault.class() {
        Class::Unavailable
        | Class::Unknown
        | Class::Throttled
        | Class::Conflict
        | Class::Missing => Meaning::Passing,
        Class::Malformed
        | Class::Invalid
        | Class::Unauthenticated
        | Class::Forbidden
        | Class::Declined
        | Class::Broken => Meaning::Final,
    }
}

/// The words of a fault and of what caused it.
pub(super) fn words_of(fault: &dyn Fault) -> String {
    let mut words = fault.to_string();
    let mut next = fault.source();
    while let Some(error) = next {
        words = format!("{words}: {error}");
        next = error.source();
    }
    words
}
