//! Watching the courier of an order.

use std::time::Duration;

use common::types::{Class, Fault, OrderId, Principal, Role};
use futures::{Stream, stream};
use postgres_kit::StoreError;
use tokio::{
    sync::broadcast,
    time::{Instant, sleep_until},
};

use crate::{
    App,
    domain::{Delivery, Fix, State},
    store,
};

/// At most one position in so long.
const TICK: Duration = Duration::from_secs(1);
/// Another process may change a delivery; we look as often as this.
const LOOK: Duration = Duration::from_secs(5);

/// Who may follow any order.
const SEES_ALL: [Role; 5] =
    [Role::Service, Role::Dispatcher, Role::Support, Role::Ops, Role::Admin];

/// Why an order cannot be followed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FollowOrderError {
    #[error("there is no such delivery")]
    NoSuchDelivery,
    #[error("the delivery could not be read")]
    Store(#[from] StoreError),
}

impl Fault for FollowOrderError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchDelivery => Class::Missing,
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchDelivery => "no-such-delivery",
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Follows the courier of an order from assignment to delivery: the last known position first, then at
    /// most one each second. Ends with the delivery, or when this process stops.
    pub(crate) async fn follow_order(
        &self,
        watcher: &Principal,
        order: OrderId,
    ) -> Result<impl Stream<Item = Fix> + Send + use<>, FollowOrderError> {
        // Before the first look, so that nothing falls between.
        let changes = self.live.changes();
        let mut db = self.db.acquire().await?;
        let delivery = store::deliveries::find_by_order(&mut db, order).await?;
        let delivery = delivery.filter(|delivery| may_follow(watcher, delivery));
        let delivery = delivery.ok_or(FollowOrderError::NoSuchDelivery)?;
        let now = Instant::now();
        let watch =
            Watch { app: self.clone(), delivery, changes, last: None, tick: now, look: now + LOOK };
        Ok(stream::unfold(watch, |mut watch| async {
            let fix = watch.next().await?;
            Some((fix, watch))
        }))
    }
}

fn may_follow(watcher: &Principal, delivery: &Delivery) -> bool {
    let errand = &delivery.errand;
    watcher.customer() == errand.customer
        || watcher.stores.contains(&errand.store)
        || SEES_ALL.iter().any(|role| watcher.has(*role))
}

struct Watch {
    app: App,
    delivery: Delivery,
    changes: broadcast::Receiver<OrderId>,
    last: Option<Fix>,
    tick: Instant,
    look: Instant,
}

impl Watch {
    async fn next(&mut self) -> Option<Fix> {
        loop {
            let waited = self.app.stop.run_until_cancelled(sleep_until(self.tick)).await;
            waited?;
            self.tick = Instant::now() + TICK;
            self.look_again().await;
            if has_ended(self.delivery.state()) {
                return None;
            }
            if let Some(fix) = self.position().await.filter(|fix| Some(*fix) != self.last) {
                self.last = Some(fix);
                return Some(fix);
            }
        }
    }

    /// Reads the delivery again where it may have changed; a database that is away leaves it as it was. A
    /// watcher who goes away in the middle drops a read, nothing else.
    async fn look_again(&mut self) {
        if !self.may_have_changed() && Instant::now() < self.look {
            return;
        }
        self.look = Instant::now() + LOOK;
        let Ok(mut db) = self.app.db.acquire().await else { return };
        if let Ok(Some(delivery)) = store::deliveries::find(&mut db, self.delivery.errand.id).await
        {
            self.delivery = delivery;
        }
    }

    fn may_have_changed(&mut self) -> bool {
        let mut changed = false;
        loop {
            match self.changes.try_recv() {
                Ok(order) => changed |= order == self.delivery.errand.order,
                Err(broadcast::error::TryRecvError::Lagged(_)) => changed = true,
                Err(_) => return changed,
            }
        }
    }

    async fn position(&self) -> Option<Fix> {
        let vehicle = self.delivery.holder()?.vehicle;
        if let Some(fix) = self.app.live.find(vehicle) {
            return Some(fix);
        }
        let mut db = self.app.db.acquire().await.ok()?;
        let fix = store::positions::find(&mut db, vehicle).await.ok()??;
        self.app.live.move_to(&[(vehicle, fix)]);
        Some(fix)
    }
}

const fn has_ended(state: State) -> bool {
    !state.is_under_way() && !matches!(state, State::Pending)
}
