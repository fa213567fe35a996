//! Holds past their end: nobody releases them before orders was asked.

use common::types::{Fault, OrderId, Timestamp};
use jiff::SignedDuration;
use postgres_kit::StoreError;

use super::StepError;
use crate::{
    App,
    clients::{Orders, Standing},
    store,
};

const AT_ONCE_MAX: i64 = 20;
/// Who did not get an answer asks again after this.
const ASK_AGAIN: SignedDuration = SignedDuration::from_secs(15);
/// How much longer the hold of a living order lasts.
const LONGER: SignedDuration = SignedDuration::from_mins(2);
/// How long after its end a hold of an order that orders does not know is kept: an order that is being
/// accepted may not be visible yet.
const GRACE: SignedDuration = SignedDuration::from_secs(60);
/// How long first answers are kept.
const ANSWERS_KEPT: SignedDuration = SignedDuration::from_hours(72);

impl App {
    /// Asks about the holds past their end and does as orders says; returns how many were looked at.
    pub(crate) async fn release_expired(&self, orders: &Orders) -> Result<usize, StepError> {
        let now = self.clock.now();
        let mut db = self.db.acquire().await?;
        let due = store::reservations::claim_expired(&mut db, now, now + ASK_AGAIN, AT_ONCE_MAX);
        let due = due.await?;
        drop(db);
        for (order, expired_at) in &due {
            self.settle_expired(orders, *order, *expired_at).await?;
        }
        Ok(due.len())
    }

    async fn settle_expired(
        &self,
        orders: &Orders,
        order: OrderId,
        expired_at: Timestamp,
    ) -> Result<(), StepError> {
        let now = self.clock.now();
        match orders.standing(order).await {
            Ok(Standing::Needs) => {
                let mut db = self.db.acquire().await?;
                store::reservations::extend(&mut db, order, now + LONGER).await?;
            }
            Ok(Standing::NoSuchOrder) if now < expired_at + GRACE => {}
            Ok(Standing::Ended | Standing::NoSuchOrder) => {
                self.release_reservation(order, "expired", "sweeper").await?;
                tracing::info!(order.id = %order, "expired hold released");
            }
            Err(error) => {
                tracing::warn!(order.id = %order, code = error.code(), "expired hold kept, orders did not say");
            }
        }
        Ok(())
    }

    /// Forgets first answers that no client asks for any more.
    pub(crate) async fn prune_answers(&self) -> Result<(), StoreError> {
        let before = self.clock.now() - ANSWERS_KEPT;
        store::answers::prune(&mut *self.db.acquire().await?, before).await?;
        Ok(())
    }
}
