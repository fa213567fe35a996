//! The machine gives deliveries to couriers, and takes them from those who fell silent.

use std::time::Duration;

use common::types::{DeliveryId, Timestamp};
use postgres_kit::{PgConnection, StoreError, repeat};

use crate::{
    App,
    domain::{Delivery, Holder, sort_by_nearness},
    store,
};

const ACTOR: &str = "machine";
/// Deliveries looked at in one round.
const ROUND: i64 = 100;
/// Who gave a delivery back is not given the same one again for so long.
const RETURNED_PAUSE: Duration = Duration::from_mins(10);

impl App {
    /// Gives each delivery that nobody has, oldest first, to the nearest free courier of its cell. Any
    /// number of workers may do so at once.
    pub(crate) async fn dispatch(&self) -> Result<(), StoreError> {
        let pending =
            store::deliveries::list_pending(&mut *self.db.acquire().await?, ROUND).await?;
        for id in pending {
            if self.stop.is_cancelled() {
                break;
            }
            repeat(|| self.dispatch_one(id)).await?;
        }
        Ok(())
    }

    #[tracing::instrument(name = "fleet.dispatch", skip_all, fields(delivery.id = %id))]
    async fn dispatch_one(&self, id: DeliveryId) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        match self.give_to_nearest(&mut tx, id).await {
            Ok(Some(delivery)) => {
                tx.commit().await?;
                self.committed(&delivery);
                Ok(())
            }
            Ok(None) => {
                tx.rollback().await;
                Ok(())
            }
            Err(error) => {
                tx.rollback().await;
                Err(error)
            }
        }
    }

    async fn give_to_nearest(
        &self,
        tx: &mut PgConnection,
        id: DeliveryId,
    ) -> Result<Option<Delivery>, StoreError> {
        let now = self.clock.now();
        let Some(mut delivery) = store::deliveries::lock_pending(tx, id).await? else {
            return Ok(None);
        };
        let cell = &delivery.errand.cell;
        let returned_since = before(now, RETURNED_PAUSE);
        let mut candidates = store::couriers::list_free(tx, cell, id, returned_since).await?;
        let fresh_since = before(now, self.settings.courier_silence);
        sort_by_nearness(&mut candidates, delivery.errand.pickup, fresh_since);

        for candidate in candidates {
            let courier = candidate.courier;
            let cell = &delivery.errand.cell;
            let Some(vehicle) = store::couriers::claim(tx, courier, cell).await? else { continue };
            let holder = Holder { courier, vehicle, since: now };
            let Ok(step) = delivery.assign(holder, "nearest", ACTOR.to_owned()) else { break };
            self.save(tx, &delivery, &step).await?;
            return Ok(Some(delivery));
        }
        Ok(None)
    }

    /// Takes deliveries that were not collected from couriers who fell silent. Silence counts only while
    /// devices are heard.
    pub(crate) async fn release_silent(&self) -> Result<(), StoreError> {
        let silent_since = before(self.clock.now(), self.settings.courier_silence);
        let listening = *self.listening.borrow();
        if listening.is_none_or(|since| since > silent_since) {
            return Ok(());
        }
        let silent =
            store::deliveries::list_silent(&mut *self.db.acquire().await?, silent_since).await?;
        for id in silent {
            repeat(|| self.release_one(id, silent_since)).await?;
        }
        Ok(())
    }

    #[tracing::instrument(name = "fleet.release_silent", skip_all, fields(delivery.id = %id))]
    async fn release_one(&self, id: DeliveryId, silent_since: Timestamp) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let delivery = store::deliveries::lock(&mut tx, id).await?;
        let silent = |delivery: &Delivery| {
            delivery.holder().is_some_and(|holder| holder.since < silent_since)
        };
        let Some(mut delivery) = delivery.filter(silent) else {
            tx.rollback().await;
            return Ok(());
        };
        let Ok(step) = delivery.release("silent", ACTOR.to_owned(), now) else {
            tx.rollback().await;
            return Ok(());
        };
        self.save(&mut tx, &delivery, &step).await?;
        self.settle_kept(&mut tx, &mut delivery, now).await?;
        tx.commit().await?;

        tracing::info!("a silent courier lost a delivery");
        self.committed(&delivery);
        Ok(())
    }
}

