//! Somebody who orders once, waits as long as a customer does, and neither looks nor comes again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use common::types::{Clock, SystemClock};
use hyper::header::HeaderValue;
use tokio::time::Instant;

use super::timeline::{Fate, Timeline};
use crate::axis::customer::{ORDERS, Promises, placed};
use crate::axis::shop::Shop;
use crate::client::{Failure, Operate, Wire};

/// An answer that comes later is of no use to anybody.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// One hand that orders.
pub(super) struct Guest {
    wire: Wire,
    bearer: HeaderValue,
    order: Bytes,
    promises: Promises,
    timeline: Arc<Timeline>,
}

impl Guest {
    /// So many hands, each ordering for one of the customers who prove with `bearers` who they are.
    pub(super) fn of(
        shop: &Shop,
        bearers: &[HeaderValue],
        hands: usize,
        timeline: &Arc<Timeline>,
    ) -> Vec<Self> {
        let wire = shop.wire.clone().patient_for(PATIENCE);
        let guest = |bearer: &HeaderValue| Self {
            wire: wire.clone(),
            bearer: bearer.clone(),
            order: shop.order.clone(),
            promises: shop.promises.clone(),
            timeline: Arc::clone(timeline),
        };
        bearers.iter().cycle().take(hands).map(guest).collect()
    }
}

impl Operate for Guest {
    async fn once(&mut self) -> Result<(), Failure> {
        self.once_due(Instant::now()).await
    }

    /// Whoever is told that the order is taken goes away content: the saga is looked at elsewhere.
    async fn once_due(&mut self, meant: Instant) -> Result<(), Failure> {
        let sent = Instant::now();
        let key = SystemClock.new_id().to_string();
        let reply = self.wire.post(ORDERS, Some(&self.bearer), &key, self.order.clone()).await;
        self.timeline.note(meant, sent, Fate::of(&reply));
        let placed = placed(&reply?)?;
        self.promises.keep(placed.order_id, placed.is_confirmed());
        Ok(())
    }
}
