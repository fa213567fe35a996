//! Stock.

use common::types::{Text, Timestamp};
use inventory_contract::http::{Reserve, ReserveLine};
use jiff::SignedDuration;
use service_kit::Client;

use super::{ask, key_of};
use crate::domain::{Call, Heard, Order};

/// The inventory service.
#[derive(Debug, Clone)]
pub struct Inventory(Client);

/// A hold outlives the deadline of its order by this, so that only a sweeper who has asked frees it.
const HOLD_BEYOND_S: i64 = 60;

impl Inventory {
    /// Asks by `client`.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self(client)
    }

    /// Holds all lines of an order, or none.
    pub(crate) async fn reserve(&self, order: &Order, now: Timestamp) -> Option<Heard> {
        let left: SignedDuration = order.deadline_at.duration_since(now);
        let hold_s = u32::try_from(left.as_secs() + HOLD_BEYOND_S).unwrap_or(1);
        let lines = order.lines.iter().map(|line| ReserveLine {
            item_id: line.item,
            quantity: line.quantity,
            options: line.options.iter().filter_map(|slug| Text::new(slug).ok()).collect(),
        });
        let body =
            Reserve { order_id: order.id, store_id: order.store, lines: lines.collect(), hold_s };
        // Without a key the client does not repeat it by itself: a refusal then is the answer to the one
        // request that was made. The order is the key.
        ask(self.0.post("/v1/internal/reservations").json(&body)).await
    }

    /// Frees what is held; an order never seen is remembered as freed.
    pub(crate) async fn release(&self, order: &Order) -> Option<Heard> {
        self.step(order, Call::Release).await
    }

    /// Tells that the goods have left the store.
    pub(crate) async fn ship(&self, order: &Order) -> Option<Heard> {
        self.step(order, Call::Ship).await
    }

    async fn step(&self, order: &Order, step: Call) -> Option<Heard> {
        let path = format!("/v1/internal/reservations/{}/{}", order.id, step.name());
        ask(self.0.post(path).key(&key_of(order, step))).await
    }
}
