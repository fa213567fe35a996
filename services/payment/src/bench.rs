//! A whole payment service on a test's own database, with a provider of its own.

use std::{pin::Pin, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
    routing::post,
};
use common::types::{Clock, CustomerId, Principal, Role, SystemClock, Timestamp};
use jiff::SignedDuration;
use postgres_kit::Db;
use sandbox::provider::{
    Provider as Outside, Settings,
    webhooks::{Listener, Secret},
};
use serde_json::{Value, json};
use service_kit::{Client, Stop};
use sqlx::PgPool;
use test_kit::{FixedClock, TestAnswer, TestCaller, TestService};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::{App, clients::Provider, reconciliation, routes, saga};

pub(crate) const ORDER: &str = "0191e4b0-0000-5000-8000-000000000001";
pub(crate) const STORE: &str = "0191e4b0-0000-7000-8000-000000000003";
const CUSTOMER: Uuid = Uuid::from_u128(0x0191_e4b0_0000_7000_8000_0000_0000_0002);
/// How long `pm_slow` takes.
const SLOW: Duration = Duration::from_secs(4);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// A day's file is asked for so long after its end.
const FILE_AFTER: SignedDuration = SignedDuration::from_hours(3);
const WEBHOOKS: &str = "/v1/payments/webhooks/sandbox";

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

/// The same, taken in another way.
pub(crate) fn asking_for(capture_method: &str, amount_minor: u32) -> Value {
    let mut body = asking("pm_approved", amount_minor);
    body["capture_method"] = json!(capture_method);
    body
}

/// A webhook before it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    id: String,
    body: String,
    secret: &'static str,
    drift_s: i64,
    /// What is sent instead of what was signed.
    swapped: Option<String>,
    signed: bool,
}

impl Webhook {
    pub(crate) fn signed_by(self, secret: &'static str) -> Self {
        Self { secret, ..self }
    }

    pub(crate) fn at(self, drift_s: i64) -> Self {
        Self { drift_s, ..self }
    }

    pub(crate) fn saying(self, body: &str) -> Self {
        Self { swapped: Some(body.to_owned()), ..self }
    }

    pub(crate) fn without_signature(self) -> Self {
        Self { signed: false, ..self }
    }
}

impl Bench {
    /// Nobody tells anything by itself.
    pub(crate) async fn new(db: PgPool) -> Self {
        Self::with(db, None, Arc::new(SystemClock), Arc::new(SystemClock)).await
    }

    /// The provider's clock and ours are this one.
    pub(crate) async fn at(db: PgPool, clock: &FixedClock) -> Self {
        Self::beside(db, clock, clock).await
    }

    /// The provider has a clock of its own.
    pub(crate) async fn beside(db: PgPool, ours: &FixedClock, theirs: &FixedClock) -> Self {
        Self::with(db, None, Arc::new(ours.clone()), Arc::new(theirs.clone())).await
    }

    /// The provider tells what happens.
    #[expect(clippy::disallowed_methods, reason = "a test stands in for the world outside")]
    pub(crate) async fn listening(db: PgPool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let bench = {
            let told = Listener { url, secret: SECRET.parse().unwrap() };
            Self::with(db, Some(told), Arc::new(SystemClock), Arc::new(SystemClock)).await
        };
        let door = Router::new().route("/", post(pass_on)).with_state(bench.service.as_nobody());
        tokio::spawn(sandbox::server::serve(listener, door));
        bench
    }

    #[expect(clippy::disallowed_methods, reason = "a test stands in for the world outside")]
    async fn with(
        db: PgPool,
        told: Option<Listener>,
        ours: Arc<dyn Clock>,
        theirs: Arc<dyn Clock>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { slow: SLOW, listener: told, ..Settings::default() };
        let provider = Outside::open(folder.path(), theirs, &settings).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(sandbox::server::serve(listener, provider.router()));
        tokio::spawn(async move { provider.send_webhooks().await });

        let client = || Client::outside(&url, Duration::from_secs(5)).unwrap();
        let seam = Provider::sandbox(client(), Some(SECRET.parse().unwrap()));
        let app = App::new(Db::from_pool(db.clone()), ours, seam);
        let service = TestService::new("payment", routes::router().with_state(app.clone()));
        Self { db, app, service, outside: client(), _folder: folder }
    }

