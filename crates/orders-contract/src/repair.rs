//! What a sweeper may ask (`GET /v1/internal/orders/{order_id}/standing`).

use common::types::OrderId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether an order still needs what is held for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Standing {
    /// The order.
    pub order_id: OrderId,
    /// Its state, in the words of `docs/STATES.md`.
    pub state: String,
    /// False once the order has ended without its goods: a hold may go.
    pub holds_stock: bool,
}
