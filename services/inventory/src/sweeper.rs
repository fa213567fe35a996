//! Ends what nobody ended.

use std::time::Duration;

use common::types::Fault;
use service_kit::Stop;

use crate::{App, app::AT_ONCE_MAX, clients::Orders};

/// Looks after expired holds, and forgets old answers, until it is told to stop.
pub fn worker(
    app: App,
    orders: Orders,
    every: Duration,
) -> impl FnOnce(Stop) -> std::pin::Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> {
    move |stop| {
        Box::pin(async move {
            while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
                sweep(&app, &orders, &stop).await;
                if let Err(error) = app.prune_answers().await {
                    tracing::warn!(code = error.code(), "old answers were not pruned");
                }
            }
            Ok(())
        })
    }
}

/// Goes on for as long as there is more than fits into one look.
async fn sweep(app: &App, orders: &Orders, stop: &Stop) {
    while !stop.is_cancelled() {
        match app.release_expired(orders).await {
            Ok(AT_ONCE_MAX) => {}
            Ok(_fewer) => return,
            Err(error) => {
                tracing::warn!(code = error.code(), "expired holds were not swept");
                return;
            }
        }
    }
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

    use super::*;
    use crate::bench::{BEANS, Bench, EAST, ESPRESSO, item_body, of, order};

    const HELD_S: i64 = 960;

    /// An orders service that says one thing.
    async fn saying(status: u16, body: serde_json::Value) -> (MockServer, Orders) {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(status).set_body_json(body);
        Mock::given(method("GET")).respond_with(answer).mount(&server).await;
        let orders = Orders::new(test_kit::client(&server.uri(), "orders"));
        (server, orders)
    }

    async fn a_held_espresso(db: PgPool) -> Bench {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.reserve(1, EAST, &[(ESPRESSO, 1)]).await.is(200);
        bench
    }

    fn standing(holds_stock: bool) -> serde_json::Value {
        json!({"order_id": order(1), "state": "ANY", "holds_stock": holds_stock})
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn nobody_is_asked_before_the_hold_ends(db: PgPool) {
        let bench = a_held_espresso(db).await;
        let (server, orders) = saying(200, standing(false)).await;

        assert_eq!(bench.app().release_expired(&orders).await.unwrap(), 0);
        assert!(server.received_requests().await.unwrap().is_empty());
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_hold_of_an_order_that_has_ended_is_released(db: PgPool) {
        let bench = a_held_espresso(db).await;
        let (_server, orders) = saying(200, standing(false)).await;
        bench.later(HELD_S + 1);

        assert_eq!(bench.app().release_expired(&orders).await.unwrap(), 1);

        assert_eq!(bench.stock(EAST, BEANS).await, (900, 0));
        assert_eq!(bench.told("stock_released").await[0]["cause"], "expired");
        bench.step(1, "confirm").await.is_problem(409, "reservation-gone");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_hold_of_a_living_order_lasts_longer(db: PgPool) {
        let bench = a_held_espresso(db).await;
        let (server, orders) = saying(200, standing(true)).await;
        bench.later(HELD_S + 1);

        assert_eq!(bench.app().release_expired(&orders).await.unwrap(), 1);
        assert_eq!(bench.app().release_expired(&orders).await.unwrap(), 0);
        bench.later(121);
        assert_eq!(bench.app().release_expired(&orders).await.unwrap(), 1);

        assert_eq!(bench.stock(EAST, BEANS).await, (900, 9));
        assert_eq!(server.received_requests().await.unwrap().len(), 2);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn silence_releases_nothing(db: PgPool) {
        let bench = a_held_espresso(db).await;
        let (_server, orders) = saying(503, json!({"code": "shed"})).await;
        bench.later(HELD_S + 3_600);

        assert_eq!(bench.app().release_expired(&orders).await.unwrap(), 1);
        assert_eq!(bench.app().release_expired(&orders).await.unwrap(), 0, "asked again later");
        bench.later(15);
        assert_eq!(bench.app().release_expired(&orders).await.unwrap(), 1);

        assert_eq!(bench.stock(EAST, BEANS).await, (900, 9));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_order_that_nobody_knows_has_a_minute_to_appear(db: PgPool) {
        let bench = a_held_espresso(db).await;
        let (_server, orders) = saying(404, json!({"code": "no-such-order"})).await;
        bench.later(HELD_S + 1);

        bench.app().release_expired(&orders).await.unwrap();
        assert_eq!(bench.stock(EAST, BEANS).await, (900, 9));

        bench.later(60);
        bench.app().release_expired(&orders).await.unwrap();
        assert_eq!(bench.stock(EAST, BEANS).await, (900, 0));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_a_cart_held_is_free_by_the_clock_and_nobody_is_asked(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.reserve_for_cart(1, EAST, &[(ESPRESSO, 1)]).await.is(200);
        let (server, orders) = saying(200, standing(true)).await;

        bench.later(599);
        assert_eq!(bench.app().release_expired(&orders).await.unwrap(), 0);
        bench.later(2);
        assert_eq!(bench.app().release_expired(&orders).await.unwrap(), 1);

        assert_eq!(bench.stock(EAST, BEANS).await, (900, 0));
        assert_eq!(bench.told("stock_released").await[0]["cause"], "expired");
        assert!(server.received_requests().await.unwrap().is_empty());
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_was_confirmed_while_orders_was_asked_is_kept(db: PgPool) {
        let bench = a_held_espresso(db).await;
        let (_server, orders) = saying(200, standing(false)).await;
        bench.later(HELD_S + 1);
        bench.step(1, "confirm").await.is(200);

        let expired = bench.app().expire_reservation(order(1), bench.now()).await.unwrap();

        assert!(!expired);
        assert_eq!(bench.app().release_expired(&orders).await.unwrap(), 0);
        assert_eq!(bench.stock(EAST, BEANS).await, (900, 9));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn one_that_cannot_be_settled_keeps_no_other_waiting(db: PgPool) {
        let bench = Bench::new(db.clone()).await;
        bench.a_cafe(EAST, "east-a").await;
        let cake = of("cake");
        bench.an_item(&item_body(EAST, cake, "cake")).await;
        bench.set_stock(EAST, cake, 1).await.is(200);
        bench.reserve(1, EAST, &[(cake, 1)]).await.is(200);
        bench.reserve(2, EAST, &[(ESPRESSO, 1)]).await.is(200);
        let broken = "UPDATE stock SET reserved = 0 WHERE item_id = $1";
        sqlx::query(broken).bind(cake.as_uuid()).execute(&db).await.unwrap();
        bench.later(HELD_S + 1);
        let (_server, orders) = saying(200, standing(false)).await;

        assert_eq!(bench.app().release_expired(&orders).await.unwrap(), 2);

        assert_eq!(bench.stock(EAST, BEANS).await, (900, 0));
        assert_eq!(bench.transitions(1).await.len(), 1, "held still");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn holds_of_a_cell_that_is_written_elsewhere_are_not_ours_to_free(db: PgPool) {
        let bench = a_held_espresso(db.clone()).await;
        bench.later(HELD_S + 1);
        let raise = "UPDATE cell_fence SET epoch = 2 WHERE cell = 'east-a'";
        sqlx::query(raise).execute(&db).await.unwrap();
        let (_server, orders) = saying(200, standing(false)).await;

        assert_eq!(bench.app().release_expired(&orders).await.unwrap(), 0);

        assert_eq!(bench.stock(EAST, BEANS).await, (900, 9));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn more_than_fit_into_one_look_are_all_settled(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        for n in 1..=50 {
            bench.reserve_for_cart(n, EAST, &[(ESPRESSO, 1)]).await.is(200);
        }
        bench.later(601);
        let (_server, orders) = saying(503, json!({"code": "shed"})).await;

        sweep(&bench.app(), &orders, &Stop::new()).await;

        assert_eq!(bench.stock(EAST, BEANS).await, (900, 0));
        bench.i3_holds().await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_missing_page_is_no_word_about_an_order(db: PgPool) {
        let bench = a_held_espresso(db).await;
        let (_server, orders) = saying(404, json!({"code": "no-such-page"})).await;
        bench.later(HELD_S + 3_600);

        bench.app().release_expired(&orders).await.unwrap();

        assert_eq!(bench.stock(EAST, BEANS).await, (900, 9));
    }
}
