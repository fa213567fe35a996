//! Use cases: read the books.

use common::types::{Currency, OrderId};
use postgres_kit::StoreError;
use uuid::Uuid;

use crate::{
    App,
    store::{
        self,
        ledger::{Balance, Entry},
    },
};

impl App {
    /// Acts older than `before`, newest first, of one order or of all.
    pub(crate) async fn list_ledger_entries(
        &self,
        order: Option<OrderId>,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut db = self.db.acquire().await?;
        store::ledger::list_entries(&mut db, order, before, limit.into()).await
    }

    /// What stands on the accounts that come after `after`.
    pub(crate) async fn list_ledger_balances(
        &self,
        after: Option<(String, Currency)>,
        limit: u32,
    ) -> Result<Vec<Balance>, StoreError> {
        let mut db = self.db.acquire().await?;
        store::ledger::list_balances(&mut db, after, limit.into()).await
    }
}
