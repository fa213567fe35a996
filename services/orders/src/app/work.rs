//! Orders on their way to a worker.

use std::time::Duration;

use common::types::Timestamp;
use postgres_kit::StoreError;
use service_kit::{Stored, Undertaking};
use tokio::sync::{mpsc, oneshot};

use crate::{
    App,
    domain::{self, Order, Progress, StoreTerms},
    store::{self, orders::Claimed},
};

/// How long the truth, a look into the table, may be late where no hint arrives.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// An order that was just accepted under the lease of this process.
pub(crate) struct Begun {
    pub(crate) order: Order,
    /// Who waits for the decision.
    pub(crate) decided: oneshot::Sender<Stored>,
    /// Its place among the orders that are decided at once.
    pub(crate) undertaking: Undertaking,
}

impl App {
    /// A place with the worker, if there is one at once.
    pub(super) fn free_slot(&self) -> Option<mpsc::Permit<'_, Begun>> {
        self.begun.try_reserve().ok()
    }

    /// Tells the worker that an order is due.
    pub(super) fn wake_worker(&self) {
        self.due.notify_one();
    }

    /// Returns when an order may be due: at a hint, or after a second.
    #[expect(clippy::disallowed_methods, reason = "cuts off the wait for a hint, no work")]
    pub(crate) async fn something_due(&self) {
        let _hint_or_time = tokio::time::timeout(LOOK_EVERY, self.due.notified()).await;
    }

    /// Claims at most `slots` due orders for this process.
    pub(crate) async fn claim_due(&self, slots: usize) -> Result<Vec<Claimed>, StoreError> {
        let mut db = self.db.acquire().await?;
        let limit = i64::try_from(slots).unwrap_or(i64::MAX);
        store::orders::claim_due(&mut db, self.worker, limit).await
    }

    /// What other services have said about `order` so far.
    pub(crate) async fn progress_of(&self, order: &Order) -> Result<Progress, StoreError> {
        let mut db = self.db.acquire().await?;
        store::steps::list_answered(&mut db, order).await
    }

    /// The time, for those who work on orders.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The terms of the store of `order`.
    pub(crate) async fn terms_of(&self, order: &Order) -> Option<StoreTerms> {
        let menu = self.menu_of(order.store).await.ok().flatten()?;
        Some(menu.terms.clone())
    }

    /// Gives a leased order back: what was heard is kept, and it is tried again after `wait_ms`, or at its
    /// next deadline where nothing is left to ask. Nothing is kept where the lease was lost: whoever has the
    /// order now hears it too.
    pub(crate) async fn give_back(
        &self,
        order: &Order,
        heard: &Progress,
        wait_ms: Option<i64>,
    ) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        if !store::orders::give_back(&mut tx, order, wait_ms).await? {
            tx.rollback().await;
            return Ok(());
        }
        let answered = store::steps::update_answered(&mut tx, order, heard).await?;
        self.open_incidents(&mut tx, order, &domain::incidents_in(order, &answered)).await?;
        tx.commit().await
    }
}
