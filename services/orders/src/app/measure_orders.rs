//! Measures how long orders wait.

use postgres_kit::StoreError;

use crate::{App, metrics, store};

impl App {
    /// Measures, for those who watch.
    pub(crate) async fn measure_orders(&self) -> Result<(), StoreError> {
        let mut db = self.db.acquire().await?;
        metrics::orders_wait(store::measures::measure(&mut db).await?);
        Ok(())
    }
}
