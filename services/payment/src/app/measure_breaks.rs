//! Measures what waits for a person.

use postgres_kit::StoreError;

use crate::{App, metrics, store};

impl App {
    /// Counts the open breaks, whichever process found them: all of them say the same.
    pub(crate) async fn measure_breaks(&self) -> Result<(), StoreError> {
        metrics::breaks_open(store::recon::count_open(&mut *self.db.acquire().await?).await?);
        Ok(())
    }
}
