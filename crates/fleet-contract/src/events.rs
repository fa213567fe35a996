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

#[cfg(test)]
mod tests {
    use super::*;

    const ON_THE_WIRE: &str = concat!(
        r#"{"delivery_id":"0191e4b0-0000-7000-8000-000000000001","#,
        r#""order_id":"0191e4b0-0000-5000-8000-000000000002","cell":"east-a","#,
        r#""courier_id":"0191e4b0-0000-7000-8000-000000000003","#,
        r#""vehicle_id":"0191e4b0-0000-7000-8000-000000000004","#,
        r#""at":"2026-11-20T12:00:00Z","device_time":"2026-11-20T11:59:58Z","reason":"deliver"}"#,
    );

    #[test]
    fn the_shape_on_the_wire_is_the_shape_we_promised() {
        let fact: DeliveryCompleted = serde_json::from_str(ON_THE_WIRE).unwrap();

        assert_eq!(serde_json::to_string(&fact).unwrap(), ON_THE_WIRE);
        assert_eq!(fact.key(), "0191e4b0-0000-7000-8000-000000000001");
    }

    #[test]
    fn a_field_that_we_do_not_know_yet_is_no_trouble() {
        let newer = ON_THE_WIRE.replace("\"cell\"", "\"added_later\":1,\"cell\"");
        assert!(serde_json::from_str::<DeliveryCompleted>(&newer).is_ok());
    }
}
