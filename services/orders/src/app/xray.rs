//! Use case: tell what happened to one order, in its saga, in the kitchen, and to whom it is trouble.

use common::types::OrderId;
use postgres_kit::{PgConnection, StoreError};
use service_kit::xray::{Xray, XrayEntry, XrayLane};

use crate::{
    App,
    domain::{self, Owner},
    store,
};

impl App {
    /// The lanes `saga`, `kitchen` and `incidents` of an order's X-ray.
    pub(crate) async fn xray(&self, order: OrderId) -> Result<Xray, StoreError> {
        let mut db = self.db.acquire().await?;
        let mut saga = store::xray::list_saga(&mut db, order).await?;
        self.name_the_step(&mut db, order, saga.last_mut()).await?;
        let kitchen = store::xray::list_kitchen(&mut db, order).await?;
        let incidents = store::xray::list_incidents(&mut db, order).await?;
        let lanes = [("saga", saga), ("kitchen", kitchen), ("incidents", incidents)];
        let lanes = lanes.map(|(name, entries)| XrayLane::new(name, entries));
        Ok(Xray { lanes: lanes.into() })
    }

    /// Says for which steps the order waits, where that is not for people.
    async fn name_the_step(
        &self,
        db: &mut PgConnection,
        order: OrderId,
        last: Option<&mut XrayEntry>,
    ) -> Result<(), StoreError> {
        let Some(order) = store::orders::find(db, Owner::Everyone, order).await? else {
            return Ok(());
        };
        let heard = store::steps::list_answered(db, &order).await?;
        let waits_for = order.waits_for(&heard, order.deadline_at < self.clock.now());
        if let (Some(last), false) = (last, waits_for.is_empty()) {
            last.detail.insert("waits_for".to_owned(), domain::names(&waits_for));
        }
        Ok(())
    }
}
