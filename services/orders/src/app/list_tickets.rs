//! The kitchen's board.

use common::types::{StoreId, TicketId, Timestamp};
use postgres_kit::StoreError;

use crate::{
    App,
    domain::{Ticket, TicketState},
    store,
};

impl App {
    /// Lists the tickets of a store, oldest first: those still open, or those in `state`.
    pub(crate) async fn list_tickets(
        &self,
        store: StoreId,
        state: Option<TicketState>,
        after: Option<(Timestamp, TicketId)>,
        limit: u32,
    ) -> Result<Vec<Ticket>, StoreError> {
        let mut db = self.db.acquire().await?;
        store::tickets::list(&mut db, store, state, after, i64::from(limit)).await
    }
}
