//! A whole orders service on a test's own database, among participants that do as they are told.

mod neighbours;

use std::{sync::Arc, time::Duration};

use axum::Router;
use common::types::{Cell, Currency, CustomerId, GeoPoint, ItemId, OrderId, StoreId, SystemClock};
use dynamo_kit::embedded::Embedded;
use inventory_contract::catalogue::{MenuDocument, PublishedItem, PublishedOption, StoreTerms};
use postgres_kit::Db;
use serde_json::{Value, json};
use service_kit::Stop;
use sqlx::PgPool;
use test_kit::{TestAnswer, TestService};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::{App, Parts, projection, routes, saga, store};

pub(crate) use neighbours::Neighbours;

/// The customer of the tests.
pub(crate) const ANNA: CustomerId = CustomerId::from_uuid(Uuid::from_u128(0xa));
/// Another customer.
pub(crate) const BEN: CustomerId = CustomerId::from_uuid(Uuid::from_u128(0xb));
/// The store of the tests.
pub(crate) const CAFE: StoreId = StoreId::from_uuid(Uuid::from_u128(0xcafe));
/// On its menu, for 350.
pub(crate) const ESPRESSO: ItemId = ItemId::from_uuid(Uuid::from_u128(0xe5));
/// Looks, 25 ms apart: who has not come to rest by then never will.
const PATIENCE: usize = 1_200;

/// A service, its neighbours and its database.
pub(crate) struct Bench {
    pub(crate) db: PgPool,
    pub(crate) app: App,
    pub(crate) service: TestService,
    pub(crate) neighbours: Neighbours,
    stop: Stop,
    _dynamo: Embedded,
}

impl Bench {
    pub(crate) async fn new(db: PgPool) -> Self {
        Self::waiting(db, Duration::from_secs(30)).await
    }

    /// A service whose customers wait so long for a decision.
    pub(crate) async fn waiting(db: PgPool, decision_wait: Duration) -> Self {
        let (engine, dynamo) = Embedded::with_tables().await.unwrap();
        let neighbours = Neighbours::start().await;
        let parts = Parts {
            db: Db::from_pool(db.clone()),
            dynamo,
            clock: Arc::new(SystemClock),
            decision_wait,
            slots: 8,
        };
        let (app, inbox) = App::new(parts);
        let ask = neighbours.participants();
        let stop = Stop::new();
        let tasks = TaskTracker::new();
        tasks.spawn(saga::begun(app.clone(), ask.clone(), inbox)(stop.clone()));
        tasks.spawn(saga::due(app.clone(), ask, 8)(stop.clone()));
        tasks.spawn(projection::worker(app.clone())(stop.clone()));
        let router: Router = routes::router().with_state(app.clone()).into();
        let service = TestService::new("orders", router);
        let bench = Self { db, app, service, neighbours, stop, _dynamo: engine };
        bench.publish_menu(1, true).await;
        bench
    }

    /// From now on the store accepts its orders by hand.
    pub(crate) async fn accepts_by_hand(&self) {
        self.publish_menu(2, false).await;
        self.app.refresh_menus().await.unwrap();
    }

    async fn publish_menu(&self, version: i64, accepts_automatically: bool) {
        let terms = StoreTerms {
            store_id: CAFE,
            name: "Café".to_owned(),
            cell: Cell::parse("east-a").unwrap(),
            currency: Currency::USD,
            location: GeoPoint::new(42.5, 1.5).unwrap(),
            since: None,
            time_zone: "UTC".to_owned(),
            open: true,
            radius_m: 5_000,
            delivery_fee_minor: 290,
            order_min_minor: 0,
            tax_bp: 800,
            accepts_automatically,
        };
        let option = PublishedOption {
            slug: "large".to_owned(),
            name: "Large".to_owned(),
            price_minor: 80,
            adds_allergens: Vec::new(),
            removes_allergens: Vec::new(),
        };
        let espresso = PublishedItem {
            item_id: ESPRESSO,
            slug: "espresso".to_owned(),
            name: "Espresso".to_owned(),
            description: String::new(),
            category: "coffee".to_owned(),
            price_minor: 350,
            station: "bar".to_owned(),
            prep_s: 45,
            allergens: Vec::new(),
            options: vec![option],
        };
        let mut db = self.db.acquire().await.unwrap();
        let menu = MenuDocument { terms, items: vec![espresso] };
        store::menus::keep(&mut db, version, &menu).await.unwrap();
    }

    /// Places an order of one espresso for pick-up; each `key` its own.
    pub(crate) async fn place(&self, key: &str, payment_method: &str) -> TestAnswer {
        self.place_body(key, &an_espresso(payment_method)).await
    }

    /// Places an order.
    pub(crate) async fn place_body(&self, key: &str, body: &Value) -> TestAnswer {
        self.service.as_customer(ANNA).post("/v1/orders", body).key(key).send().await
    }

    /// A confirmed pick-up order of Anna's.
    pub(crate) async fn a_confirmed_order(&self) -> OrderId {
        let answer = self.place("confirmed-order-key", "pm_approved").await;
        self.confirmed(&answer).await
    }

    /// A confirmed order of Anna's that a courier is to bring.
    pub(crate) async fn a_delivery(&self, key: &str) -> OrderId {
        let mut body = an_espresso("pm_approved");
        body["fulfilment"] = json!("delivery");
        body["address"] = json!({"lat": 42.501, "lon": 1.501, "text": "Carrer Major 1"});
        let answer = self.place_body(key, &body).await;
        self.confirmed(&answer).await
    }

