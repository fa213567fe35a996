//! Holds past their end: what a cart held is free again; nobody takes from an order before orders was asked.

use common::{
    mutants,
    types::{Fault, Timestamp},
};
use jiff::SignedDuration;
use postgres_kit::{StoreError, answers};

use super::StepError;
use crate::{
    App,
    clients::{Orders, Standing},
    store::{self, reservations::Due},
};

/// So many holds are looked at in a row.
pub(crate) const AT_ONCE_MAX: usize = 20;
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
    /// Looks at some holds past their end, asks about those of orders and does as orders says; returns how
    /// many. One that cannot be settled now is looked at again later, and keeps nobody waiting.
    pub(crate) async fn release_expired(&self, orders: &Orders) -> Result<usize, StoreError> {
        let now = if mutants::on("expire_hold_without_asking") {
            self.clock.now() + SignedDuration::from_hours(1)
        } else {
            self.clock.now()
        };
        let mut db = self.db.acquire().await?;
        let due = store::reservations::claim_expired(&mut db, now, now + ASK_AGAIN, AT_ONCE_MAX);
        let due = due.await?;
        drop(db);
        for hold in &due {
            if let Err(error) = self.settle_expired(orders, hold, now).await {
                let (order, code) = (hold.order, error.code());
                tracing::warn!(order.id = %order, code, "expired hold not settled");
            }
        }
        Ok(due.len())
    }

    async fn settle_expired(
        &self,
        orders: &Orders,
        hold: &Due,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let Due { order, expired_at, lapses } = *hold;
        let standing = if lapses || mutants::on("expire_hold_without_asking") {
            Ok(Standing::Ended)
        } else {
            orders.standing(order).await
        };
        match standing {
            Ok(Standing::Needs) => {
                let mut db = self.db.acquire().await?;
                store::reservations::extend(&mut db, order, now + LONGER).await?;
            }
            Ok(Standing::NoSuchOrder) if now < expired_at + GRACE => {}
            Ok(Standing::Ended | Standing::NoSuchOrder) => {
                if self.expire_reservation(order, now).await? {
                    tracing::info!(order.id = %order, "expired hold released");
                }
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
        answers::prune(&mut *self.db.acquire().await?, before).await?;
        Ok(())
    }
}
