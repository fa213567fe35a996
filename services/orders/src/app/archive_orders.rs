//! Moving orders that ended long ago out of the way of those under way.

use postgres_kit::StoreError;

use crate::{App, store};

/// So long after its end an order is still among those under way.
const KEPT_HOURS: f64 = 72.0;
/// Orders moved in one transaction.
const TURN: i64 = 500;

impl App {
    /// Moves orders that ended more than 72 h ago to the archive, a few hundred at a time.
    pub(crate) async fn archive_orders(&self) -> Result<(), StoreError> {
        loop {
            let mut tx = self.db.begin().await?;
            let moved = store::archive::move_ended(&mut tx, KEPT_HOURS, TURN).await?;
            tx.commit().await?;
            if moved == 0 {
                return Ok(());
            }
        }
    }
}
