//! `com.cloudeats.orders.ticket_changed.v1`

use event_kit::Heard;
use orders_contract::events::TicketChanged;

use crate::{App, app::NoteTicketError};

/// The goods can be collected, or cannot any more.
pub(super) async fn handle(app: App, heard: Heard<TicketChanged>) -> Result<(), NoteTicketError> {
    app.note_ticket(&heard).await
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, DOOR, STORE};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn goods_are_collected_once_the_kitchen_says_so(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.an_assigned_delivery().await;

        bench.fact(courier, delivery, "pickup", STORE).await.is_problem(409, "not-ready");
        bench.hears_ticket(1, "PREPARING").await;
        bench.fact(courier, delivery, "pickup", STORE).await.is_problem(409, "not-ready");
        bench.hears_ticket(2, "READY").await;
        bench.hears_ticket(2, "READY").await;

        let answer = bench.fact(courier, delivery, "pickup", STORE).await;
        assert_eq!(answer.is(200).json["state"], "PICKED_UP");
        bench.fact(courier, delivery, "deliver", DOOR).await.is(200);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_refusal_because_the_kitchen_is_not_ready_can_be_asked_again_with_the_same_event(
        db: PgPool,
    ) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.an_assigned_delivery().await;
        let event = bench.event("pickup", STORE);
        let path = format!("/v1/deliveries/{delivery}/events");

        let early = bench.as_courier(courier).post(&path, &event).send().await;
        early.is_problem(409, "not-ready");
        bench.hears_ticket(1, "READY").await;

        let again = bench.as_courier(courier).post(&path, &event).send().await;
        assert_eq!(again.is(200).json["state"], "PICKED_UP");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_kitchen_that_is_ready_before_the_delivery_is_asked_for_is_remembered(db: PgPool) {
        let bench = Bench::new(db);
        bench.hears_ticket(1, "READY").await;

        let answer = bench.asks_for_delivery().await;

        assert_eq!(answer.is(201).json["ready"], json!(true));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn ready_can_be_undone_before_the_goods_are_collected(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.an_assigned_delivery().await;
        bench.hears_ticket(1, "READY").await;
        bench.hears_ticket(2, "PREPARING").await;

        bench.fact(courier, delivery, "pickup", STORE).await.is_problem(409, "not-ready");
    }
}
