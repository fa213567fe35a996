//! A whole fleet service on a test's own database.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use axum::body::BodyDataStream;
use bytes::Bytes;
use common::types::{
    Cell, Clock, CourierId, CustomerId, DeliveryId, GeoPoint, OrderId, StoreId, TicketId, VehicleId,
};
use event_kit::Heard;
use futures::StreamExt;
use jiff::SignedDuration;
use orders_contract::events::{OrderCancelled, TicketChanged};
use postgres_kit::Db;
use serde_json::{Value, json};
use service_kit::Stop;
use sqlx::PgPool;
use test_kit::{FixedClock, TestAnswer, TestCaller, TestService};
use uuid::Uuid;

use crate::{App, Settings, app::Sighting, domain::Reading, routes};

/// Where goods are collected.
pub(crate) const STORE: (f64, f64) = (42.5, 1.5);
/// Where they go, 1.4 km away.
pub(crate) const DOOR: (f64, f64) = (42.51, 1.51);

const CELL: &str = "east-a";

pub(crate) struct Bench {
    pub(crate) app: App,
    pub(crate) clock: FixedClock,
    pub(crate) service: TestService,
    pub(crate) stop: Stop,
    db: PgPool,
    seq: AtomicI64,
}

fn id(kind: u128, n: u128) -> Uuid {
    Uuid::from_u128((kind << 64) | n)
}

impl Bench {
    pub(crate) fn new(db: PgPool) -> Self {
        let (clock, stop) = (FixedClock::default(), Stop::new());
        let settings = Settings {
            courier_silence: Duration::from_mins(2),
            speed_max_mps: 55.0,
            track_kept: Duration::from_hours(30 * 24),
        };
        let app =
            App::new(Db::from_pool(db.clone()), Arc::new(clock.clone()), stop.clone(), settings);
        let service = TestService::new("fleet", routes::router().with_state(app.clone()));
        Self { app, clock, service, stop, db, seq: AtomicI64::new(1) }
    }

    pub(crate) fn vehicle_id(n: u128) -> VehicleId {
        VehicleId::from_uuid(id(1, n))
    }

    pub(crate) fn courier_id(n: u128) -> CourierId {
        CourierId::from_uuid(id(2, n))
    }

    pub(crate) fn order_id(n: u128) -> OrderId {
        OrderId::from_uuid(id(3, n))
    }

    fn customer_id() -> CustomerId {
        CustomerId::from_uuid(id(4, 1))
    }

    pub(crate) fn store_id() -> StoreId {
        StoreId::from_uuid(id(5, 1))
    }

    pub(crate) fn as_dispatcher(&self) -> TestCaller {
        self.service.as_dispatcher()
    }

    pub(crate) fn as_courier(&self, courier: CourierId) -> TestCaller {
        self.service.as_courier(courier)
    }

    pub(crate) fn as_service(&self) -> TestCaller {
        self.service.as_service("orders")
    }

    pub(crate) fn as_the_customer(&self) -> TestCaller {
        self.service.as_customer(Self::customer_id())
    }

    pub(crate) fn seconds_pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    pub(crate) async fn a_vehicle(&self, n: u128) -> VehicleId {
        let vehicle = Self::vehicle_id(n);
        let body = json!({"name": format!("Bike {n}"), "kind": "bike", "cell": CELL});
        let path = format!("/v1/vehicles/{vehicle}");
        self.as_dispatcher().put(&path, body).send().await.is(200);
        vehicle
    }

    pub(crate) async fn a_courier(&self, n: u128) -> CourierId {
        self.a_courier_of(n, CELL).await
    }

    pub(crate) async fn a_courier_of(&self, n: u128, cell: &str) -> CourierId {
        let vehicle = self.a_vehicle(n).await;
        let courier = Self::courier_id(n);
        let body = json!({"name": format!("Courier {n}"), "vehicle_id": vehicle, "cell": cell});
        let path = format!("/v1/couriers/{courier}");
        self.as_dispatcher().put(&path, body).send().await.is(200);
        courier
    }

