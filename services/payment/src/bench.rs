//! A whole payment service on a test's own database, with a provider of its own.

use std::{pin::Pin, sync::Arc, time::Duration};

use common::types::{CustomerId, SystemClock};
use postgres_kit::Db;
use sandbox::provider::{Provider as Outside, Settings};
use serde_json::{Value, json};
use service_kit::{Client, Stop};
use sqlx::PgPool;
use test_kit::{TestAnswer, TestCaller, TestService};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::{App, clients::Provider, routes, saga};

pub(crate) const ORDER: &str = "0191e4b0-0000-5000-8000-000000000001";
pub(crate) const STORE: &str = "0191e4b0-0000-7000-8000-000000000003";
const CUSTOMER: Uuid = Uuid::from_u128(0x0191_e4b0_0000_7000_8000_0000_0000_0002);
/// How long `pm_slow` takes.
const SLOW: Duration = Duration::from_millis(700);

pub(crate) struct Bench {
    db: PgPool,
    app: App,
    service: TestService,
    /// To set the provider's moods and to read its journal.
    outside: Client,
    _folder: tempfile::TempDir,
}

/// The body of an authorization.
pub(crate) fn asking(method: &str, amount_minor: u32) -> Value {
    json!({
        "order_id": ORDER, "customer_id": CUSTOMER, "store_id": STORE, "cell": "east-a",
        "amount_minor": amount_minor, "currency": "USD", "payment_method_id": method, "generation": 1,
    })
}

impl Bench {
    #[expect(clippy::disallowed_methods, reason = "a test stands in for the world outside")]
    pub(crate) async fn new(db: PgPool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { slow: SLOW, ..Settings::default() };
        let provider = Outside::open(folder.path(), Arc::new(SystemClock), &settings).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(sandbox::server::serve(listener, provider.router()));

        let client = || Client::outside(&url, Duration::from_secs(5)).unwrap();
        let app =
            App::new(Db::from_pool(db.clone()), Arc::new(SystemClock), Provider::sandbox(client()));
        let service = TestService::new("payment", routes::router().with_state(app.clone()));
        Self { db, app, service, outside: client(), _folder: folder }
    }

    pub(crate) fn orders(&self) -> TestCaller {
        self.service.as_service("orders")
    }

    pub(crate) fn customer(&self) -> TestCaller {
        self.service.as_customer(CustomerId::from_uuid(CUSTOMER))
    }

    pub(crate) fn stranger(&self) -> TestCaller {
        self.service.as_customer(CustomerId::from_uuid(Uuid::from_u128(77)))
    }

    pub(crate) fn operator(&self) -> TestCaller {
        self.service.as_operator()
    }

    pub(crate) async fn authorize(&self, body: &Value) -> TestAnswer {
        self.orders().post("/v1/internal/payments", body).send().await
    }

    pub(crate) async fn authorize_within(&self, body: &Value, deadline_ms: u32) -> TestAnswer {
        let request = self.orders().post("/v1/internal/payments", body);
        request.header("x-ce-deadline", &deadline_ms.to_string()).send().await
    }

    pub(crate) async fn capture(&self, amount_minor: i64) -> TestAnswer {
        self.capture_within(amount_minor, 2_000).await
    }

    pub(crate) async fn capture_within(&self, amount_minor: i64, deadline_ms: u32) -> TestAnswer {
        let path = format!("/v1/internal/payments/{ORDER}/capture");
        let request = self.orders().post(&path, json!({ "amount_minor": amount_minor }));
        request.header("x-ce-deadline", &deadline_ms.to_string()).send().await
    }

    pub(crate) async fn void(&self) -> TestAnswer {
        self.orders().post(&format!("/v1/internal/payments/{ORDER}/void"), json!({})).send().await
    }

    /// Nothing is done and 503 is answered.
    pub(crate) async fn provider_is_away(&self, away: bool) {
        self.faults(json!({ "fail_before": f64::from(u8::from(away)) })).await;
    }

    /// Everything is done, and nobody who is in a hurry hears of it.
    pub(crate) async fn provider_dawdles(&self, dawdles: bool) {
        self.faults(json!({ "delay_ms": if dawdles { 1_000 } else { 0 } })).await;
    }

    async fn faults(&self, faults: Value) {
        self.outside.put("/v1/faults").json(&faults).send_empty().await.unwrap();
    }

    /// What the worker does when all waits are over. A breaker that opened closes again by trying.
    pub(crate) async fn settle(&self) {
        const DUE: &str =
            "UPDATE payment SET next_attempt_at = now(), lease_until = NULL WHERE work IS NOT NULL";
        for _round in 0..100 {
            if sqlx::query(DUE).execute(&self.db).await.unwrap().rows_affected() == 0 {
                return;
            }
            self.app.settle_due(16, 4).await.unwrap();
        }
        panic!("the worker does not come to an end");
    }

    pub(crate) fn worker(
        &self,
    ) -> impl FnOnce(Stop) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> + use<> {
        saga::worker(self.app.clone())
    }

    /// What the provider did, as its journal says; refusals are not deeds.
    pub(crate) async fn provider_did(&self) -> Vec<String> {
        let journal: Value = self.outside.get("/v1/operations?limit=100").send().await.unwrap();
        let operations = journal["operations"].as_array().unwrap();
        let done = operations.iter().filter(|one| one["outcome"] == "ok");
        let word = |one: &Value, field: &str| one[field].as_str().unwrap_or_default().to_owned();
        done.map(|one| format!("{} {} {}", word(one, "op"), word(one, "key"), one["amount_minor"]))
            .collect()
    }

    /// Our calls, as we know them.
    pub(crate) async fn calls(&self) -> Vec<String> {
        self.strings(
            "SELECT call_key || ' ' || outcome || ' ' || amount_minor FROM payment_call ORDER BY call_key",
        )
        .await
    }

    /// The acts in the books.
    pub(crate) async fn acts(&self) -> Vec<String> {
        self.strings("SELECT what FROM ledger_tx ORDER BY what").await
    }

    pub(crate) async fn went(&self, expected: &[&str]) {
        let sql = "SELECT from_state || '>' || to_state FROM payment_transition ORDER BY seq";
        assert_eq!(self.strings(sql).await, expected);
    }

    pub(crate) async fn has_told(&self, expected: &[&str]) {
        let sql = "SELECT split_part(type, '.', 4) FROM outbox ORDER BY id";
        assert_eq!(self.strings(sql).await, expected);
    }

    /// The accounts on which something stands; the store's half of a hold mirrors the provider's.
    pub(crate) async fn balances(&self, expected: &[(&str, i64)]) {
        let found: Vec<(String, i64)> = sqlx::query_as(
            "SELECT account, sum(amount_minor)::bigint
               FROM ledger_line
              WHERE account NOT LIKE 'hold:store:%'
              GROUP BY account
             HAVING sum(amount_minor) <> 0
              ORDER BY account",
        )
        .fetch_all(&self.db)
        .await
        .unwrap();
        let found: Vec<_> = found.iter().map(|(account, sum)| (account.as_str(), *sum)).collect();
        assert_eq!(found, expected);
    }

    async fn strings(&self, sql: &'static str) -> Vec<String> {
        sqlx::query_scalar(sql).fetch_all(&self.db).await.unwrap()
    }
}
