//! `com.cloudeats.orders.order_cancelled.v1`

use event_kit::Heard;
use orders_contract::events::OrderCancelled;

use crate::{App, app::HearCancellationError};

/// The order was undone; nobody need bring it.
pub(super) async fn handle(
    app: App,
    heard: Heard<OrderCancelled>,
) -> Result<(), HearCancellationError> {
    app.hear_cancellation(&heard, heard.fact.order_id).await
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::{Bench, STORE};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_open_delivery_of_a_cancelled_order_is_called_off_and_its_courier_free(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.an_assigned_delivery().await;

        bench.hears_cancelled(1).await;
        bench.hears_cancelled(1).await;

        assert_eq!(bench.state_of(delivery).await, "CANCELLED");
        assert_eq!(bench.courier_state(courier).await, "AVAILABLE");
        bench.has_told(&["delivery_planned", "delivery_assigned", "delivery_cancelled"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_was_collected_when_the_order_was_cancelled_is_for_a_person_to_look_at(
        db: PgPool,
    ) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.an_assigned_delivery().await;
        bench.hears_ticket(1, "READY").await;
        bench.fact(courier, delivery, "pickup", STORE).await.is(200);

        bench.hears_cancelled(2).await;

        assert_eq!(bench.state_of(delivery).await, "PICKED_UP");
        assert_eq!(bench.incidents().await, ["cancelled-on-the-way"]);
    }
}
