//! Domain words to wire words and back.

use common::types::{DeliveryId, OrderId, Timestamp, VehicleId};
pub(super) use fleet_contract::http::{
    AssignDelivery, CancelledDelivery, Courier, Couriers, CreateDelivery, Deliveries, Delivery,
    DeliveryEvent, DeliveryEventKind, PutCourier, PutVehicle, SetAvailability, TrackedPosition,
    Vehicle, VehicleKind, Vehicles,
};

use crate::{
    app::Said,
    domain::{self, Fix, Presence, SeenVehicle},
};

impl From<&domain::Delivery> for Delivery {
    fn from(delivery: &domain::Delivery) -> Self {
        let errand = delivery.errand.clone();
        Self {
            delivery_id: errand.id,
            order_id: errand.order,
            store_id: errand.store,
            cell: errand.cell,
            state: delivery.state().name().to_owned(),
            courier_id: delivery.holder().map(|holder| holder.courier),
            vehicle_id: delivery.holder().map(|holder| holder.vehicle),
            pickup: errand.pickup,
            pickup_name: errand.pickup_name,
            dropoff: errand.dropoff,
            dropoff_text: errand.dropoff_text,
            instructions: errand.instructions,
            ready: delivery.is_ready(),
            promise_at: errand.promise_at,
            created_at: errand.created_at,
            version: delivery.version(),
        }
    }
}

pub(super) fn errand(body: &CreateDelivery, id: DeliveryId, now: Timestamp) -> domain::Errand {
    domain::Errand {
        id,
        order: body.order_id,
        store: body.store_id,
        cell: body.cell.clone(),
        customer: body.customer_id,
        pickup: body.pickup,
        pickup_name: body.pickup_name.as_str().to_owned(),
        dropoff: body.dropoff,
        dropoff_text: body.dropoff_text.as_str().to_owned(),
        instructions: body.instructions.as_ref().map(|text| text.as_str().to_owned()),
        promise_at: body.promise_at,
        created_at: now,
    }
}

impl From<DeliveryEventKind> for domain::FactKind {
    fn from(kind: DeliveryEventKind) -> Self {
        match kind {
            DeliveryEventKind::ArrivePickup => Self::ArrivePickup,
            DeliveryEventKind::Pickup => Self::Pickup,
            DeliveryEventKind::ArriveDropoff => Self::ArriveDropoff,
            DeliveryEventKind::Deliver => Self::Deliver,
            DeliveryEventKind::Fail => Self::Fail,
            DeliveryEventKind::Decline => Self::Decline,
        }
    }
}

pub(super) fn said(delivery: DeliveryId, event: DeliveryEvent) -> Said {
    Said {
        event: event.event_id,
        delivery,
        seq: event.seq,
        kind: event.kind.into(),
        device_time: event.device_time,
        place: event.position,
        proof: event.proof.map(String::from),
    }
}

impl From<VehicleKind> for domain::VehicleKind {
    fn from(kind: VehicleKind) -> Self {
        match kind {
            VehicleKind::Bike => Self::Bike,
            VehicleKind::CargoBike => Self::CargoBike,
            VehicleKind::Scooter => Self::Scooter,
            VehicleKind::Car => Self::Car,
            VehicleKind::Van => Self::Van,
            VehicleKind::Truck => Self::Truck,
            VehicleKind::Trailer => Self::Trailer,
        }
    }
}

impl From<domain::VehicleKind> for VehicleKind {
    fn from(kind: domain::VehicleKind) -> Self {
        match kind {
            domain::VehicleKind::Bike => Self::Bike,
            domain::VehicleKind::CargoBike => Self::CargoBike,
            domain::VehicleKind::Scooter => Self::Scooter,
            domain::VehicleKind::Car => Self::Car,
            domain::VehicleKind::Van => Self::Van,
            domain::VehicleKind::Truck => Self::Truck,
            domain::VehicleKind::Trailer => Self::Trailer,
        }
    }
}

pub(super) fn vehicle_to_be(id: VehicleId, body: PutVehicle) -> domain::Vehicle {
    domain::Vehicle {
        id,
        name: body.name.into(),
        kind: body.kind.into(),
        cell: body.cell,
        version: 1,
    }
}

pub(super) fn vehicle((seen, presence): (SeenVehicle, Presence)) -> Vehicle {
    Vehicle {
        vehicle_id: seen.vehicle.id,
        name: seen.vehicle.name,
        kind: seen.vehicle.kind.into(),
        cell: seen.vehicle.cell,
        position: seen.position.map(|(place, _)| place),
        position_at: seen.position.map(|(_, at)| at),
        presence: presence.name().to_owned(),
        version: seen.vehicle.version,
    }
}

impl From<domain::Courier> for Courier {
    fn from(courier: domain::Courier) -> Self {
        Self {
            courier_id: courier.id,
            name: courier.name,
            vehicle_id: courier.vehicle,
            cell: courier.cell,
            state: courier.state.name().to_owned(),
            version: courier.version,
        }
    }
}

pub(super) fn tracked(order: OrderId, fix: &Fix) -> TrackedPosition {
    TrackedPosition {
        order_id: order,
        position: fix.place,
        at: fix.at,
        speed_mps: fix.speed_mps,
        course_deg: fix.course_deg,
    }
}