    pub(crate) async fn is_available(&self, courier: CourierId) {
        let body = json!({"available": true});
        let caller = self.as_courier(courier);
        caller.put("/v1/couriers/me/availability", body).send().await.is(200);
    }

    /// Somebody who waits for work, seen at a place.
    pub(crate) async fn a_free_courier(&self, n: u128, place: (f64, f64)) -> CourierId {
        let courier = self.a_courier(n).await;
        self.is_available(courier).await;
        self.reports(Self::vehicle_id(n), 1, place).await;
        courier
    }

    pub(crate) fn errand(n: u128) -> Value {
        json!({
            "order_id": Self::order_id(n),
            "store_id": Self::store_id(),
            "cell": CELL,
            "customer_id": Self::customer_id(),
            "pickup": {"lat": STORE.0, "lon": STORE.1},
            "pickup_name": "Café",
            "dropoff": {"lat": DOOR.0, "lon": DOOR.1},
            "dropoff_text": "Main Street 1",
        })
    }

    pub(crate) async fn asks_for_delivery(&self) -> TestAnswer {
        self.asks_for_delivery_of(1).await
    }

    pub(crate) async fn asks_for_delivery_of(&self, n: u128) -> TestAnswer {
        self.as_service().post("/v1/internal/deliveries", Self::errand(n)).send().await
    }

    pub(crate) async fn cancels_delivery(&self) -> TestAnswer {
        let path = format!("/v1/internal/deliveries/{}/cancel", Self::order_id(1));
        self.as_service().request(axum::http::Method::POST, &path).send().await
    }

    pub(crate) async fn dispatches(&self) {
        self.app.dispatch().await.unwrap();
    }

    pub(crate) async fn an_assigned_delivery(&self) -> (DeliveryId, CourierId) {
        let courier = self.a_courier(1).await;
        self.is_available(courier).await;
        let asked = self.asks_for_delivery().await;
        let delivery = asked.is(201).json["delivery_id"].as_str().unwrap().parse().unwrap();
        self.dispatches().await;
        assert_eq!(self.courier_state(courier).await, "BUSY");
        (delivery, courier)
    }

    pub(crate) async fn a_collected_delivery(&self) -> (DeliveryId, CourierId) {
        let (delivery, courier) = self.an_assigned_delivery().await;
        self.hears_ticket(1, "READY").await;
        self.fact(courier, delivery, "pickup", STORE).await.is(200);
        (delivery, courier)
    }

    pub(crate) fn event(&self, kind: &str, (lat, lon): (f64, f64)) -> Value {
        json!({
            "event_id": self.clock.new_id(),
            "kind": kind,
            "device_time": self.clock.now(),
            "seq": self.seq.fetch_add(1, Ordering::Relaxed),
            "position": {"lat": lat, "lon": lon},
        })
    }

    pub(crate) async fn fact(
        &self,
        courier: CourierId,
        delivery: DeliveryId,
        kind: &str,
        place: (f64, f64),
    ) -> TestAnswer {
        let path = format!("/v1/deliveries/{delivery}/events");
        self.as_courier(courier).post(&path, self.event(kind, place)).send().await
    }

    pub(crate) async fn assigns(
        &self,
        delivery: DeliveryId,
        version: i64,
        courier: CourierId,
    ) -> TestAnswer {
        let path = format!("/v1/deliveries/{delivery}/assignment");
        let body = json!({"courier_id": courier});
        self.as_dispatcher().put(&path, body).if_match(version).send().await
    }

    pub(crate) fn sighting(&self, vehicle: VehicleId, seq: i64, place: (f64, f64)) -> Sighting {
        let reading = Reading {
            boot: vehicle.as_uuid(),
            seq,
            at: self.clock.now(),
            place: GeoPoint::new(place.0, place.1).unwrap(),
            speed_mps: Some(5.0),
            course_deg: None,
            accuracy_m: Some(5.0),
            battery_pct: None,
        };
        Sighting { vehicle, kind: "tel", reading: Ok(reading), payload: Bytes::from_static(b"{}") }
    }