    /// The order was authorized and taken.
    pub(crate) async fn captured(db: PgPool, amount_minor: u32) -> Self {
        let bench = Self::new(db).await;
        bench.authorize(&asking("pm_approved", amount_minor)).await.is(200);
        bench.capture(amount_minor.into()).await.is(200);
        bench
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

    /// Somebody else of those who may give money back.
    pub(crate) fn second_person(&self) -> TestCaller {
        let (id, roles) = (Uuid::from_u128(99), vec![Role::Support]);
        self.service.as_principal(&Principal { id, roles, stores: Vec::new() })
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

    pub(crate) async fn faults(&self, faults: Value) {
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

    pub(crate) async fn refunds_path(&self) -> String {
        let found = self.customer().get(&format!("/v1/payments?order_id={ORDER}")).send().await;
        format!("/v1/payments/{}/refunds", found.json["payment_id"].as_str().unwrap())
    }

    /// An operator asks for a refund at the store's cost.
    pub(crate) async fn refund(&self, amount_minor: u32, key: &str) -> TestAnswer {
        let body = json!({ "amount_minor": amount_minor, "reason": "quality", "liable": "store" });
        self.refund_with(&body, key).await
    }

    pub(crate) async fn refund_with(&self, body: &Value, key: &str) -> TestAnswer {
        let path = self.refunds_path().await;
        self.operator().post(&path, body).key(key).send().await
    }

    /// One round of the worker of refunds.
    pub(crate) async fn try_refunds(&self) {
        self.app.submit_refunds(None, 16, 4).await.unwrap();
    }

    /// What the worker of refunds does when all waits are over.
    pub(crate) async fn settle_refunds(&self) {
        const DUE: &str = "UPDATE refund SET next_attempt_at = now(), lease_until = NULL
                            WHERE state IN ('SUBMITTING', 'FAILED')";
        for _round in 0..100 {
            if sqlx::query(DUE).execute(&self.db).await.unwrap().rows_affected() == 0 {
                return;
            }
            self.try_refunds().await;
        }
        panic!("the worker of refunds does not come to an end");
    }

    pub(crate) async fn reconcile(&self) {
        self.app.reconcile().await.unwrap();
    }

    /// What the worker does once a day.
    pub(crate) async fn read_files(&self) {
        self.app.read_settlements(FILE_AFTER).await.unwrap();
    }

    /// Writes an act on one account of the provider's into the books, as if it had been done at `at`.
    pub(crate) async fn books(&self, at: Timestamp, what: &str, account: &str, amount_minor: i64) {
        // Two signs in a row would begin a comment.
        let other_minor = -amount_minor;
        let booked = format!(
            "BEGIN;
             INSERT INTO ledger_tx (tx_id, order_id, what, lines) VALUES ('{0}', '{ORDER}', '{what}', 2);
             INSERT INTO ledger_line (tx_id, line, account, amount_minor, currency)
             VALUES ('{0}', 1, '{account}:provider:sandbox', {amount_minor}, 'USD'),
                    ('{0}', 2, 'b', {other_minor}, 'USD');
             COMMIT",
            FixedClock::at(at).new_id()
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(booked)).execute(&self.db).await.unwrap();
    }

    /// The files that were read to their end, with their lines.
    pub(crate) async fn files(&self) -> Vec<String> {
        self.strings(
            "SELECT f.day::text || ' ' || count(r.call_key)
               FROM settlement_file f
               LEFT JOIN settlement_row r USING (provider, day)
              WHERE f.done_at IS NOT NULL
              GROUP BY f.day
              ORDER BY f.day",
        )
        .await
    }

    /// How the breaks that closed by themselves were.
    pub(crate) async fn healed(&self) -> Vec<String> {
        self.strings(
            "SELECT kind || ' ' || call_key
               FROM recon_break
              WHERE resolved_by IS NULL AND resolution LIKE 'healed%'
              ORDER BY 1",
        )
        .await
    }

    pub(crate) async fn capture_part(&self, part: u8, amount_minor: u32, last: bool) -> TestAnswer {
        let path = format!("/v1/internal/payments/{ORDER}/capture");
        let body = json!({ "amount_minor": amount_minor, "part": part, "last": last });
        self.orders().post(&path, body).send().await
    }

    /// Somebody else does something with our provider account.
    pub(crate) async fn provider_authorizes(&self, key: &str, amount_minor: u32) {
        let body = json!({
            "amount_minor": amount_minor, "currency": "USD", "method": "pm_approved", "reference": ORDER,
        });
        let call = self.outside.post("/v1/authorizations").key(key).json(&body);
        call.send_empty().await.unwrap();
    }

    /// Does to an authorization what its path says.
    pub(crate) async fn provider_does(&self, what: &str, key: &str, body: &Value) {
        let of = format!("/v1/authorizations/by-key/{ORDER}:authorize:1");
        let found: Value = self.outside.get(of).send().await.unwrap();
        let path = format!("/v1/authorizations/{}/{what}", found["id"].as_str().unwrap());
        self.outside.post(path).key(key).json(body).send_empty().await.unwrap();
    }

    /// A minute ago we booked an authorization of which the provider knows nothing.
    pub(crate) async fn books_what_never_was(&self) {
        let clock = FixedClock::at(SystemClock.now() - SignedDuration::from_secs(60));
        let booked = format!(
            "BEGIN;
             INSERT INTO payment_call (call_key, order_id, step, generation, amount_minor, fingerprint, outcome)
             VALUES ('{ORDER}:authorize:9', '{ORDER}', 'authorize', 9, 5, '', 'OK');
             INSERT INTO ledger_tx (tx_id, order_id, what, lines) VALUES ('{0}', '{ORDER}', 'authorize:9', 2);
             INSERT INTO ledger_line (tx_id, line, account, amount_minor, currency)
             VALUES ('{0}', 1, 'a', 5, 'USD'), ('{0}', 2, 'b', -5, 'USD');
             COMMIT",
            clock.new_id()
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(booked)).execute(&self.db).await.unwrap();
    }

    /// The account of what the customer owes us.
    pub(crate) fn debt() -> String {
        format!("receivable:customer:{CUSTOMER}")
    }

    /// The webhook about what was done with `key`.
    pub(crate) async fn webhook_of(&self, key: &str) -> Webhook {
        let path = format!("/v1/operations/by-key/{key}");
        let operation: Value = self.outside.get(path).send().await.unwrap();
        let body = json!({ "type": "some.kind", "timestamp": operation["at"], "data": operation });
        Self::notice(&format!("evt_{key}"), &body.to_string())
    }

    pub(crate) fn notice(id: &str, body: &str) -> Webhook {
        let (id, body) = (id.to_owned(), body.to_owned());
        Webhook { id, body, secret: SECRET, drift_s: 0, swapped: None, signed: true }
    }

    pub(crate) async fn hear(&self, webhook: &Webhook) -> TestAnswer {
        self.hear_at(WEBHOOKS, webhook).await
    }

    pub(crate) async fn hear_at(&self, path: &str, webhook: &Webhook) -> TestAnswer {
        let timestamp = SystemClock.now().as_second() + webhook.drift_s;
        let secret: Secret = webhook.secret.parse().unwrap();
        let signature = secret.sign(&webhook.id, timestamp, webhook.body.as_bytes());
        let body = webhook.swapped.as_ref().unwrap_or(&webhook.body).clone();
        let request = self.service.as_nobody().request(Method::POST, path);
        let request = request
            .body("application/json", body)
            .header("webhook-id", &webhook.id)
            .header("webhook-timestamp", &timestamp.to_string());
        if webhook.signed {
            request.header("webhook-signature", &signature).send().await
        } else {
            request.send().await
        }
    }

    /// What became of the webhooks.
    pub(crate) async fn notices(&self) -> Vec<String> {
        self.strings("SELECT outcome FROM provider_notice ORDER BY received_at").await
    }

    /// Differences that wait for a person.
    pub(crate) async fn breaks(&self) -> Vec<String> {
        self.strings(
            "SELECT kind || ' ' || call_key FROM recon_break WHERE resolved_at IS NULL ORDER BY 1",
        )
        .await
    }

    pub(crate) async fn has_breaks(&self, expected: &[&str]) {
        assert_eq!(self.breaks().await, expected);
    }

    pub(crate) fn worker(
        &self,
    ) -> impl FnOnce(Stop) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> + use<> {
        saga::worker(self.app.clone())
    }

    pub(crate) fn refunds_worker(
        &self,
    ) -> impl FnOnce(Stop) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> + use<> {
        saga::refunds(self.app.clone())
    }

    pub(crate) fn walker(
        &self,
    ) -> impl FnOnce(Stop) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> + use<> {
        reconciliation::worker(self.app.clone(), Duration::from_millis(20), FILE_AFTER)
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

/// A door on a socket, for a provider that has only a URL.
async fn pass_on(State(service): State<TestCaller>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut request = service.request(Method::POST, WEBHOOKS).body("application/json", body);
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        request = request.header(name, headers[name].to_str().unwrap());
    }
    StatusCode::from_u16(request.send().await.status).unwrap()
}
