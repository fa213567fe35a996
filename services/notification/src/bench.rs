//! A whole notification service on a test's own database, with a mailbox and an identity of its own.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::Path, http::StatusCode, response::IntoResponse, routing::get};
use common::types::{Cell, Clock, Currency, CustomerId, OrderId, StoreId, SystemClock};
use event_kit::Heard;
use orders_contract::events::{
    OrderCancelled, OrderCompleted, OrderConfirmed, OrderDelivered, OrderDispatched,
    OrderPreparing, OrderReady, OrderRejected,
};
use postgres_kit::Db;
use sandbox::mailbox::{Letter, Mailbox};
use serde_json::json;
use service_kit::Stop;
use sqlx::PgPool;
use test_kit::{TestCaller, TestService};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::{
    App,
    clients::{Contacts, Mailer},
    domain::{Outcome, Verdict},
    events, routes, sender,
    store::{self, sends::Due},
};

const ANNA: Uuid = Uuid::from_u128(0xa);
const BEN: Uuid = Uuid::from_u128(0xb);
const STRANGER: Uuid = Uuid::from_u128(0xc);

type Working = Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>>;

pub(crate) struct Bench {
    db: PgPool,
    /// The same, as the service sees it: its commits wake the sender.
    woken_by: Db,
    app: App,
    service: TestService,
    mailbox: Mailbox,
    smtp: String,
    identity: String,
    /// How many facts there are about an order.
    told: Mutex<HashMap<OrderId, i64>>,
    _folder: tempfile::TempDir,
}

/// Hears a fact about an order that is yet to be known.
macro_rules! hear {
    ($bench:ident, $listener:ident, $order:expr, $customer:expr, $fact:ident { $($field:ident: $value:expr),* $(,)? }) => {{
        let order: OrderId = $order;
        let fact = $fact {
            order_id: order,
            customer_id: CustomerId::from_uuid($customer),
            store_id: StoreId::from_uuid(Uuid::from_u128(3)),
            cell: Cell::parse("east-a").unwrap(),
            $($field: $value,)*
        };
        let heard = Heard::new("notification", SystemClock.new_id(), $bench.next(order), SystemClock.now(), fact);
        events::$listener::handle($bench.app.clone(), heard.clone()).await.unwrap();
        heard
    }};
}

