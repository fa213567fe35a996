//! What came and went.

use common::types::{Principal, Timestamp};
use uuid::Uuid;

use super::find_store::FindError;
use crate::{
    App,
    domain::{ItemNamed, Moved, StoreNamed},
    store,
};

impl App {
    /// Movements of an item, newest first, for those who work in its store.
    #[tracing::instrument(name = "inventory.list_movements", skip_all)]
    pub(crate) async fn list_movements(
        &self,
        by: &Principal,
        place: &StoreNamed,
        item: &ItemNamed,
        after: Option<(Timestamp, Uuid)>,
        limit: u32,
    ) -> Result<Vec<Moved>, FindError> {
        let (store, item) = self.locate(place, item).await?;
        if !by.may_act_for(store) {
            return Err(FindError::NoSuchItem);
        }
        let mut db = self.db.acquire().await?;
        Ok(store::movements::list(&mut db, store, item, after, i64::from(limit)).await?)
    }
}
