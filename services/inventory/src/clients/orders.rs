//! What we ask of orders, and only while nobody waits.

use common::types::OrderId;
use orders_contract::repair;
use service_kit::{CallError, Client};

/// The orders service, as the sweeper needs it.
#[derive(Debug, Clone)]
pub struct Orders {
    client: Client,
}

/// Whether an order still needs what is held for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It does.
    Needs,
    /// It has ended without its goods.
    Ended,
    /// Orders says for certain that there is no such order.
    NoSuchOrder,
}

impl Orders {
    /// Speaks through `client`.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { client }
    }

    /// Asks how an order stands.
    pub(crate) async fn standing(&self, order: OrderId) -> Result<Standing, CallError> {
        let path = format!("/v1/internal/orders/{order}/standing");
        match self.client.get(path).send::<repair::Standing>().await {
            Ok(standing) if standing.holds_stock => Ok(Standing::Needs),
            Ok(_ended) => Ok(Standing::Ended),
            Err(CallError::Refused { status: 404, code, .. }) if code == "no-such-order" => {
                Ok(Standing::NoSuchOrder)
            }
            Err(error) => Err(error),
        }
    }
}
