//! Couriers.

use common::types::{Cell, CourierId, VehicleId};

use super::kept_words;

kept_words! {
    /// What a courier is about (FEATURES 5.1).
    CourierState {
        /// Does not work.
        Off = "OFF",
        /// Waits for a delivery.
        Available = "AVAILABLE",
        /// Has been offered one.
        Offered = "OFFERED",
        /// Has one.
        Busy = "BUSY",
        /// Rests.
        OnBreak = "ON_BREAK",
        /// May not work.
        Suspended = "SUSPENDED",
    }
}

/// Somebody who delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Courier {
    pub(crate) id: CourierId,
    pub(crate) name: String,
    pub(crate) vehicle: VehicleId,
    pub(crate) cell: Cell,
    pub(crate) state: CourierState,
    pub(crate) version: i64,
}

/// Who has a delivery, or may not work, neither leaves nor comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the courier is {}", .0.name())]
pub(crate) struct CourierBusy(CourierState);

impl Courier {
    /// Begins or ends the work; `false` where that is so already.
    pub(crate) fn set_available(&mut self, available: bool) -> Result<bool, CourierBusy> {
        use CourierState::{Available, Busy, Off, Offered, OnBreak, Suspended};
        let next = match (self.state, available) {
            (Off | OnBreak, true) => Available,
            (Available | OnBreak, false) => Off,
            (Available | Busy | Offered, true) | (Off, false) => return Ok(false),
            (Busy | Offered, false) | (Suspended, _) => return Err(CourierBusy(self.state)),
        };
        self.state = next;
        self.version += 1;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn courier(state: CourierState) -> Courier {
        Courier {
            id: CourierId::from_uuid(Uuid::from_u128(1)),
            name: "Mar".to_owned(),
            vehicle: VehicleId::from_uuid(Uuid::from_u128(2)),
            cell: Cell::parse("east-a").unwrap(),
            state,
            version: 1,
        }
    }

    #[test]
    fn work_begins_and_ends_only_between_deliveries() {
        use CourierState::{Available, Busy, Off, Suspended};
        for (from, available, expected) in [
            (Off, true, Ok(Available)),
            (Available, true, Ok(Available)),
            (Available, false, Ok(Off)),
            (Off, false, Ok(Off)),
            (Busy, true, Ok(Busy)),
            (Busy, false, Err(CourierBusy(Busy))),
            (Suspended, true, Err(CourierBusy(Suspended))),
        ] {
            let mut courier = courier(from);
            let outcome = courier.set_available(available).map(|_| courier.state);
            assert_eq!(outcome, expected, "{from:?} {available}");
        }
    }
}
