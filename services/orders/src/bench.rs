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

/// A service, its neighbours and its database.
pub(crate) struct Bench {
    pub(crate) db: PgPool,
    pub(crate) service: TestService,
    pub(crate) neighbours: Neighbours,
    stop: Stop,
    _dynamo: Embedded,
}

impl Bench {
    pub(crate) async fn new(db: PgPool) -> Self {
        let (engine, dynamo) = Embedded::with_tables().await.unwrap();
        let neighbours = Neighbours::start().await;
        let parts = Parts {
            db: Db::from_pool(db.clone()),
            dynamo,
            clock: Arc::new(SystemClock),
            decision_wait: Duration::from_secs(5),
            slots: 8,
        };
        let (app, inbox) = App::new(parts);
        let ask = neighbours.participants();
        let stop = Stop::new();
        let tasks = TaskTracker::new();
        tasks.spawn(saga::begun(app.clone(), ask.clone(), inbox)(stop.clone()));
        tasks.spawn(saga::due(app.clone(), ask, 8)(stop.clone()));
        tasks.spawn(projection::worker(app.clone())(stop.clone()));
        let router: Router = routes::router().with_state(app).into();
        let service = TestService::new("orders", router);
        let bench = Self { db, service, neighbours, stop, _dynamo: engine };
        bench.publish_menu().await;
        bench
    }

    async fn publish_menu(&self) {
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
            accepts_automatically: true,
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
        store::menus::keep(&mut db, 1, &menu).await.unwrap();
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
        answer.is(201);
        answer.json["order_id"].as_str().unwrap().parse().unwrap()
    }

    /// Waits until an order is in `state`.
    pub(crate) async fn becomes(&self, id: OrderId, state: &str) {
        for _ in 0..200 {
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
