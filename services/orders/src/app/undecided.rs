//! Orders that wait for an answer that stays away, before they are decided.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use common::types::OrderId;
use service_kit::Undertaking;
use tokio::time::Instant;

/// Forward steps are asked again after 5 s at most: whoever waits longer is with another process.
const WITH_US: Duration = Duration::from_secs(30);

/// The undertakings of orders that no worker holds: while there are too many, no more are begun.
#[derive(Debug, Clone, Default)]
pub(crate) struct Undecided(Arc<Mutex<HashMap<OrderId, (Undertaking, Instant)>>>);

impl Undecided {
    /// Gives the place of `undertaking` to another; `order` still counts as undecided.
    pub(crate) fn keep(&self, order: OrderId, undertaking: Undertaking) {
        undertaking.rests();
        self.lock().insert(order, (undertaking, Instant::now() + WITH_US));
    }

    /// Takes the undertaking of an order that somebody works on again.
    pub(crate) fn take(&self, order: OrderId) -> Undertaking {
        self.lock().remove(&order).map(|(undertaking, _)| undertaking).unwrap_or_default()
    }

    /// Forgets the orders that others decide.
    pub(crate) fn forget_old(&self) {
        let now = Instant::now();
        self.lock().retain(|_, (_, until)| *until > now);
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrderId, (Undertaking, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
