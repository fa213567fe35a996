//! Facts that the fleet service tells.

use common::types::{Cell, CourierId, DeliveryId, Event, OrderId, Timestamp, VehicleId};
use serde::{Deserialize, Serialize};

macro_rules! delivery_facts {
    ($($(#[$doc:meta])* $name:ident = $type:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {
            /// The delivery.
            pub delivery_id: DeliveryId,
            /// The order.
            pub order_id: OrderId,
            /// The cell that owns the order.
            pub cell: Cell,
            /// Who brings it.
            pub courier_id: Option<CourierId>,
            /// With what.
            pub vehicle_id: Option<VehicleId>,
            /// When the server took note.
            pub at: Timestamp,
            /// When, by the device's clock.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub device_time: Option<Timestamp>,
            /// Why, where there is a reason.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub reason: Option<String>,
        }

        impl Event for $name {
            const TYPE: &'static str = $type;

            fn key(&self) -> String {
                self.delivery_id.to_string()
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

delivery_facts! {
    /// The delivery is known; nobody has it yet.
    DeliveryPlanned = "com.cloudeats.fleet.delivery_planned.v1",
    /// A courier has it.
    DeliveryAssigned = "com.cloudeats.fleet.delivery_assigned.v1",
    /// The courier is at the store.
    CourierAtPickup = "com.cloudeats.fleet.courier_at_pickup.v1",
    /// The courier has the goods.
    DeliveryPickedUp = "com.cloudeats.fleet.delivery_picked_up.v1",
    /// The courier is within 300 m of the door.
    CourierNearby = "com.cloudeats.fleet.courier_nearby.v1",
    /// The courier is at the door.
    CourierAtDropoff = "com.cloudeats.fleet.courier_at_dropoff.v1",
    /// The customer has the goods.
    DeliveryCompleted = "com.cloudeats.fleet.delivery_completed.v1",
    /// The goods could not be handed over.
    DeliveryFailed = "com.cloudeats.fleet.delivery_failed.v1",
    /// It was called off.
    DeliveryCancelled = "com.cloudeats.fleet.delivery_cancelled.v1",
}
