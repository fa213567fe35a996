//! Use case: tell what happened to one order, in its saga, in the kitchen, and to whom it is trouble.

use common::types::OrderId;
use postgres_kit::StoreError;
use service_kit::xray::{Xray, XrayLane};

use crate::{App, store};

impl App {
    /// The lanes `saga`, `kitchen` and `incidents` of an order's X-ray.
    pub(crate) async fn xray(&self, order: OrderId) -> Result<Xray, StoreError> {
        let mut db = self.db.acquire().await?;
        let saga = store::xray::list_saga(&mut db, order).await?;
        let kitchen = store::xray::list_kitchen(&mut db, order).await?;
        let incidents = store::xray::list_incidents(&mut db, order).await?;
        let lanes = [("saga", saga), ("kitchen", kitchen), ("incidents", incidents)];
        let lanes = lanes.map(|(name, entries)| XrayLane::new(name, entries));
        Ok(Xray { lanes: lanes.into() })
    }
}
