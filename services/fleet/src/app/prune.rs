//! Forgetting what is old enough.

use std::time::Duration;

use postgres_kit::StoreError;

use super::dispatch::before;
use crate::{App, store};

/// A request for a delivery, or an event about its order, comes no later than this.
const ORDER_NOTES_KEPT: Duration = Duration::from_hours(30 * 24);

impl App {
    /// Forgets a little of what is old enough; answers whether there may be more.
    pub(crate) async fn prune(&self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut db = self.db.acquire().await?;
        let until = before(now, self.settings.track_kept);
        let tracks = store::pruning::tracks(&mut db, until).await?;
        let until = before(now, ORDER_NOTES_KEPT);
        let notes = store::pruning::order_notes(&mut db, until).await?;
        store::pruning::quarantine(&mut db).await?;
        Ok(tracks + notes > 0)
    }
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::{Bench, STORE};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn tracks_are_forgotten_after_a_month_and_positions_are_not(db: PgPool) {
        let bench = Bench::new(db);
        let vehicle = bench.a_vehicle(1).await;
        bench.cancels_delivery().await.is(200);
        bench.reports(vehicle, 1, STORE).await;
        bench.seconds_pass(30 * 24 * 3_600);
        assert!(!bench.app.prune().await.unwrap());

        bench.seconds_pass(1);

        assert!(bench.app.prune().await.unwrap());
        assert!(!bench.app.prune().await.unwrap());
        assert_eq!(bench.count("vehicle_track").await, 0);
        assert_eq!(bench.count("order_note").await, 0);
        assert_eq!(bench.count("vehicle_position").await, 1);
    }
}
