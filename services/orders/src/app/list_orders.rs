//! The history of orders.

use common::types::{OrderId, Timestamp};
use postgres_kit::StoreError;

use crate::{
    App,
    domain::{Narrowed, Order, Owner},
    store,
};

impl App {
    /// Lists the owner's orders, newest first, after the one created at `after`.
    pub(crate) async fn list_orders(
        &self,
        owner: Owner<'_>,
        narrowed: Narrowed,
        after: Option<(Timestamp, OrderId)>,
        limit: u32,
    ) -> Result<Vec<Order>, StoreError> {
        let mut db = self.db.acquire().await?;
        store::orders::list(&mut db, owner, narrowed, after, i64::from(limit)).await
    }
}
