//! Facts that the orders service tells.

use common::types::{
    Cell, Currency, CustomerId, Event, ItemId, OrderId, Quantity, StoreId, TicketId, Timestamp,
};
use serde::{Deserialize, Serialize};

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The item.
    pub item_id: ItemId,
    /// How many.
    pub quantity: Quantity,
    /// Price of one with its options.
    pub unit_minor: i64,
    /// Slugs of the chosen options.
    pub options: Vec<String>,
}

macro_rules! order_facts {
    ($($(#[$doc:meta])* $name:ident = $type:literal { $($(#[$field_doc:meta])* $field:ident: $kind:ty),* $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {
            /// The order.
            pub order_id: OrderId,
            /// Who ordered.
            pub customer_id: CustomerId,
            /// The store.
            pub store_id: StoreId,
            /// The cell that owns the store.
            pub cell: Cell,
            $($(#[$field_doc])* pub $field: $kind,)*
        }

        impl Event for $name {
            const TYPE: &'static str = $type;

            fn key(&self) -> String {
                self.order_id.to_string()
            }

            fn order(&self) -> Option<OrderId> {
                Some(self.order_id)
            }

            fn cell(&self) -> Option<&Cell> {
                Some(&self.cell)
            }
        }
    )+};
}

order_facts! {
    /// An order was accepted; nothing is held yet.
    OrderPlaced = "com.cloudeats.orders.order_placed.v1" {
        /// `delivery` or `pickup`.
        fulfilment: String,
        /// What was ordered.
        lines: Vec<Line>,
        /// What it costs.
        total_minor: i64,
        /// Of what.
        currency: Currency,
    }
    /// Stock is held and the money authorized; the kitchen has it.
    OrderConfirmed = "com.cloudeats.orders.order_confirmed.v1" {
        /// `delivery` or `pickup`.
        fulfilment: String,
        /// By when it should be there.
        promise_at: Option<Timestamp>,
        /// What was ordered.
        lines: Vec<Line>,
        /// What the provider holds for us.
        authorized_minor: i64,
        /// Of what.
        currency: Currency,
    }
    /// It was never confirmed; nothing is held.
    OrderRejected = "com.cloudeats.orders.order_rejected.v1" {
        /// Why: `out-of-stock`, `payment-declined` and so on.
        reason: String,
    }
    /// The kitchen works on it.
    OrderPreparing = "com.cloudeats.orders.order_preparing.v1" {
        /// When.
        at: Timestamp,
        /// By when it should be there.
        promise_at: Option<Timestamp>,
    }
    /// It can be collected.
    OrderReady = "com.cloudeats.orders.order_ready.v1" {
        /// When.
        at: Timestamp,
        /// By when it should be there.
        promise_at: Option<Timestamp>,
    }
    /// A courier has it.
    OrderDispatched = "com.cloudeats.orders.order_dispatched.v1" {
        /// When.
        at: Timestamp,
        /// By when it should be there.
        promise_at: Option<Timestamp>,
    }
    /// The customer has it.
    OrderDelivered = "com.cloudeats.orders.order_delivered.v1" {
        /// When.
        at: Timestamp,
    }
    /// It did not reach the customer.
    OrderUndelivered = "com.cloudeats.orders.order_undelivered.v1" {
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    }
    /// It is being undone; stock and money are on their way back.
    OrderCancelling = "com.cloudeats.orders.order_cancelling.v1" {
        /// Why.
        cause: String,
        /// `customer`, `staff`, `support` or `machine`.
        actor_role: String,
    }
    /// It was undone; nothing is held.
    OrderCancelled = "com.cloudeats.orders.order_cancelled.v1" {
        /// Why.
        cause: String,
        /// `customer`, `staff`, `support` or `machine`.
        actor_role: String,
    }
    /// Delivered and paid.
    OrderCompleted = "com.cloudeats.orders.order_completed.v1" {
        /// What was taken.
        captured_minor: i64,
        /// Goods in it, from which points are earned.
        goods_minor: i64,
        /// Tip in it.
        tip_minor: i64,
        /// Of what.
        currency: Currency,
        /// `paid` or `unpaid`.
        outcome: String,
        /// When.
        completed_at: Timestamp,
    }
    /// A kitchen ticket took a step.
    TicketChanged = "com.cloudeats.orders.ticket_changed.v1" {
        /// The ticket.
        ticket_id: TicketId,
        /// The state of the ticket.
        state: String,
        /// By when the customer was promised it.
        promised_at: Option<Timestamp>,
        /// When it is likely to be ready.
        ready_p50: Option<Timestamp>,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON_THE_WIRE: &str = concat!(
        r#"{"order_id":"0191e4b0-0000-5000-8000-000000000001","#,
        r#""customer_id":"0191e4b0-0000-7000-8000-000000000002","#,
        r#""store_id":"0191e4b0-0000-7000-8000-000000000003","cell":"east-a","#,
        r#""cause":"customer_changed_mind","actor_role":"customer"}"#,
    );

    #[test]
    fn the_shape_on_the_wire_is_the_shape_we_promised() {
        let fact: OrderCancelling = serde_json::from_str(ON_THE_WIRE).unwrap();

        assert_eq!(serde_json::to_string(&fact).unwrap(), ON_THE_WIRE);
        assert_eq!(fact.key(), "0191e4b0-0000-5000-8000-000000000001");
    }

    #[test]
    fn a_field_that_we_do_not_know_yet_is_no_trouble() {
        let newer = ON_THE_WIRE.replace("\"cause\"", "\"added_later\":1,\"cause\"");
        assert!(serde_json::from_str::<OrderCancelling>(&newer).is_ok());
    }
}