/// `span` before `now`.
pub(super) fn before(now: Timestamp, span: Duration) -> Timestamp {
    now.checked_sub(span).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::{Bench, DOOR, STORE};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_nearest_free_courier_of_the_cell_goes(db: PgPool) {
        let bench = Bench::new(db);
        let far = bench.a_free_courier(1, DOOR).await;
        let near = bench.a_free_courier(2, (STORE.0 + 0.001, STORE.1)).await;
        let unseen = bench.a_courier(3).await;
        bench.is_available(unseen).await;
        let elsewhere = bench.a_courier_of(4, "west-a").await;
        bench.is_available(elsewhere).await;
        bench.reports(Bench::vehicle_id(4), 1, STORE).await;

        let mut order = Vec::new();
        for n in 1..=4 {
            let asked = bench.asks_for_delivery_of(n).await;
            let delivery: common::types::DeliveryId =
                asked.json["delivery_id"].as_str().unwrap().parse().unwrap();
            bench.dispatches().await;
            let path = format!("/v1/deliveries/{delivery}");
            let found = bench.as_dispatcher().get(&path).send().await;
            order.push(found.json["courier_id"].as_str().map(str::to_owned));
        }

        let expected = [near, far, unseen].map(|courier| Some(courier.to_string()));
        assert_eq!(order[..3], expected);
        assert_eq!(order[3], None, "nobody of the cell is free");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn two_workers_never_give_a_courier_or_a_delivery_twice(db: PgPool) {
        let bench = Bench::new(db.clone());
        for n in 1..=6 {
            bench.a_free_courier(n, STORE).await;
        }
        for n in 1..=8 {
            bench.asks_for_delivery_of(n).await.is(201);
        }

        let (one, two, three) =
            tokio::join!(bench.app.dispatch(), bench.app.dispatch(), bench.app.dispatch());
        one.and(two).and(three).unwrap();

        let (assigned, couriers): (i64, i64) = sqlx::query_as(
            "SELECT count(*), count(DISTINCT courier_id) FROM delivery WHERE state = 'ASSIGNED'",
        )
        .fetch_one(&db)
        .await
        .unwrap();
        assert_eq!((assigned, couriers), (6, 6));
        let told = bench.told().await;
        assert_eq!(told.iter().filter(|fact| *fact == "delivery_assigned").count(), 6);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_courier_who_falls_silent_before_collecting_loses_the_delivery(db: PgPool) {
        let bench = Bench::new(db);
        bench.app.set_listening(true);
        let silent = bench.a_free_courier(1, STORE).await;
        let asked = bench.asks_for_delivery().await;
        let delivery = asked.json["delivery_id"].as_str().unwrap().parse().unwrap();
        bench.dispatches().await;
        let other = bench.a_free_courier(2, DOOR).await;

        bench.seconds_pass(119);
        bench.app.release_silent().await.unwrap();
        assert_eq!(bench.state_of(delivery).await, "ASSIGNED");
        bench.seconds_pass(2);
        bench.app.release_silent().await.unwrap();
        assert_eq!(bench.state_of(delivery).await, "PENDING");
        bench.dispatches().await;

        assert_eq!(bench.courier_state(silent).await, "AVAILABLE");
        assert_eq!(bench.courier_state(other).await, "BUSY");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn silence_means_nothing_while_nobody_can_be_heard(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, _) = bench.an_assigned_delivery().await;

        bench.seconds_pass(1_000);
        bench.app.release_silent().await.unwrap();
        bench.app.set_listening(true);
        bench.app.release_silent().await.unwrap();

        assert_eq!(bench.state_of(delivery).await, "ASSIGNED");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_courier_with_the_goods_keeps_them_however_silent(db: PgPool) {
        let bench = Bench::new(db);
        bench.app.set_listening(true);
        let (delivery, _) = bench.a_collected_delivery().await;

        bench.seconds_pass(1_000);
        bench.app.release_silent().await.unwrap();

        assert_eq!(bench.state_of(delivery).await, "PICKED_UP");
    }
}
