//! What the service tells, and what it hears.

mod on_order_cancelled;
mod on_order_cancelling;
mod on_ticket_changed;

use common::types::Timestamp;
use event_kit::{Listeners, outbox};
use fleet_contract::events::{
    CourierAtDropoff, CourierAtPickup, CourierNearby, DeliveryAssigned, DeliveryCancelled,
    DeliveryCompleted, DeliveryFailed, DeliveryPickedUp, DeliveryPlanned,
};
use postgres_kit::{PgConnection, StoreError};

use crate::{
    App,
    domain::{Delivery, State, Step},
};

/// Everything this service hears.
#[must_use]
pub fn listeners(app: &App) -> Listeners {
    Listeners::new("fleet")
        .on(app, on_ticket_changed::handle)
        .on(app, on_order_cancelling::handle)
        .on(app, on_order_cancelled::handle)
}

macro_rules! told {
    ($fact:ident, $delivery:expr, $at:expr, $device_time:expr, $reason:expr) => {
        $fact {
            delivery_id: $delivery.errand.id,
            order_id: $delivery.errand.order,
            cell: $delivery.errand.cell.clone(),
            courier_id: $delivery.holder().map(|holder| holder.courier),
            vehicle_id: $delivery.holder().map(|holder| holder.vehicle),
            at: $at,
            device_time: $device_time,
            reason: $reason,
        }
    };
}

/// Tells of a step; one that keeps the state is nobody's business.
pub(crate) async fn stage(
    tx: &mut PgConnection,
    delivery: &Delivery,
    step: &Step,
) -> Result<(), StoreError> {
    if step.from == Some(step.to) {
        return Ok(());
    }
    let reason = Some(step.cause.to_owned());
    macro_rules! stage {
        ($fact:ident) => {
            outbox::stage(tx, &told!($fact, delivery, step.at, step.device_time, reason)).await
        };
    }
    match step.to {
        State::Pending => stage!(DeliveryPlanned),
        State::Assigned => stage!(DeliveryAssigned),
        State::AtPickup => stage!(CourierAtPickup),
        State::PickedUp => stage!(DeliveryPickedUp),
        State::AtDropoff => stage!(CourierAtDropoff),
        State::Delivered => stage!(DeliveryCompleted),
        State::Failed => stage!(DeliveryFailed),
        State::Cancelled => stage!(DeliveryCancelled),
        State::Offered | State::Held | State::Returning | State::Returned => Ok(()),
    }
}

/// Tells that the courier is near the door.
pub(crate) async fn stage_nearby(
    tx: &mut PgConnection,
    delivery: &Delivery,
    at: Timestamp,
) -> Result<(), StoreError> {
    outbox::stage(tx, &told!(CourierNearby, delivery, at, None, None)).await
}
