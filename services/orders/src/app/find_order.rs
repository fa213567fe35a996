//! Finding an order.

use common::types::{Class, Fault, OrderId};
use postgres_kit::StoreError;

use crate::{
    App,
    domain::{Order, Owner},
    store,
};

/// Why an order was not found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindOrderError {
    #[error("there is no such order")]
    NoSuchOrder,
    #[error("the order could not be read")]
    Store(#[from] StoreError),
}

impl Fault for FindOrderError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchOrder => Class::Missing,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchOrder => "no-such-order",
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Finds one of the owner's orders, however long ago it ended.
    pub(crate) async fn find_order(
        &self,
        owner: Owner<'_>,
        id: OrderId,
    ) -> Result<Order, FindOrderError> {
        let mut db = self.db.acquire().await?;
        if let Some(order) = store::orders::find(&mut db, owner, id).await? {
            return Ok(order);
        }
        let archived = store::archive::find(&mut db, owner, id).await?;
        archived.ok_or(FindOrderError::NoSuchOrder)
    }
}
