//! Couriers.

use common::types::Text;
use fleet_contract::http::CreateDelivery;
use service_kit::Client;

use super::{ask, key_of};
use crate::domain::{Call, Heard, Order, StoreTerms};

/// The fleet service.
#[derive(Debug, Clone)]
pub struct Fleet(Client);

impl Fleet {
    /// Asks by `client`.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self(client)
    }

    /// Asks for an order to be brought from its store.
    pub(crate) async fn deliver(&self, order: &Order, store: &StoreTerms) -> Option<Heard> {
        let address = order.address.as_ref()?;
        let body = CreateDelivery {
            order_id: order.id,
            store_id: order.store,
            cell: order.cell.clone(),
            customer_id: order.customer,
            pickup: store.location,
            pickup_name: Text::new(&store.name).unwrap_or_default(),
            dropoff: address.place,
            dropoff_text: Text::new(&address.text).unwrap_or_default(),
            instructions: address.instructions.as_deref().and_then(|text| Text::new(text).ok()),
            promise_at: order.promise_at,
        };
        let call = self.0.post("/v1/internal/deliveries").key(&key_of(order, Call::Deliver));
        ask(call.json(&body)).await
    }

    /// Calls the delivery of an order off; one never seen is remembered as called off.
    pub(crate) async fn recall(&self, order: &Order) -> Option<Heard> {
        let path = format!("/v1/internal/deliveries/{}/cancel", order.id);
        ask(self.0.post(path).key(&key_of(order, Call::Recall))).await
    }
}
