//! What every step of a delivery brings with it.

use common::types::Timestamp;
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use crate::{
    App,
    domain::{Delivery, Fact, Refusal, State, Step, Verdict},
    events, metrics,
    store::{self, facts::Outcome, incidents::Incident},
};

impl App {
    /// Saves a step, frees who is free, and tells of it.
    pub(super) async fn save(
        &self,
        tx: &mut PgConnection,
        delivery: &Delivery,
        step: &Step,
    ) -> Result<(), StoreError> {
        if step.from.is_none() {
            store::deliveries::insert(tx, delivery, step).await?;
        } else {
            store::deliveries::update(tx, delivery, step).await?;
        }
        if let Some(freed) = step.freed {
            store::deliveries::end_assignment(tx, delivery.errand.id, step).await?;
            store::couriers::free(tx, freed.courier).await?;
        }
        if let (State::Assigned, Some(State::Pending), Some(holder)) =
            (step.to, step.from, delivery.holder())
        {
            store::deliveries::begin_assignment(tx, delivery, holder).await?;
        }
        events::stage(tx, delivery, step).await
    }

    /// Lets facts that waited take effect, as far as they now can.
    pub(super) async fn settle_kept(
        &self,
        tx: &mut PgConnection,
        delivery: &mut Delivery,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        loop {
            let before = delivery.version();
            for fact in store::facts::list_kept(tx, delivery.errand.id).await? {
                self.settle(tx, delivery, &fact, now).await?;
            }
            if delivery.version() == before {
                return Ok(());
            }
        }
    }

    async fn settle(
        &self,
        tx: &mut PgConnection,
        delivery: &mut Delivery,
        fact: &Fact,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match verdict(delivery, fact, now) {
            Verdict::Early | Verdict::Refused(Refusal::NotReady) => Ok(()),
            Verdict::Passed => store::facts::settle(tx, fact.id, Outcome::Passed).await,
            Verdict::Refused(refusal) => {
                store::facts::settle(tx, fact.id, Outcome::Refused(refusal)).await?;
                self.report(tx, delivery, refusal, fact, now).await
            }
            Verdict::Step(to) => {
                store::facts::settle(tx, fact.id, Outcome::Applied).await?;
                let step = delivery.apply(fact, to, now);
                self.save(tx, delivery, &step).await
            }
        }
    }

    /// Makes an incident of a fact that a person has to look at.
    pub(super) async fn report(
        &self,
        tx: &mut PgConnection,
        delivery: &Delivery,
        refusal: Refusal,
        fact: &Fact,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if !refusal.is_incident() {
            return Ok(());
        }
        let courier = Some(fact.courier);
        self.open_incident(tx, delivery, refusal.name(), Some(fact.id), courier, now).await
    }

    /// Opens an incident about a delivery.
    pub(super) async fn open_incident(
        &self,
        tx: &mut PgConnection,
        delivery: &Delivery,
        code: &'static str,
        event: Option<Uuid>,
        courier: Option<common::types::CourierId>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let incident = Incident { id: self.clock.new_id(), code, event, courier, at };
        store::incidents::insert(tx, &delivery.errand, incident).await?;
        metrics::incident(code);
        tracing::warn!(delivery.id = %delivery.errand.id, code, "incident opened");
        Ok(())
    }

    /// Wakes those who wait for what was just committed.
    pub(super) fn committed(&self, delivery: &Delivery) {
        self.work.notify_one();
        self.live.tell_changed(delivery.errand.order);
    }
}

/// What a fact does to a delivery, which may be another courier's by now.
pub(super) fn verdict(delivery: &Delivery, fact: &Fact, now: Timestamp) -> Verdict {
    match delivery.holder() {
        Some(holder) if holder.courier == fact.courier => delivery.judge(fact, now),
        _ => Verdict::Refused(Refusal::Reassigned),
    }
}
