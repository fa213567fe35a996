//! A whole inventory service on a test's own database, with a small café.

use std::sync::Arc;

use common::types::{Clock, ItemId, OrderId, StoreId, Timestamp};
use dynamo_kit::{Dynamo, embedded::Embedded, tables};
use inventory_contract::catalogue::{Row, store_menu};
use jiff::SignedDuration;
use postgres_kit::Db;
use redis_kit::RedisConfig;
use serde_json::{Value, json};
use sqlx::PgPool;
use test_kit::{FixedClock, TestAnswer, TestCaller, TestService};
use uuid::Uuid;

use crate::{App, routes};

pub(crate) const EAST: StoreId = StoreId::from_uuid(Uuid::from_u128(0xE));
pub(crate) const WEST: StoreId = StoreId::from_uuid(Uuid::from_u128(0x1E));
pub(crate) const BEANS: ItemId = ItemId::from_uuid(Uuid::from_u128(0xB));
pub(crate) const MILK: ItemId = ItemId::from_uuid(Uuid::from_u128(0xC));
pub(crate) const ESPRESSO: ItemId = ItemId::from_uuid(Uuid::from_u128(0x10));
pub(crate) const LATTE: ItemId = ItemId::from_uuid(Uuid::from_u128(0x11));

pub(crate) struct Bench {
    pub(crate) db: PgPool,
    app: App,
    service: TestService,
    clock: FixedClock,
    dynamo: Arc<(Embedded, Dynamo)>,
}

/// The id of something called `name`.
pub(crate) fn of(name: &str) -> ItemId {
    ItemId::from_uuid(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
}

pub(crate) fn order(n: u128) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(n))
}

/// An item that costs 350 and has stock of its own.
pub(crate) fn item_body(store: StoreId, id: ItemId, slug: &str) -> Value {
    json!({
        "store_id": store, "item_id": id, "slug": slug, "name": slug, "description": "",
        "category": "Coffee", "price_minor": 350, "station": "bar", "prep_s": 45, "on_menu": true,
        "low_at": 2, "unit": "pieces",
    })
}

/// A café that is open.
pub(crate) fn store_body(slug: &str, cell: &str, (lat, lon): (f64, f64)) -> Value {
    json!({
        "slug": slug, "name": "Café", "partner_id": Uuid::nil(), "cell": cell, "currency": "USD",
        "time_zone": "Europe/Andorra", "location": {"lat": lat, "lon": lon}, "open": true,
        "radius_m": 5_000, "delivery_fee_minor": 300, "order_min_minor": 0, "tax_bp": 800,
        "accepts_automatically": true,
    })
}

impl Bench {
    pub(crate) async fn new(db: PgPool) -> Self {
        let dynamo = Embedded::with_tables().await.unwrap();
        Self::on(db, FixedClock::default(), Arc::new(dynamo), None).await
    }

    /// The same stores, seen by a process that does not reach DynamoDB.
    pub(crate) async fn without_dynamo(&self) -> Self {
        let mut config = self.dynamo.0.config();
        config.dynamo_endpoint = Some("http://127.0.0.1:9".to_owned());
        let away = dynamo_kit::connect(&config).await.unwrap();
        Self::on(self.db.clone(), self.clock.clone(), Arc::clone(&self.dynamo), Some(away)).await
    }

    /// Another process with the same database.
    pub(crate) async fn twin(&self) -> Self {
        Self::on(self.db.clone(), self.clock.clone(), Arc::clone(&self.dynamo), None).await
    }

    async fn on(
        db: PgPool,
        clock: FixedClock,
        dynamo: Arc<(Embedded, Dynamo)>,
        other: Option<Dynamo>,
    ) -> Self {
        let config =
            RedisConfig { redis_url: None, redis_roots_file: None, redis_prefix: String::new() };
        let redis = redis_kit::connect(&config).await.unwrap();
        let client = other.unwrap_or_else(|| dynamo.1.clone());
        let app = App::new(Db::from_pool(db.clone()), Arc::new(clock.clone()), client, &redis);
        let service = TestService::new("inventory", routes::router().with_state(app.clone()));
        Self { db, app, service, clock, dynamo }
    }

