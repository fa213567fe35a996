//! Orders under way, from the projection, or from the record while that is away.

use common::types::{Class, CustomerId, Fault, StoreId};
use dynamo_kit::tables;
use orders_contract::http::ActiveOrder;
use postgres_kit::StoreError;

use crate::{App, domain::Owner, projection::ActiveRow, store, wire};

/// Most rows of the list.
const ROWS_MAX: u16 = 500;

/// Whose orders.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ActiveOf {
    Customer(CustomerId),
    Store(StoreId),
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListActiveError {
    #[error("neither projection nor record could be read")]
    Store(#[from] StoreError),
}

impl Fault for ListActiveError {
    fn class(&self) -> Class {
        let Self::Store(error) = self;
        error.class()
    }

    fn code(&self) -> &'static str {
        let Self::Store(error) = self;
        error.code()
    }
}

impl App {
    /// Lists orders under way, oldest first, and says where the list is from: `projection` or `record`.
    pub(crate) async fn list_active_orders(
        &self,
        of: ActiveOf,
    ) -> Result<(Vec<ActiveOrder>, &'static str), ListActiveError> {
        let (index, key) = match of {
            ActiveOf::Customer(customer) => (&tables::BY_CUSTOMER, customer.as_uuid()),
            ActiveOf::Store(store) => (&tables::BY_STORE, store.as_uuid()),
        };
        let query = self.dynamo.query::<ActiveRow>(&tables::ACTIVE_ORDERS, Some(index), key);
        match query.limit(ROWS_MAX).all().await {
            Ok(rows) => {
                let open = rows.into_iter().filter(|row| row.expires_at.is_none());
                Ok((open.map(ActiveOrder::from).collect(), "projection"))
            }
            Err(error) => {
                tracing::warn!(error = %error, "the projection is away; the record answers");
                self.list_recorded(of).await
            }
        }
    }

    async fn list_recorded(
        &self,
        of: ActiveOf,
    ) -> Result<(Vec<ActiveOrder>, &'static str), ListActiveError> {
        let stores;
        let owner = match of {
            ActiveOf::Customer(customer) => Owner::Customer(customer),
            ActiveOf::Store(store) => {
                stores = [store];
                Owner::Stores(&stores)
            }
        };
        let mut db = self.db.acquire().await?;
        let orders = store::orders::list_active(&mut db, owner, i64::from(ROWS_MAX)).await?;
        Ok((orders.iter().map(wire::active_order).collect(), "record"))
    }
}
