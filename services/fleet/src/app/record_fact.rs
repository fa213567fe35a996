//! Taking down what a courier did, by whatever door it was told.

use common::types::{Class, CourierId, DeliveryId, Fault, GeoPoint, Timestamp, VehicleId};
use postgres_kit::{PgConnection, StoreError, repeat};
use uuid::Uuid;

use super::steps;
use crate::{
    App,
    domain::{Delivery, Fact, FactKind, Refusal, Verdict},
    store::{self, facts::Outcome},
};

/// Why a fact was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordFactError {
    #[error("there is no such delivery")]
    NoSuchDelivery,
    #[error("the event id was used for another fact")]
    Reused,
    #[error("the fact has no effect: {}", .0.name())]
    Refused(Refusal),
    #[error("the fact could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for RecordFactError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchDelivery => Class::Missing,
            Self::Reused => Class::Invalid,
            Self::Refused(_) => Class::Conflict,
            // The cell has another writer now, or will be ours again: the fact is not refused for good.
            Self::Store(StoreError::Stale { .. }) => Class::Unavailable,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchDelivery => "no-such-delivery",
            Self::Reused => "event-reused",
            Self::Refused(refusal) => refusal.name(),
            Self::Store(error) => error.code(),
        }
    }
}

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// A courier, by HTTP.
    Courier(CourierId),
    /// A vehicle's device, by MQTT.
    Vehicle(VehicleId),
}

/// What was said, before it is known whose delivery it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    pub(crate) event: Uuid,
    pub(crate) delivery: DeliveryId,
    pub(crate) seq: i64,
    pub(crate) kind: FactKind,
    pub(crate) device_time: Timestamp,
    pub(crate) place: GeoPoint,
    pub(crate) proof: Option<String>,
}

impl Said {
    fn by(&self, courier: CourierId, vehicle: VehicleId) -> Fact {
        Fact {
            id: self.event,
            delivery: self.delivery,
            courier,
            vehicle,
            seq: self.seq,
            kind: self.kind,
            device_time: microseconds(self.device_time),
            place: self.place,
            proof: self.proof.clone(),
        }
    }
}

/// As the database keeps it, so that a fact that comes again is the same.
fn microseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}

impl App {
    /// Takes down a fact, once: the same event again answers the same. A fact ahead of its predecessor is
    /// kept until that comes; a final refusal is kept as well, and what needs a person becomes an incident.
    #[tracing::instrument(name = "fleet.record_fact", skip_all, fields(delivery.id = %said.delivery, kind = said.kind.name()))]
    pub(crate) async fn record_fact(
        &self,
        sender: Sender,
        said: &Said,
    ) -> Result<Delivery, RecordFactError> {
        repeat(|| self.try_record_fact(sender, said)).await
    }

    async fn try_record_fact(
        &self,
        sender: Sender,
        said: &Said,
    ) -> Result<Delivery, RecordFactError> {
        let mut tx = self.db.begin().await?;
        let (delivery, refusal) = match self.take_fact(&mut tx, sender, said).await {
            Ok(taken) => taken,
            Err(error) => {
                tx.rollback().await;
                return Err(error);
            }
        };
        tx.commit().await?;

        self.committed(&delivery);
        refusal.map_or(Ok(delivery), |refusal| Err(RecordFactError::Refused(refusal)))
    }

    async fn take_fact(
        &self,
        tx: &mut PgConnection,
        sender: Sender,
        said: &Said,
    ) -> Result<(Delivery, Option<Refusal>), RecordFactError> {
        let now = self.clock.now();
        let delivery = store::deliveries::lock(tx, said.delivery).await?;
        let mut delivery = delivery.ok_or(RecordFactError::NoSuchDelivery)?;
        let fact = whose(tx, &delivery, sender, said).await?;
        if let Some((first, outcome)) = store::facts::find(tx, fact.id).await? {
            return again(delivery, &fact, &first, outcome);
        }

        let verdict = steps::verdict(&delivery, &fact, now);
        let outcome = match verdict {
            Verdict::Step(_) => Outcome::Applied,
            Verdict::Passed => Outcome::Passed,
            Verdict::Early => Outcome::Kept,
            Verdict::Refused(Refusal::NotReady) => {
                return Err(RecordFactError::Refused(Refusal::NotReady));
            }
            Verdict::Refused(refusal) => Outcome::Refused(refusal),
        };

        if !store::facts::claim(tx, &fact, outcome, now).await? {
            return Err(RecordFactError::Reused);
        }
        if let Verdict::Step(to) = verdict {
            let step = delivery.apply(&fact, to, now);
            self.save(tx, &delivery, &step).await?;
            self.settle_kept(tx, &mut delivery, now).await?;
        }
        store::presence::set_seen(tx, &[fact.vehicle.as_uuid()], now).await?;
        let Verdict::Refused(refusal) = verdict else { return Ok((delivery, None)) };
        self.report(tx, &delivery, refusal, &fact, now).await?;
        Ok((delivery, Some(refusal)))
    }
}

/// The fact as that of the courier who has the delivery, or had it. Others learn nothing.
async fn whose(
    tx: &mut PgConnection,
    delivery: &Delivery,
    sender: Sender,
    said: &Said,
) -> Result<Fact, RecordFactError> {
    let (id, now_theirs) = match (sender, delivery.holder()) {
        (Sender::Courier(id), holder) => {
            (id.as_uuid(), holder.filter(|holder| holder.courier == id))
        }
        (Sender::Vehicle(id), holder) => {
            (id.as_uuid(), holder.filter(|holder| holder.vehicle == id))
        }
    };
    if let Some(holder) = now_theirs {
        return Ok(said.by(holder.courier, holder.vehicle));
    }
    let former = store::deliveries::find_former_holder(tx, said.delivery, id).await?;
    let (courier, vehicle) = former.ok_or(RecordFactError::NoSuchDelivery)?;
    Ok(said.by(courier, vehicle))
}

fn again(
    delivery: Delivery,
    fact: &Fact,
    first: &Fact,
    outcome: Outcome,
) -> Result<(Delivery, Option<Refusal>), RecordFactError> {
    if fact != first {
        return Err(RecordFactError::Reused);
    }
    match outcome {
        Outcome::Refused(refusal) => Ok((delivery, Some(refusal))),
        Outcome::Applied | Outcome::Passed | Outcome::Kept => Ok((delivery, None)),
    }
}
