//! What couriers say they did.

use std::time::Duration;

use common::types::{CourierId, DeliveryId, GeoPoint, Timestamp, VehicleId};
use uuid::Uuid;

use super::kept_words;

/// A device's clock may be so far ahead of ours.
const AHEAD_MAX: Duration = Duration::from_mins(1);
/// A fact may come so late (N-13).
const LATE_MAX: Duration = Duration::from_hours(72);

kept_words! {
    /// What a courier can do with a delivery.
    FactKind {
        /// Is at the store.
        ArrivePickup = "arrive_pickup",
        /// Has the goods.
        Pickup = "pickup",
        /// Is at the door.
        ArriveDropoff = "arrive_dropoff",
        /// Has handed them over.
        Deliver = "deliver",
        /// Could not hand them over.
        Fail = "fail",
        /// Gives it back.
        Decline = "decline",
    }
}

/// Something that a courier's device says was done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fact {
    pub(crate) id: Uuid,
    pub(crate) delivery: DeliveryId,
    pub(crate) courier: CourierId,
    pub(crate) vehicle: VehicleId,
    pub(crate) seq: i64,
    pub(crate) kind: FactKind,
    pub(crate) device_time: Timestamp,
    pub(crate) place: GeoPoint,
    pub(crate) proof: Option<String>,
}

kept_words! {
    /// Why a fact has no effect. All but the first are final.
    Refusal {
        /// The kitchen has not finished: ask again.
        NotReady = "not-ready",
        /// Handed over too far from the door.
        NotAtTheDoor = "not-at-the-door",
        /// The device's clock says what cannot be.
        ImplausibleTime = "implausible-time",
        /// What was collected is brought.
        AlreadyPickedUp = "already-picked-up",
        /// It has ended otherwise.
        Ended = "delivery-ended",
        /// Another courier has it.
        Reassigned = "delivery-reassigned",
    }
}

/// What a person has to look at besides refused facts: the order was cancelled, and its courier goes on.
pub(crate) const CANCELLED_ON_THE_WAY: &str = "cancelled-on-the-way";

impl Refusal {
    /// Whether somebody has to look at it.
    pub(crate) const fn is_incident(self) -> bool {
        match self {
            Self::NotReady | Self::AlreadyPickedUp => false,
            Self::NotAtTheDoor | Self::ImplausibleTime | Self::Ended | Self::Reassigned => true,
        }
    }
}

impl Fact {
    /// Whether the device's clock can be believed.
    pub(crate) fn is_timely(&self, now: Timestamp) -> bool {
        let late = now.duration_since(self.device_time);
        late <= jiff::SignedDuration::try_from(LATE_MAX).unwrap_or(jiff::SignedDuration::MAX)
            && late.as_secs_f64() >= -AHEAD_MAX.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_may_be_three_days_late_and_a_minute_early() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        for (device_time, timely) in [
            ("2026-11-20T12:00:00Z", true),
            ("2026-11-20T12:01:00Z", true),
            ("2026-11-20T12:01:01Z", false),
            ("2026-11-17T12:00:00Z", true),
            ("2026-11-17T11:59:59Z", false),
        ] {
            let fact = Fact {
                id: Uuid::nil(),
                delivery: DeliveryId::from_uuid(Uuid::nil()),
                courier: CourierId::from_uuid(Uuid::nil()),
                vehicle: VehicleId::from_uuid(Uuid::nil()),
                seq: 1,
                kind: FactKind::Deliver,
                device_time: device_time.parse().unwrap(),
                place: GeoPoint::new(1.0, 1.0).unwrap(),
                proof: None,
            };
            assert_eq!(fact.is_timely(now), timely, "{device_time}");
        }
    }
}
