//! Forgetting idempotency keys.

use postgres_kit::StoreError;

use crate::{App, store};

/// Clients give up after a day; a key is kept for three.
const KEPT_HOURS: f64 = 72.0;

impl App {
    /// Forgets keys older than 72 h, a thousand at a time.
    pub(crate) async fn forget_old_keys(&self) -> Result<(), StoreError> {
        let mut db = self.db.acquire().await?;
        while store::answers::delete_old(&mut db, KEPT_HOURS).await? > 0 {}
        Ok(())
    }
}