impl Bench {
    #[expect(clippy::disallowed_methods, reason = "a test stands in for the world outside")]
    pub(crate) async fn new(db: PgPool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::open(folder.path(), Arc::new(SystemClock)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp = format!("smtp://{}", listener.local_addr().unwrap());
        let served = mailbox.clone();
        tokio::spawn(async move { served.serve_smtp(listener).await });

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let identity = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/v1/internal/contacts/{user}", get(contact));
        tokio::spawn(sandbox::server::serve(listener, router));

        let woken_by = Db::from_pool(db.clone());
        let app = app(&woken_by, &smtp, &identity);
        let service = TestService::new("notification", routes::router().with_state(app.clone()));
        let told = Mutex::default();
        Self { db, woken_by, app, service, mailbox, smtp, identity, told, _folder: folder }
    }

    pub(crate) fn anna(&self) -> TestCaller {
        self.service.as_customer(CustomerId::from_uuid(ANNA))
    }

    pub(crate) fn ben(&self) -> TestCaller {
        self.service.as_customer(CustomerId::from_uuid(BEN))
    }

    pub(crate) fn service(&self) -> TestCaller {
        self.service.as_service("gateway")
    }

    pub(crate) fn nobody(&self) -> TestCaller {
        self.service.as_nobody()
    }

    pub(crate) async fn confirmed(&self, fulfilment: &str) -> OrderId {
        self.confirmed_for(ANNA, fulfilment).await.fact.order_id
    }

    pub(crate) async fn confirmed_of_a_stranger(&self) -> OrderId {
        self.confirmed_for(STRANGER, "delivery").await.fact.order_id
    }

    pub(crate) async fn confirmed_twice(&self) {
        let heard = self.confirmed_for(ANNA, "delivery").await;
        events::on_order_confirmed::handle(self.app.clone(), heard).await.unwrap();
    }

    async fn confirmed_for(&self, customer: Uuid, fulfilment: &str) -> Heard<OrderConfirmed> {
        hear!(
            self,
            on_order_confirmed,
            an_order(),
            customer,
            OrderConfirmed {
                fulfilment: fulfilment.to_owned(),
                promise_at: Some(SystemClock.now()),
                lines: Vec::new(),
                authorized_minor: 1250,
                currency: Currency::USD,
            }
        )
    }

    pub(crate) async fn rejected(&self, reason: &str) {
        let reason = reason.to_owned();
        hear!(self, on_order_rejected, an_order(), ANNA, OrderRejected { reason: reason });
    }

    pub(crate) async fn cancelled(&self, cause: &str) {
        let (cause, actor_role) = (cause.to_owned(), "customer".to_owned());
        hear!(
            self,
            on_order_cancelled,
            an_order(),
            ANNA,
            OrderCancelled { cause: cause, actor_role: actor_role }
        );
    }

    pub(crate) async fn preparing(&self, order: OrderId) {
        let at = SystemClock.now();
        hear!(self, on_order_preparing, order, ANNA, OrderPreparing { at: at, promise_at: None });
    }

    pub(crate) async fn ready(&self, order: OrderId) {
        let at = SystemClock.now();
        hear!(self, on_order_ready, order, ANNA, OrderReady { at: at, promise_at: None });
    }

    pub(crate) async fn dispatched(&self, order: OrderId) {
        let at = SystemClock.now();
        hear!(self, on_order_dispatched, order, ANNA, OrderDispatched { at: at, promise_at: None });
    }

    pub(crate) async fn delivered(&self, order: OrderId) {
        let at = SystemClock.now();
        hear!(self, on_order_delivered, order, ANNA, OrderDelivered { at: at });
    }

    pub(crate) async fn completed(&self, order: OrderId) {
        hear!(
            self,
            on_order_completed,
            order,
            ANNA,
            OrderCompleted {
                captured_minor: 1250,
                goods_minor: 1250,
                tip_minor: 0,
                currency: Currency::USD,
                outcome: "paid".to_owned(),
                completed_at: SystemClock.now(),
            }
        );
    }

    fn next(&self, order: OrderId) -> i64 {
        let mut told = self.told.lock().unwrap();
        let seq = told.entry(order).or_default();
        *seq += 1;
        *seq
    }

    pub(crate) fn worker(&self) -> impl FnOnce(Stop) -> Working + use<> {
        sender::worker(self.app.clone(), &self.woken_by)
    }

    /// What the sender does until nothing is due.
    pub(crate) async fn send(&self) {
        while self.app.send_due().await.unwrap() > 0 {}
    }

    pub(crate) async fn claim_and_die(&self) -> Vec<Due> {
        let mut db = self.db.acquire().await.unwrap();
        store::sends::claim_due(&mut db, 10).await.unwrap()
    }

    /// The word of a sender that was thought dead.
    pub(crate) async fn record_late(&self, dead: Vec<Due>) {
        let late = |due: Due| -> (Due, Verdict) { (due, Outcome::Away("late").verdict(1)) };
        let verdicts: Vec<_> = dead.into_iter().map(late).collect();
        let mut db = self.db.acquire().await.unwrap();
        assert!(store::sends::record(&mut db, &verdicts).await.unwrap().is_empty());
    }

    /// Every wait and every lease is over.
    pub(crate) async fn time_passes(&self) {
        sqlx::query("UPDATE send SET next_attempt_at = now()").execute(&self.db).await.unwrap();
    }

    /// A port that nobody listens on.
    pub(crate) fn mail_server_goes_away(&mut self) {
        self.app = app(&self.woken_by, "smtp://127.0.0.1:9", &self.identity);
    }

    pub(crate) fn mail_server_returns(&mut self) {
        self.app = app(&self.woken_by, &self.smtp, &self.identity);
    }

    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.mailbox.envelopes().iter().map(|envelope| Letter::from(&**envelope)).collect()
    }

