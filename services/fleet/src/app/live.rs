//! What this process knows of the present, for those who watch.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use common::types::{OrderId, VehicleId};
use tokio::sync::broadcast;

use crate::domain::Fix;

/// Changes that a slow watcher may lag behind, before it has to look everything up again.
const CHANGES: usize = 1_024;

/// Where vehicles are, and which deliveries have just changed. Every process hears every vehicle, so none
/// has to ask another.
pub(super) struct Live {
    fixes: Mutex<HashMap<VehicleId, Fix>>,
    changed: broadcast::Sender<OrderId>,
}

impl Default for Live {
    fn default() -> Self {
        Self { fixes: Mutex::default(), changed: broadcast::Sender::new(CHANGES) }
    }
}

impl Live {
    /// Notes where vehicles are.
    pub(super) fn move_to(&self, fixes: &[(VehicleId, Fix)]) {
        let mut known = self.fixes.lock().unwrap_or_else(PoisonError::into_inner);
        for (vehicle, fix) in fixes {
            let known = known.entry(*vehicle).or_insert(*fix);
            if fix.order() > known.order() {
                *known = *fix;
            }
        }
    }

    /// Where a vehicle is, if it was heard since this process began.
    pub(super) fn find(&self, vehicle: VehicleId) -> Option<Fix> {
        self.fixes.lock().unwrap_or_else(PoisonError::into_inner).get(&vehicle).copied()
    }

    /// Tells that the delivery of an order has changed.
    pub(super) fn tell_changed(&self, order: OrderId) {
        // Nobody watching is no error.
        let _ = self.changed.send(order);
    }

    /// Hears of changes from now on.
    pub(super) fn changes(&self) -> broadcast::Receiver<OrderId> {
        self.changed.subscribe()
    }
}