    /// The order that was taken, once it is confirmed: on a busy machine that is after its answer.
    pub(crate) async fn confirmed(&self, answer: &TestAnswer) -> OrderId {
        assert!([201, 202].contains(&answer.status), "{}", answer.json);
        let id = answer.json["order_id"].as_str().unwrap().parse().unwrap();
        self.becomes(id, "CONFIRMED").await;
        id
    }

    /// An order of Anna's that was handed over and paid.
    pub(crate) async fn an_ended_order(&self, key: &str) -> OrderId {
        let answer = self.place(key, "pm_approved").await;
        let id = self.confirmed(&answer).await;
        self.kitchen(id, "ready", 5).await;
        self.kitchen(id, "completed", 6).await;
        self.becomes(id, "COMPLETED").await;
        id
    }

    /// As if an order had ended so long ago, and the projection showed it.
    pub(crate) async fn ended_hours_ago(&self, id: OrderId, hours: i32) {
        let sql = "UPDATE orders
                      SET ended_at = now() - $2 * interval '1 h', projected_version = version
                    WHERE order_id = $1";
        let update = sqlx::query(sql).bind(id.as_uuid()).bind(f64::from(hours));
        update.execute(&self.db).await.unwrap();
    }

    /// Anna cancels an order.
    pub(crate) async fn cancel(&self, id: OrderId) -> TestAnswer {
        let path = format!("/v1/orders/{id}/cancellation");
        let body = json!({"reason": "customer_changed_mind"});
        self.service.as_customer(ANNA).post(&path, body).key("anna-cancels-this").send().await
    }

    /// The kitchen moves an order on that is at `version`.
    pub(crate) async fn kitchen(&self, id: OrderId, status: &str, version: i64) {
        let path = format!("/v1/orders/{id}/status");
        let staff = self.service.as_staff(CAFE);
        staff.put(&path, json!({"status": status})).if_match(version).send().await.is(200);
    }

    /// A time of an order's passes: `alert_at` or `deadline_at`.
    pub(crate) async fn passes(&self, id: OrderId, column: &str) {
        let sql = format!(
            "UPDATE orders
                SET {column} = now() - interval '1 s', next_attempt_at = now() - interval '1 s'
              WHERE order_id = $1"
        );
        let update = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.as_uuid());
        update.execute(&self.db).await.unwrap();
    }

    /// Waits until no worker has anything to do with an order.
    pub(crate) async fn is_settled(&self, id: OrderId) {
        let sql = "SELECT lease_until IS NULL AND next_attempt_at > now() FROM orders WHERE order_id = $1";
        for _ in 0..PATIENCE {
            let rests: bool =
                sqlx::query_scalar(sql).bind(id.as_uuid()).fetch_one(&self.db).await.unwrap();
            if rests {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("order {id} does not come to rest");
    }

    /// Takes an order through `states`, whoever would do so in daily life; it then rests for an hour. A
    /// worker that holds the order at that moment is waited for.
    pub(crate) async fn force(&self, id: OrderId, states: &[&str]) {
        for _ in 0..PATIENCE {
            self.is_settled(id).await;
            self.advance(id, states).await;
            if self.state(id).await == *states.last().unwrap() {
                return;
            }
        }
        panic!("order {id} cannot be brought to {states:?}");
    }

    async fn advance(&self, id: OrderId, states: &[&str]) {
        sqlx::query(
            "SELECT order_advance(order_id, lease_epoch, version, write_epoch, $2, NULL,
                                  now() + interval '1 h', now() + interval '1 h', NULL)
               FROM orders
              WHERE order_id = $1",
        )
        .bind(id.as_uuid())
        .bind(states.iter().map(ToString::to_string).collect::<Vec<_>>())
        .execute(&self.db)
        .await
        .unwrap();
    }

    /// Waits until an order is in `state`.
    pub(crate) async fn becomes(&self, id: OrderId, state: &str) {
        for _ in 0..PATIENCE {
            if self.state(id).await == state {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        assert_eq!(self.state(id).await, state);
    }

    pub(crate) async fn state(&self, id: OrderId) -> String {
        sqlx::query_scalar("SELECT state FROM orders WHERE order_id = $1")
            .bind(id.as_uuid())
            .fetch_one(&self.db)
            .await
            .unwrap()
    }

    /// How many orders there are.
    pub(crate) async fn orders(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(&self.db).await.unwrap()
    }

    /// The facts that were staged, oldest first, by their short names.
    pub(crate) async fn told(&self) -> Vec<String> {
        let types: Vec<String> = sqlx::query_scalar("SELECT type FROM outbox ORDER BY id")
            .fetch_all(&self.db)
            .await
            .unwrap();
        types.iter().map(|name| name.split('.').nth(3).unwrap().to_owned()).collect()
    }

    /// The words of the steps that an order took.
    pub(crate) async fn path(&self, id: OrderId) -> Vec<String> {
        sqlx::query_scalar("SELECT to_state FROM order_transition WHERE order_id = $1 ORDER BY seq")
            .bind(id.as_uuid())
            .fetch_all(&self.db)
            .await
            .unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// One espresso for pick-up.
pub(crate) fn an_espresso(payment_method: &str) -> Value {
    json!({
        "store_id": CAFE, "fulfilment": "pickup", "payment_method_id": payment_method,
        "lines": [{"item_id": ESPRESSO, "quantity": 1}],
    })
}
