//! Signing out.

use common::types::Principal;
use postgres_kit::StoreError;

use crate::{App, store, tokens::digest};

impl App {
    /// Ends the session of one of the caller's refresh tokens. A token of somebody else, or of nobody,
    /// changes nothing and looks the same.
    #[tracing::instrument(name = "identity.log_out", skip_all)]
    pub(crate) async fn log_out(
        &self,
        principal: &Principal,
        token: &str,
    ) -> Result<(), StoreError> {
        let mut db = self.db.acquire().await?;
        store::sessions::end_own(&mut db, principal, &digest(token), self.clock.now()).await
    }
}