    pub(crate) fn app(&self) -> App {
        self.app.clone()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn later(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    pub(crate) fn as_admin(&self) -> TestCaller {
        self.service.as_admin()
    }

    pub(crate) fn as_manager(&self, store: StoreId) -> TestCaller {
        self.service.as_manager(store)
    }

    pub(crate) fn as_staff(&self, store: StoreId) -> TestCaller {
        self.service.as_staff(store)
    }

    pub(crate) fn as_service(&self, name: &'static str) -> TestCaller {
        self.service.as_service(name)
    }

    pub(crate) fn as_nobody(&self) -> TestCaller {
        self.service.as_nobody()
    }

    /// What a guest sees.
    pub(crate) async fn get(&self, path: &str) -> TestAnswer {
        let guest = common::types::CustomerId::from_uuid(Uuid::from_u128(7));
        self.service.as_guest(guest).get(path).send().await
    }

    pub(crate) async fn put_as_admin(
        &self,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> TestAnswer {
        let request = self.as_admin().put(path, body);
        headers
            .iter()
            .fold(request, |request, (name, value)| request.header(name, value))
            .send()
            .await
    }

    /// Makes the next store, called `store-1`, `store-2` and so on.
    pub(crate) async fn a_store(&self, id: StoreId, cell: &str, place: (f64, f64)) {
        let slug = format!("store-{}", self.count("store").await + 1);
        let body = store_body(&slug, cell, place);
        self.put_as_admin(&format!("/v1/stores/{id}"), &body, &[]).await.is(201);
        self.later(1);
    }

    /// Makes a store with 900 g of beans and 20 l of milk that sells espresso and latte.
    pub(crate) async fn a_cafe(&self, store: StoreId, cell: &str) {
        self.a_store(store, cell, (42.5, 1.52)).await;
        self.an_ingredient(store, BEANS, "beans", 900).await;
        self.an_ingredient(store, MILK, "milk", 20_000).await;
        let shot = json!([{"slug": "extra-shot", "name": "Extra shot", "price_minor": 90,
            "adds": [{"item_id": BEANS, "amount": 9}]}]);
        self.a_drink(store, ESPRESSO, "espresso", json!([{"item_id": BEANS, "amount": 9}]), &shot)
            .await;
        let latte = json!([{"item_id": BEANS, "amount": 18}, {"item_id": MILK, "amount": 220}]);
        self.a_drink(store, LATTE, "latte", latte, &shot).await;
        self.publish(store).await.is(200);
    }

    async fn an_ingredient(&self, store: StoreId, id: ItemId, slug: &str, on_hand: i64) {
        let mut body = item_body(store, id, slug);
        body["on_menu"] = json!(false);
        self.an_item(&body).await;
        self.set_stock(store, id, on_hand).await.is(200);
    }

    async fn a_drink(
        &self,
        store: StoreId,
        id: ItemId,
        slug: &str,
        components: Value,
        options: &Value,
    ) {
        let mut body = item_body(store, id, slug);
        body["components"] = components;
        body["options"] = options.clone();
        self.an_item(&body).await;
    }

    pub(crate) async fn an_item(&self, body: &Value) {
        let key = self.key();
        self.as_admin().post("/v1/menu", body).key(&key).send().await.is(201);
        self.later(1);
    }

    fn key(&self) -> String {
        self.clock.new_id().simple().to_string()
    }

    pub(crate) async fn set_stock(&self, store: StoreId, item: ItemId, on_hand: i64) -> TestAnswer {
        let body = json!({"store_id": store, "on_hand": on_hand, "reason": "count"});
        let path = format!("/v1/inventory/{item}");
        self.as_admin().put(&path, body).key(&self.key()).send().await
    }

    pub(crate) async fn change_price(
        &self,
        store: StoreId,
        item: ItemId,
        price_minor: i64,
        version: i64,
    ) -> TestAnswer {
        let mut body = item_body(store, item, "espresso");
        body["price_minor"] = json!(price_minor);
        body["components"] = json!([{"item_id": BEANS, "amount": 9}]);
        let path = format!("/v1/menu/{item}");
        self.as_manager(store).put(&path, body).if_match(version).send().await
    }

    pub(crate) async fn publish(&self, store: StoreId) -> TestAnswer {
        let body = json!({"store_id": store});
        self.as_admin().post("/v1/menu/publish", body).key(&self.key()).send().await
    }

    pub(crate) async fn reserve(
        &self,
        n: u128,
        store: StoreId,
        lines: &[(ItemId, u8)],
    ) -> TestAnswer {
        let line = |(item, quantity): &(ItemId, u8)| json!({"item_id": item, "quantity": quantity});
        let lines: Vec<Value> = lines.iter().map(line).collect();
        let body = json!({"order_id": order(n), "store_id": store, "hold_s": 960, "lines": lines});
        self.as_service("orders").post("/v1/internal/reservations", body).send().await
    }

    pub(crate) async fn reserve_for_cart(
        &self,
        n: u128,
        store: StoreId,
        lines: &[(ItemId, u8)],
    ) -> TestAnswer {
        let line = |(item, quantity): &(ItemId, u8)| json!({"item_id": item, "quantity": quantity});
        let lines: Vec<Value> = lines.iter().map(line).collect();
        let body = json!({"cart_id": order(n), "store_id": store, "lines": lines});
        self.as_service("orders").post("/v1/internal/cart-reservations", body).send().await
    }

    /// Confirms, ships or releases.
    pub(crate) async fn step(&self, n: u128, verb: &str) -> TestAnswer {
        let path = format!("/v1/internal/reservations/{}/{verb}", order(n));
        self.as_service("orders").request(axum::http::Method::POST, &path).send().await
    }

    /// What lies there, and what of it is reserved.
    pub(crate) async fn stock(&self, store: StoreId, item: ItemId) -> (i64, i64) {
        sqlx::query_as("SELECT on_hand, reserved FROM stock WHERE store_id = $1 AND item_id = $2")
            .bind(store.as_uuid())
            .bind(item.as_uuid())
            .fetch_one(&self.db)
            .await
            .unwrap()
    }

    pub(crate) async fn count(&self, table: &'static str) -> i64 {
        let question = format!("SELECT count(*) FROM {table}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(question)).fetch_one(&self.db).await.unwrap()
    }

    /// How many transactions wrote the rows that a table has.
    pub(crate) async fn commits_of(&self, table: &'static str) -> i64 {
        let question = format!("SELECT count(DISTINCT xmin::text) FROM {table}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(question)).fetch_one(&self.db).await.unwrap()
    }

    /// Facts of a kind that were told, in their order.
    pub(crate) async fn told(&self, event: &str) -> Vec<Value> {
        sqlx::query_scalar("SELECT payload FROM outbox WHERE type = $1 ORDER BY id")
            .bind(format!("com.cloudeats.inventory.{event}.v1"))
            .fetch_all(&self.db)
            .await
            .unwrap()
    }

    pub(crate) async fn transitions(&self, n: u128) -> Vec<(i64, Option<String>, String)> {
        sqlx::query_as(
            "SELECT seq, from_state, to_state FROM reservation_transition WHERE order_id = $1 ORDER BY seq",
        )
        .bind(order(n).as_uuid())
        .fetch_all(&self.db)
        .await
        .unwrap()
    }

    pub(crate) async fn catalogue(&self, store: StoreId, version: i64) -> Vec<Row> {
        let (table, index) = (&tables::MENU_CATALOG, &tables::BY_STORE_MENU);
        self.dynamo.1.query(table, Some(index), store_menu(store, version)).all().await.unwrap()
    }

    /// Invariant I3, word for word as the checker asks it.
    pub(crate) async fn i3_holds(&self) {
        let broken: Vec<(Uuid, i64, i64, i64, i64)> = sqlx::query_as(
            "SELECT s.item_id, s.on_hand, m.moved::bigint, s.reserved, h.held::bigint FROM stock s
             CROSS JOIN LATERAL (SELECT coalesce(sum(qty), 0) AS moved FROM stock_movement m
                                  WHERE m.store_id = s.store_id AND m.item_id = s.item_id) m
             CROSS JOIN LATERAL (SELECT coalesce(sum(l.qty), 0) AS held
                                   FROM reservation r JOIN reservation_line l USING (order_id)
                                  WHERE r.state IN ('HELD', 'CONFIRMED') AND r.store_id = s.store_id
                                    AND l.item_id = s.item_id) h
             WHERE s.on_hand <> m.moved OR s.reserved <> h.held OR s.reserved NOT BETWEEN 0 AND s.on_hand",
        )
        .fetch_all(&self.db)
        .await
        .unwrap();
        assert_eq!(broken, []);
    }
}
