//! Looking at couriers.

use common::types::{Class, CourierId, Fault};
use postgres_kit::StoreError;
use uuid::Uuid;

use crate::{App, domain::Courier, store};

/// Why a courier is not shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindCourierError {
    #[error("there is no such courier")]
    NoSuchCourier,
    #[error("the courier could not be read")]
    Store(#[from] StoreError),
}

impl Fault for FindCourierError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchCourier => Class::Missing,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchCourier => "no-such-courier",
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Finds a courier.
    pub(crate) async fn find_courier(&self, id: CourierId) -> Result<Courier, FindCourierError> {
        let courier = store::couriers::find(&mut *self.db.acquire().await?, id).await?;
        courier.ok_or(FindCourierError::NoSuchCourier)
    }

    /// Lists couriers by id.
    pub(crate) async fn list_couriers(
        &self,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<Courier>, StoreError> {
        store::couriers::list(&mut *self.db.acquire().await?, after, limit).await
    }
}
