//! The history of orders.

use std::cmp::Reverse;

use common::types::{OrderId, Timestamp};
use postgres_kit::StoreError;

use crate::{
    App,
    domain::{Narrowed, Order, Owner},
    store,
};

impl App {
    /// Lists the owner's orders, newest first, after the one created at `after`: those of the record and those
    /// of the archive.
    pub(crate) async fn list_orders(
        &self,
        owner: Owner<'_>,
        narrowed: Narrowed,
        after: Option<(Timestamp, OrderId)>,
        limit: u32,
    ) -> Result<Vec<Order>, StoreError> {
        let mut db = self.db.acquire().await?;
        let most = i64::from(limit);
        let mut orders = store::orders::list(&mut db, owner, narrowed, after, most).await?;
        orders.extend(store::archive::list(&mut db, owner, narrowed, after, most).await?);
        orders.sort_by_key(|order| Reverse((order.created_at, order.id)));
        orders.truncate(limit as usize);
        Ok(orders)
    }
}
