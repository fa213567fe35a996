//! A confirmed order keeps what is held for it.

use event_kit::Heard;
use orders_contract::events::OrderConfirmed;

use crate::{App, app::StepError};

/// Takes the end away from the order's hold.
pub(super) async fn handle(app: App, heard: Heard<OrderConfirmed>) -> Result<(), StepError> {
    app.record_confirmation(heard).await
}

#[cfg(test)]
mod live {
    use common::types::{Cell, CustomerId};
    use orders_contract::events::OrderConfirmed;
    use sqlx::PgPool;
    use uuid::Uuid;

    use super::*;
    use crate::bench::{Bench, EAST, ESPRESSO, order};

    fn heard(bench: &Bench, n: u128) -> Heard<OrderConfirmed> {
        let fact: OrderConfirmed = serde_json::from_value(serde_json::json!({
            "order_id": order(n), "customer_id": CustomerId::from_uuid(Uuid::nil()), "store_id": EAST,
            "cell": Cell::parse("east-a").unwrap(), "fulfilment": "pickup", "promise_at": null, "lines": [],
            "authorized_minor": 350, "currency": "USD",
        }))
        .unwrap();
        Heard::new("inventory", Uuid::from_u128(n), 1, bench.now(), fact)
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_confirmed_order_keeps_its_stock_however_often_it_is_told(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.reserve(1, EAST, &[(ESPRESSO, 1)]).await.is(200);

        for _ in 0..2 {
            handle(bench.app(), heard(&bench, 1)).await.unwrap();
        }

        assert_eq!(bench.told("reservation_confirmed").await.len(), 1);
        assert_eq!(bench.step(1, "ship").await.json["state"], "SHIPPED");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_hold_that_is_gone_stops_no_other_event(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.step(1, "release").await.is(200);

        handle(bench.app(), heard(&bench, 1)).await.unwrap();
        handle(bench.app(), heard(&bench, 2)).await.unwrap();

        assert_eq!(bench.count("inbox").await, 2);
        assert!(bench.told("reservation_confirmed").await.is_empty());
    }
}
