//! A fact heard from another service.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use common::types::{Cell, Event, OrderId, Timestamp};
use uuid::Uuid;

use crate::{Envelope, inbox::Claim, source_of};

/// A fact heard from another service, with what is needed to apply it once and in its order.
#[derive(Debug, Clone)]
pub struct Heard<E> {
    /// The `CloudEvents` id.
    pub id: Uuid,
    /// The service that told it.
    pub source: String,
    /// What it is about.
    pub key: String,
    /// Its place in the history of source and key, dense from 1.
    pub seq: i64,
    /// The epoch of the cell in which it was told.
    pub epoch: i64,
    /// The order to which it belongs.
    pub order: Option<OrderId>,
    /// The cell in which it happened.
    pub cell: Option<Cell>,
    /// The region in which it was told.
    pub region: String,
    /// When the transaction began that made it true.
    pub at: Timestamp,
    /// The fact.
    pub fact: E,
    pub(crate) delivery: DeliveryOf,
}

/// To whom an event is handed, and what became of it so far.
#[derive(Debug, Clone)]
pub(crate) struct DeliveryOf {
    pub(crate) consumer: &'static str,
    /// The dead letter that is tried again.
    pub(crate) letter: Option<Uuid>,
    /// So many events right before it are passed over with it.
    pub(crate) before: i64,
    notes: Arc<Notes>,
}

/// What the inbox said to the handler, for those who handed it the event.
#[derive(Debug, Default)]
struct Notes {
    claimed: AtomicBool,
    replaced: AtomicBool,
}

impl DeliveryOf {
    pub(crate) fn new(consumer: &'static str, letter: Option<Uuid>) -> Self {
        Self { consumer, letter, before: 0, notes: Arc::default() }
    }

    /// The same, behind events that nobody hears.
    pub(crate) fn behind(self, before: usize) -> Self {
        Self { before: i64::try_from(before).unwrap_or(0), ..self }
    }

    /// Notes that the handler asked the inbox, and what it was told.
    pub(crate) fn note(&self, claim: Claim) {
        self.notes.claimed.store(true, Ordering::Release);
        self.notes.replaced.store(claim == Claim::Replaced, Ordering::Release);
    }

    pub(crate) fn was_claimed(&self) -> bool {
        self.notes.claimed.load(Ordering::Acquire)
    }

    pub(crate) fn was_replaced(&self) -> bool {
        self.notes.replaced.load(Ordering::Acquire)
    }
}

impl<E: Event> Heard<E> {
    /// The `seq`th fact of its source and key, as `consumer` hears it at `at` for the first time under
    /// `id`. For tests of what handlers call.
    #[must_use]
    pub fn new(consumer: &'static str, id: Uuid, seq: i64, at: Timestamp, fact: E) -> Self {
        Self {
            id,
            source: source_of(E::TYPE).to_owned(),
            key: fact.key(),
            seq,
            epoch: 0,
            order: fact.order(),
            cell: fact.cell().cloned(),
            region: "us-east-1".to_owned(),
            at,
            fact,
            delivery: DeliveryOf::new(consumer, None),
        }
    }
}

impl<E> Heard<E> {
    pub(crate) fn from_envelope(envelope: &Envelope, fact: E, delivery: DeliveryOf) -> Self {
        Self {
            id: envelope.id,
            source: envelope.source.clone(),
            key: envelope.key.clone(),
            seq: envelope.seq,
            epoch: envelope.epoch,
            order: envelope.order,
            cell: envelope.cell.clone(),
            region: envelope.region.clone(),
            at: envelope.at,
            fact,
            delivery,
        }
    }
}
