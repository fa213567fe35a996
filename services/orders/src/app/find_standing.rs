//! Whether an order still needs what is held for it.

use common::types::OrderId;

use super::FindOrderError;
use crate::{
    App,
    domain::{Owner, State},
};

impl App {
    /// The state of an order, for a sweeper that found an old hold.
    pub(crate) async fn find_standing(&self, id: OrderId) -> Result<State, FindOrderError> {
        Ok(self.find_order(Owner::Everyone, id).await?.state)
    }
}
