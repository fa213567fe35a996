//! Forgetting.

use jiff::SignedDuration;
use postgres_kit::StoreError;

use crate::{App, store};

/// Clients give up on a key after a day.
const ANSWERS_KEPT: SignedDuration = SignedDuration::from_hours(72);
const ATTEMPTS_KEPT: SignedDuration = SignedDuration::from_hours(48);

impl App {
    /// Removes sessions that have expired, old answers and old counts.
    pub(crate) async fn prune(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut db = self.db.acquire().await?;
        let sessions = store::sessions::prune(&mut db, now).await?;
        let answers = postgres_kit::answers::prune(&mut db, now - ANSWERS_KEPT).await?;
        let attempts = store::attempts::prune(&mut db, now - ATTEMPTS_KEPT).await?;
        tracing::debug!(sessions, answers, attempts, "pruned");
        Ok(())
    }
}
