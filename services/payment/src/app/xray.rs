//! Use case: tell what happened to the money of one order.

use common::types::OrderId;
use postgres_kit::StoreError;
use service_kit::xray::Xray;

use crate::{App, store};

impl App {
    /// The lane `money` of an order's X-ray.
    pub(crate) async fn xray(&self, order: OrderId) -> Result<Xray, StoreError> {
        let mut db = self.db.acquire().await?;
        Ok(Xray::of("money", store::xray::list(&mut db, order).await?))
    }
}
