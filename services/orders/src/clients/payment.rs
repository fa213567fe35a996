//! Money.

use std::time::Duration;

use common::types::Text;
use payment_contract::http::{Authorize, Capture};
use service_kit::Client;

use super::{ask, key_of};
use crate::domain::{Call, Heard, Order};

/// The payment service.
#[derive(Debug, Clone)]
pub struct Payment(Client);

/// The provider behind the service may take 5 s; what takes longer is asked for again.
const PATIENCE: Duration = Duration::from_millis(5_500);

impl Payment {
    /// Asks by `client`.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self(client)
    }

    /// Holds the money for an order.
    pub(crate) async fn authorize(&self, order: &Order) -> Option<Heard> {
        let body = Authorize {
            order_id: order.id,
            customer_id: order.customer,
            store_id: order.store,
            cell: order.cell.clone(),
            amount_minor: minor(order),
            currency: order.totals.currency,
            payment_method_id: Text::new(&order.payment_method).unwrap_or_default(),
            generation: u16::try_from(order.generation).unwrap_or(u16::MAX),
        };
        let call = self.0.post("/v1/internal/payments").key(&key_of(order, Call::Authorize));
        ask(call.json(&body).timeout(PATIENCE)).await
    }

    /// Takes the money for an order.
    pub(crate) async fn capture(&self, order: &Order) -> Option<Heard> {
        let path = format!("/v1/internal/payments/{}/capture", order.id);
        let body = Capture { amount_minor: minor(order) };
        let call = self.0.post(path).key(&key_of(order, Call::Capture));
        ask(call.json(&body).timeout(PATIENCE)).await
    }

    /// Frees the money; an order never seen is remembered as freed.
    pub(crate) async fn void(&self, order: &Order) -> Option<Heard> {
        let path = format!("/v1/internal/payments/{}/void", order.id);
        ask(self.0.post(path).key(&key_of(order, Call::Void)).timeout(PATIENCE)).await
    }
}

/// At most 100 000 000, by the table's own check.
fn minor(order: &Order) -> u32 {
    u32::try_from(order.totals.total_minor).unwrap_or(0)
}