    pub(crate) async fn reports(&self, vehicle: VehicleId, seq: i64, place: (f64, f64)) {
        self.app.record_telemetry(&[self.sighting(vehicle, seq, place)]).await.unwrap();
    }

    pub(crate) async fn hears_ticket(&self, seq: i64, state: &str) {
        let fact = TicketChanged {
            order_id: Self::order_id(1),
            customer_id: Self::customer_id(),
            store_id: Self::store_id(),
            cell: Cell::parse(CELL).unwrap(),
            ticket_id: TicketId::from_uuid(id(6, 1)),
            state: state.to_owned(),
            promised_at: None,
            ready_p50: None,
        };
        let heard =
            Heard::new("fleet", id(7, seq.unsigned_abs().into()), seq, self.clock.now(), fact);
        self.app.note_ticket(&heard).await.unwrap();
    }

    pub(crate) async fn hears_cancelled(&self, seq: i64) {
        let fact = OrderCancelled {
            order_id: Self::order_id(1),
            customer_id: Self::customer_id(),
            store_id: Self::store_id(),
            cell: Cell::parse(CELL).unwrap(),
            cause: "other".to_owned(),
            actor_role: "staff".to_owned(),
        };
        let heard =
            Heard::new("fleet", id(7, seq.unsigned_abs().into()), seq, self.clock.now(), fact);
        self.app.hear_cancellation(&heard, Self::order_id(1)).await.unwrap();
    }

    pub(crate) async fn watches(&self, caller: TestCaller) -> Watching {
        let path = format!("/v1/internal/streams/orders/{}", Self::order_id(1));
        let response = caller.get(&path).open().await;
        assert_eq!(response.status(), 200);
        Watching { body: response.into_body().into_data_stream(), text: String::new() }
    }

    async fn text_of(&self, query: &'static str, id: Uuid) -> String {
        sqlx::query_scalar(query).bind(id).fetch_one(&self.db).await.unwrap()
    }

    pub(crate) async fn state_of(&self, delivery: DeliveryId) -> String {
        let query = "SELECT state FROM delivery WHERE delivery_id = $1";
        self.text_of(query, delivery.as_uuid()).await
    }

    pub(crate) async fn courier_state(&self, courier: CourierId) -> String {
        let query = "SELECT state FROM courier WHERE courier_id = $1";
        self.text_of(query, courier.as_uuid()).await
    }

    pub(crate) async fn version_of(&self, delivery: DeliveryId) -> i64 {
        sqlx::query_scalar("SELECT version FROM delivery WHERE delivery_id = $1")
            .bind(delivery.as_uuid())
            .fetch_one(&self.db)
            .await
            .unwrap()
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        let query = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(query).fetch_one(&self.db).await.unwrap()
    }

    pub(crate) async fn incidents(&self) -> Vec<String> {
        sqlx::query_scalar("SELECT code FROM incident ORDER BY at, incident_id")
            .fetch_all(&self.db)
            .await
            .unwrap()
    }

    /// What was told, in the last words of the types.
    pub(crate) async fn told(&self) -> Vec<String> {
        let query = "SELECT split_part(type, '.', 4) FROM outbox ORDER BY id";
        sqlx::query_scalar(query).fetch_all(&self.db).await.unwrap()
    }

    #[track_caller]
    pub(crate) fn has_told(&self, expected: &[&str]) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move { assert_eq!(self.told().await, expected, "{caller}") }
    }
}

/// What a watcher sees next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Watched {
    At((f64, f64)),
    End,
}

pub(crate) struct Watching {
    body: BodyDataStream,
    text: String,
}

impl Watching {
    pub(crate) async fn next(&mut self) -> Watched {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(data) = event.lines().find_map(|line| line.strip_prefix("data: ")) {
                    assert!(event.contains("event: position"), "{event}");
                    let seen: fleet_contract::http::TrackedPosition =
                        serde_json::from_str(data).unwrap();
                    return Watched::At((seen.position.lat(), seen.position.lon()));
                }
                continue;
            }
            match self.body.next().await {
                Some(bytes) => self.text += std::str::from_utf8(&bytes.unwrap()).unwrap(),
                None => return Watched::End,
            }
        }
    }
}