    #[track_caller]
    pub(crate) fn letters_are(&self, subjects: &[&str]) {
        let mut found: Vec<_> = self.letters().into_iter().map(|letter| letter.subject).collect();
        found.sort_unstable();
        assert_eq!(found, subjects);
    }

    pub(crate) async fn newest(&self) -> Uuid {
        sqlx::query_scalar("SELECT notification_id FROM notification ORDER BY 1 DESC LIMIT 1")
            .fetch_one(&self.db)
            .await
            .unwrap()
    }

    pub(crate) async fn event_of(&self, order: OrderId, kind: &str) -> Uuid {
        sqlx::query_scalar(
            "SELECT s.event_id
               FROM send s
               JOIN notification n USING (notification_id)
              WHERE n.order_id = $1 AND n.kind = $2",
        )
        .bind(order.as_uuid())
        .bind(kind)
        .fetch_one(&self.db)
        .await
        .unwrap()
    }

    pub(crate) async fn went(&self, order: OrderId, expected: &[&str]) {
        let found: Vec<String> = sqlx::query_scalar(
            "SELECT t.to_state || ' ' || t.cause
               FROM send_transition t
               JOIN send s USING (send_id)
               JOIN notification n USING (notification_id)
              WHERE n.order_id = $1
              ORDER BY t.seq",
        )
        .bind(order.as_uuid())
        .fetch_all(&self.db)
        .await
        .unwrap();
        assert_eq!(found, expected);
    }

    pub(crate) async fn inbox_is(&self, kinds: &[&str]) {
        let found: Vec<String> =
            sqlx::query_scalar("SELECT kind FROM notification ORDER BY notification_id")
                .fetch_all(&self.db)
                .await
                .unwrap();
        assert_eq!(found, kinds);
    }

    pub(crate) async fn has_told(&self, states: &[&str]) {
        let found: Vec<String> =
            sqlx::query_scalar("SELECT payload ->> 'state' FROM outbox ORDER BY id")
                .fetch_all(&self.db)
                .await
                .unwrap();
        assert_eq!(found, states);
    }

    /// All rows of all tables that hold words, as text.
    pub(crate) async fn everything_kept(&self) -> String {
        sqlx::query_scalar(
            "SELECT (SELECT string_agg(n::text, ' ') FROM notification n)
                 || (SELECT string_agg(s::text, ' ') FROM send s)
                 || (SELECT string_agg(o::text, ' ') FROM outbox o)",
        )
        .fetch_one(&self.db)
        .await
        .unwrap()
    }
}

fn app(db: &Db, smtp: &str, identity: &str) -> App {
    let contacts = Contacts::new(test_kit::client(identity, "identity"));
    // A disk that flushes for seconds does not make a letter late.
    let patience = Duration::from_mins(1);
    let from = "CloudEats <orders@cloudeats.example>";
    let mailer = Mailer::connect(&smtp.into(), from, patience).unwrap();
    App::new(db.clone(), Arc::new(SystemClock), contacts, mailer)
}

fn an_order() -> OrderId {
    OrderId::from_uuid(SystemClock.new_id())
}

/// Identity, as far as it knows two people.
async fn contact(Path(user): Path<Uuid>) -> impl IntoResponse {
    let name = match user {
        ANNA => "Anna",
        BEN => "Ben",
        _ => return (StatusCode::NOT_FOUND, json!({ "code": "no-such-user" }).to_string()),
    };
    let email = format!("{}@example.com", name.to_lowercase());
    (StatusCode::OK, json!({ "user_id": user, "email": email, "name": name }).to_string())
}
