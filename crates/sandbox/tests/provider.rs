//! The payment provider over its wire.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use common::types::{Clock, SystemClock, Timestamp};
use http_body_util::BodyExt;
use sandbox::provider::{Provider, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

struct Bench {
    folder: TempDir,
    provider: Provider,
}

struct Answer {
    status: StatusCode,
    replayed: bool,
    bytes: Vec<u8>,
}

fn open(folder: &Path) -> Provider {
    let settings = Settings { slow: Duration::from_millis(50), ..Settings::default() };
    Provider::open(folder, Arc::new(SystemClock), &settings).unwrap()
}

fn purchase(method: &str) -> Value {
    json!({"amount_minor": 1250, "currency": "USD", "method": method, "reference": "order-1"})
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let provider = open(folder.path());
        Self { folder, provider }
    }

    /// What a kill leaves: the journal alone.
    fn reopened(self) -> Self {
        let provider = open(self.folder.path());
        Self { folder: self.folder, provider }
    }

    async fn call(&self, method: Method, path: &str, key: Option<&str>, body: &Value) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let response = self.provider.router().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        let replayed = response.headers().contains_key("idempotent-replayed");
        let bytes = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        Answer { status, replayed, bytes }
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(key), body).await
    }

    async fn post_owned(&self, path: &str, key: &str, body: Value) -> Answer {
        self.post(path, key, &body).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None, &Value::Null).await
    }

    async fn authorized(&self, key: &str) -> String {
        let answer = self.post("/v1/authorizations", key, &purchase("pm_approved")).await;
        assert_eq!(answer.status, 201);
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    async fn executions(&self) -> Vec<(String, String)> {
        let journal = self.get("/v1/operations").await.json();
        let field = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
        let lines = journal["operations"].as_array().unwrap();
        lines.iter().map(|line| (field(line, "op"), field(line, "state"))).collect()
    }
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    #[track_caller]
    fn is_refused(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.json());
        assert_eq!(self.json()["code"], code);
    }
}

#[tokio::test]
async fn the_same_key_has_the_same_answer_even_after_a_kill() {
    let bench = Bench::new();
    let first = bench.post("/v1/authorizations", "o:authorize:1", &purchase("pm_approved")).await;
    let again = bench.post("/v1/authorizations", "o:authorize:1", &purchase("pm_approved")).await;
    let bench = bench.reopened();
    let later = bench.post("/v1/authorizations", "o:authorize:1", &purchase("pm_approved")).await;

    assert_eq!((first.status, first.replayed), (StatusCode::CREATED, false));
    for repeated in [again, later] {
        assert_eq!((repeated.status, repeated.replayed), (StatusCode::CREATED, true));
        assert_eq!(repeated.bytes, first.bytes);
    }
    assert_eq!(bench.executions().await.len(), 1);
}

#[tokio::test]
async fn a_key_with_another_body_is_refused_and_changes_nothing() {
    let bench = Bench::new();
    bench.authorized("k").await;

    let mut other = purchase("pm_approved");
    other["amount_minor"] = json!(1251);
    bench.post("/v1/authorizations", "k", &other).await.is_refused(409, "key-reused");

    assert_eq!(bench.executions().await.len(), 1);
}

#[tokio::test]
async fn one_key_many_times_at_once_is_executed_once() {
    let bench = Bench::new();
    let purchase = purchase("pm_approved");
    let calls = (0..32).map(|_| bench.post("/v1/authorizations", "k", &purchase));
    let answers = futures::future::join_all(calls).await;

    assert!(answers.iter().all(|answer| answer.bytes == answers[0].bytes));
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    assert_eq!(bench.executions().await.len(), 1);
}

#[tokio::test]
async fn a_declined_method_holds_nothing_and_says_what_may_help() {
    let bench = Bench::new();
    for (method, class) in [
        ("pm_declined", "other-method"),
        ("pm_insufficient_funds", "retry-later"),
        ("pm_stolen", "do-not-retry"),
        ("pm_never_issued", "other-method"),
    ] {
        let answer = bench.post("/v1/authorizations", method, &purchase(method)).await;
        answer.is_refused(402, "declined");
        assert_eq!(answer.json()["decline_class"], class);
    }
    assert!(bench.executions().await.iter().all(|(_, state)| state == "declined"));
}

#[tokio::test]
async fn no_more_is_captured_than_was_authorized() {
    let bench = Bench::new();
    let id = bench.authorized("a").await;
    let captures = format!("/v1/authorizations/{id}/captures");

    bench
        .post(&captures, "c0", &json!({"amount_minor": 1251}))
        .await
        .is_refused(409, "exceeds-authorized");
    let part = json!({"amount_minor": 1000, "more": true});
    assert_eq!(bench.post(&captures, "c1", &part).await.json()["state"], "partly_captured");
    bench
        .post(&captures, "c2", &json!({"amount_minor": i64::MAX}))
        .await
        .is_refused(409, "exceeds-authorized");
    let rest = bench.post(&captures, "c3", &json!({"amount_minor": 250})).await;
    assert_eq!((rest.status, &rest.json()["captured_minor"]), (StatusCode::CREATED, &json!(1250)));
    bench
        .post(&captures, "c4", &json!({"amount_minor": 1}))
        .await
        .is_refused(409, "exceeds-authorized");
}

#[tokio::test]
async fn a_capture_lets_the_rest_go_unless_it_says_that_more_will_be_taken() {
    let bench = Bench::new();
    let (once, parts) = (bench.authorized("a1").await, bench.authorized("a2").await);
    let take = |id: &str| format!("/v1/authorizations/{id}/captures");
    bench.post(&take(&once), "c1", &json!({"amount_minor": 1000})).await;
    let again = bench.post(&take(&once), "c2", &json!({"amount_minor": 1})).await;
    again.is_refused(409, "already-captured");

    let part = json!({"amount_minor": 1000, "part": 1, "more": true});
    bench.post(&take(&parts), "c3", &part).await;
    let bench = bench.reopened();
    let void = bench.post("/v1/voids-by-key", "v", &json!({"key": "a2"})).await.json();

    assert_eq!((&void["state"], &void["captured_minor"]), (&json!("voided"), &json!(1000)));
    let journal = bench.get("/v1/operations?after=3").await.json();
    assert_eq!(journal["operations"][0]["part"], 1);
    assert_eq!(journal["operations"][1]["amount_minor"], 250);
    let late = bench.post(&take(&parts), "c4", &json!({"amount_minor": 1})).await;
    late.is_refused(409, "already-voided");
}

#[tokio::test]
async fn what_was_captured_is_not_voided_and_what_was_voided_is_not_captured() {
    let bench = Bench::new();
    let (kept, dropped) = (bench.authorized("a1").await, bench.authorized("a2").await);
    let capture = json!({"amount_minor": 1250});
    bench.post(&format!("/v1/authorizations/{kept}/captures"), "c1", &capture).await;
    bench.post(&format!("/v1/authorizations/{dropped}/voids"), "v2", &Value::Null).await;

    let void = bench.post(&format!("/v1/authorizations/{kept}/voids"), "v1", &Value::Null).await;
    void.is_refused(409, "already-captured");
    let by_key = bench.post("/v1/voids-by-key", "v3", &json!({"key": "a1"})).await;
    by_key.is_refused(409, "already-captured");
    let late = bench.post(&format!("/v1/authorizations/{dropped}/captures"), "c2", &capture).await;
    late.is_refused(409, "already-voided");
}

#[tokio::test]
async fn a_tombstone_refuses_the_late_original_for_ever() {
    let bench = Bench::new();
    let ask = json!({"key": "late"});
    let tombstone = bench.call(Method::POST, "/v1/voids-by-key", None, &ask).await;
    assert_eq!(
        (tombstone.status, &tombstone.json()["state"]),
        (StatusCode::OK, &json!("tombstoned"))
    );
    let again = bench.call(Method::POST, "/v1/voids-by-key", None, &ask).await;
    assert_eq!(again.bytes, tombstone.bytes);

    let bench = bench.reopened();
    let late = bench.post("/v1/authorizations", "late", &purchase("pm_approved")).await;

    late.is_refused(409, "key-tombstoned");
    assert_eq!(bench.get("/v1/operations/by-key/late").await.json()["state"], "tombstoned");
    assert_eq!(bench.executions().await, [("tombstone".to_owned(), "tombstoned".to_owned())]);
}

#[tokio::test]
async fn a_void_by_key_lets_the_money_go_once() {
    let bench = Bench::new();
    bench.authorized("a").await;
    for key in ["v1", "v1", "v2"] {
        let void = bench.post("/v1/voids-by-key", key, &json!({"key": "a"})).await;
        assert_eq!((void.status, &void.json()["state"]), (StatusCode::OK, &json!("voided")));
    }
    bench.post("/v1/authorizations", "d", &purchase("pm_declined")).await;
    let void = bench.post("/v1/voids-by-key", "v3", &json!({"key": "d"})).await;
    assert_eq!((void.status, &void.json()["state"]), (StatusCode::OK, &json!("declined")));

    let ops: Vec<_> = bench.executions().await.into_iter().map(|(op, _)| op).collect();
    assert_eq!(ops, ["authorize", "void", "authorize"]);
}

#[tokio::test]
async fn an_unknown_key_is_unknown_and_a_known_one_tells_its_story() {
    let bench = Bench::new();
    bench.get("/v1/operations/by-key/o:authorize:1").await.is_refused(404, "unknown-key");
    let id = bench.authorized("o:authorize:1").await;

    let known = bench.get("/v1/operations/by-key/o:authorize:1").await.json();

    assert_eq!(known["authorization_id"], id);
    assert_eq!((&known["op"], &known["outcome"]), (&json!("authorize"), &json!("ok")));
    assert_eq!((&known["amount_minor"], &known["reference"]), (&json!(1250), &json!("order-1")));
}

#[tokio::test]
async fn nonsense_is_refused_without_a_line_in_the_journal() {
    let bench = Bench::new();
    for (field, value, status, code) in [
        ("amount_minor", json!(0), 422, "invalid"),
        ("amount_minor", json!(-5), 422, "invalid"),
        ("amount_minor", json!("5"), 400, "bad-body"),
        ("amount_minor", json!(1.5), 400, "bad-body"),
        ("currency", json!("usd"), 400, "bad-body"),
        ("reference", json!(""), 422, "invalid"),
        ("surprise", json!(1), 400, "bad-body"),
    ] {
        let mut body = purchase("pm_approved");
        body[field] = value;
        bench.post("/v1/authorizations", "k", &body).await.is_refused(status, code);
    }
    let keyless =
        bench.call(Method::POST, "/v1/authorizations", None, &purchase("pm_approved")).await;
    keyless.is_refused(400, "bad-key");
    let long = "k".repeat(129);
    bench
        .post("/v1/authorizations", &long, &purchase("pm_approved"))
        .await
        .is_refused(400, "bad-key");
    let huge = json!({"key": "k".repeat(20_000)});
    assert_eq!(bench.post("/v1/voids-by-key", "k", &huge).await.status, 413);
    let unknown = "/v1/authorizations/00000000-0000-0000-0000-000000000000/voids";
    bench.post(unknown, "k", &Value::Null).await.is_refused(404, "unknown-authorization");

    assert_eq!(bench.executions().await, []);
}

#[tokio::test]
async fn no_payment_token_reaches_the_journal() {
    let bench = Bench::new();
    bench.authorized("k").await;
    let journal = std::fs::read_to_string(bench.folder.path().join("provider.jsonl")).unwrap();
    assert!(journal.contains("order-1") && !journal.contains("pm_"), "{journal}");
}

#[tokio::test]
async fn faults_can_be_set_while_it_runs() {
    let bench = Bench::new();
    let set = async |faults: Value| bench.call(Method::PUT, "/v1/faults", None, &faults).await;

    assert_eq!(set(json!({"fail_before": 1.0})).await.status, 200);
    bench
        .post("/v1/authorizations", "k1", &purchase("pm_approved"))
        .await
        .is_refused(503, "unavailable");
    bench.get("/v1/operations/by-key/k1").await.is_refused(404, "unknown-key");

    set(json!({"fail_after": 1.0})).await;
    bench
        .post("/v1/authorizations", "k2", &purchase("pm_approved"))
        .await
        .is_refused(500, "internal");
    assert_eq!(bench.get("/v1/operations/by-key/k2").await.json()["state"], "authorized");

    set(json!({"decline_list": ["order-1"]})).await;
    bench
        .post("/v1/authorizations", "k3", &purchase("pm_approved"))
        .await
        .is_refused(402, "declined");

    set(json!({"lose_reply": 2})).await.is_refused(422, "invalid");
    set(json!({"lose": 0.5})).await.is_refused(400, "bad-body");
}

#[tokio::test]
async fn a_lost_reply_really_did_the_work() {
    let bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut door = tokio::task::JoinSet::new();
    door.spawn(sandbox::server::serve(listener, bench.provider.router()));

    let body = purchase("pm_reply_lost").to_string();
    let request = format!(
        "POST /v1/authorizations HTTP/1.1\r\nhost: x\r\nidempotency-key: lost\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();

    assert_eq!(answer, b"", "the connection closes without a word");
    assert_eq!(bench.get("/v1/operations/by-key/lost").await.json()["state"], "authorized");
    let again = bench.post("/v1/authorizations", "lost", &purchase("pm_reply_lost")).await;
    assert_eq!((again.status, again.replayed), (StatusCode::CREATED, true));
}

#[tokio::test]
async fn no_more_is_given_back_than_was_taken() {
    let bench = Bench::new();
    let id = bench.authorized("a").await;
    let refunds = format!("/v1/authorizations/{id}/refunds");
    let refund = |key, amount| bench.post_owned(&refunds, key, json!({ "amount_minor": amount }));
    refund("r0", 1).await.is_refused(409, "exceeds-captured");
    let captures = format!("/v1/authorizations/{id}/captures");
    bench.post(&captures, "c1", &json!({"amount_minor": 1000})).await;

    assert_eq!(refund("r1", 600).await.status, 201);
    assert_eq!(refund("r1", 600).await.status, 201);
    refund("r2", 401).await.is_refused(409, "exceeds-captured");
    let rest = refund("r3", 400).await;

    assert_eq!((rest.status, &rest.json()["refunded_minor"]), (StatusCode::CREATED, &json!(1000)));
    let standing = bench.get("/v1/authorizations/by-key/a").await.json();
    assert_eq!(
        (&standing["captured_minor"], &standing["refunded_minor"]),
        (&json!(1000), &json!(1000))
    );
    bench.get("/v1/authorizations/by-key/b").await.is_refused(404, "unknown-key");
}

#[tokio::test]
async fn a_refund_that_the_card_does_not_take_is_declined_and_kept() {
    let bench = Bench::new();
    let id = bench.authorized("a").await;
    bench
        .post(&format!("/v1/authorizations/{id}/captures"), "c", &json!({"amount_minor": 1250}))
        .await;
    let faults = json!({"decline_list": ["order-1"]});
    bench.call(Method::PUT, "/v1/faults", None, &faults).await;

    let refunds = format!("/v1/authorizations/{id}/refunds");
    bench.post(&refunds, "r", &json!({"amount_minor": 5})).await.is_refused(402, "declined");

    let kept = bench.get("/v1/operations/by-key/r").await.json();
    assert_eq!((&kept["op"], &kept["outcome"]), (&json!("refund"), &json!("declined")));
    let bench = bench.reopened();
    assert_eq!(bench.get("/v1/authorizations/by-key/a").await.json()["refunded_minor"], 0);
}

#[tokio::test]
async fn what_has_expired_is_not_taken_and_needs_no_void() {
    let bench = Bench::new();
    let id = bench.authorized("a").await;
    let expire = format!("/v1/authorizations/{id}/expirations");
    assert_eq!(bench.post(&expire, "e", &Value::Null).await.json()["state"], "expired");

    let captures = format!("/v1/authorizations/{id}/captures");
    let late = bench.post(&captures, "c", &json!({"amount_minor": 1250})).await;
    late.is_refused(409, "authorization-expired");
    let void = bench.post("/v1/voids-by-key", "v", &json!({"key": "a"})).await;
    assert_eq!((void.status, &void.json()["state"]), (StatusCode::OK, &json!("expired")));
}

#[tokio::test]
async fn a_window_of_the_journal_is_read_page_by_page() {
    let bench = Bench::new();
    for key in ["a", "b", "c"] {
        bench.authorized(key).await;
    }
    let all = bench.get("/v1/operations").await.json();
    let at = |n: usize| all["operations"][n]["at"].as_str().unwrap().to_owned();
    let keys = |page: &Value| {
        let page = page["operations"].as_array().unwrap();
        page.iter().map(|one| one["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };

    let later = bench.get(&format!("/v1/operations?from={}&limit=1", at(1))).await.json();
    assert_eq!((keys(&later), &later["more"]), (vec!["b".to_owned()], &json!(true)));
    let next = format!("/v1/operations?from={}&after={}", at(1), later["next_after"]);
    assert_eq!(keys(&bench.get(&next).await.json()), ["c"]);
    let before = bench.get(&format!("/v1/operations?to={}", at(1))).await.json();
    assert_eq!((keys(&before), &before["more"]), (vec!["a".to_owned()], &json!(false)));
}

#[tokio::test]
async fn the_file_of_a_day_is_read_whole_or_in_pieces_once_the_day_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Stopped::default();
    let settings = Settings::default();
    let provider = Provider::open(folder.path(), Arc::new(clock.clone()), &settings).unwrap();
    let bench = Bench { folder, provider };
    let id = bench.authorized("a").await;
    bench.post("/v1/authorizations", "b", &purchase("pm_declined")).await;
    let part = json!({"amount_minor": 1000});
    bench.post(&format!("/v1/authorizations/{id}/captures"), "c", &part).await;

    let file = "/v1/settlements/2026-06-01";
    bench.get(file).await.is_refused(404, "no-such-settlement");
    clock.pass_a_day();
    let whole = bench.get(file).await;

    let lines: Vec<Value> = whole
        .bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let kinds: Vec<_> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["charge", "capture", "end"]);
    assert_eq!((&lines[1]["amount_minor"], &lines[2]["rows"]), (&json!(1000), &json!(2)));

    let request = Request::builder().uri(file).header("range", "bytes=3-9").body(Body::empty());
    let piece = bench.provider.router().oneshot(request.unwrap()).await.unwrap();
    assert_eq!(piece.status(), 206);
    let piece = piece.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(piece, &whole.bytes[3..=9]);
}

/// Noon of the first of June 2026, until a day passes.
#[derive(Debug, Clone)]
struct Stopped(Arc<AtomicI64>);

impl Default for Stopped {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(1_780_315_200)))
    }
}

impl Stopped {
    fn pass_a_day(&self) {
        self.0.fetch_add(86_400, Ordering::Relaxed);
    }
}

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

/// Somebody who is told, and writes down what.
struct Listening {
    provider: Provider,
    heard: tokio::sync::mpsc::UnboundedReceiver<(axum::http::HeaderMap, Vec<u8>)>,
    _folder: TempDir,
    _work: tokio::task::JoinSet<()>,
}

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

impl Listening {
    async fn to(faults: Value) -> Self {
        use axum::extract::State;
        let (told, heard) = tokio::sync::mpsc::unbounded_channel();
        let door = axum::Router::new()
            .route(
                "/hook",
                axum::routing::post(
                    async |State(told): State<tokio::sync::mpsc::UnboundedSender<_>>,
                           headers: axum::http::HeaderMap,
                           body: bytes::Bytes| {
                        told.send((headers, body.to_vec())).unwrap();
                    },
                ),
            )
            .with_state(told);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap()).parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let listener_settings =
            sandbox::provider::webhooks::Listener { url, secret: SECRET.parse().unwrap() };
        let settings = Settings { listener: Some(listener_settings), ..Settings::default() };
        let provider = Provider::open(folder.path(), Arc::new(SystemClock), &settings).unwrap();
        let mut work = tokio::task::JoinSet::new();
        work.spawn(sandbox::server::serve(listener, door));
        let sender = provider.clone();
        work.spawn(async move { sender.send_webhooks().await });
        let request = Request::put("/v1/faults").body(Body::from(faults.to_string())).unwrap();
        assert_eq!(provider.router().oneshot(request).await.unwrap().status(), 200);
        Self { provider, heard, _folder: folder, _work: work }
    }

    async fn authorize(&self, key: &str, method: &str) {
        let request = Request::post("/v1/authorizations")
            .header("idempotency-key", key)
            .body(Body::from(purchase(method).to_string()))
            .unwrap();
        self.provider.router().oneshot(request).await.unwrap();
    }

    async fn next(&mut self) -> (axum::http::HeaderMap, Value) {
        let (headers, body) = self.heard.recv().await.unwrap();
        let header = |name: &str| headers[name].to_str().unwrap();
        let secret: sandbox::provider::webhooks::Secret = SECRET.parse().unwrap();
        let timestamp = header("webhook-timestamp").parse().unwrap();
        assert_eq!(
            header("webhook-signature"),
            secret.sign(header("webhook-id"), timestamp, &body)
        );
        let body = serde_json::from_slice(&body).unwrap();
        (headers, body)
    }
}

#[tokio::test]
async fn what_was_done_is_told_with_a_signature_and_a_repetition_is_not() {
    let mut listening = Listening::to(json!({})).await;

    listening.authorize("k1", "pm_approved").await;
    let (_, first) = listening.next().await;
    listening.authorize("k1", "pm_approved").await;
    listening.authorize("k2", "pm_declined").await;
    let (_, second) = listening.next().await;

    assert_eq!(
        (&first["type"], &first["data"]["key"]),
        (&json!("authorization.authorized"), &json!("k1"))
    );
    assert_eq!(
        (&second["type"], &second["data"]["key"]),
        (&json!("authorization.declined"), &json!("k2"))
    );
}

#[tokio::test]
async fn a_doubled_webhook_has_one_id() {
    let mut listening = Listening::to(json!({"dup_webhook": 1.0})).await;

    listening.authorize("k1", "pm_approved").await;
    let (first, _) = listening.next().await;
    let (again, _) = listening.next().await;

    assert_eq!(first["webhook-id"], again["webhook-id"]);
}

#[tokio::test]
async fn a_webhook_may_be_overtaken() {
    let mut listening = Listening::to(json!({"reorder_webhook": 1.0})).await;
    listening.authorize("k1", "pm_approved").await;
    // The first is on its way, slowly.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let request = Request::put("/v1/faults").body(Body::from("{}")).unwrap();
    listening.provider.router().oneshot(request).await.unwrap();
    listening.authorize("k2", "pm_approved").await;

    let (_, first) = listening.next().await;
    let (_, second) = listening.next().await;

    assert_eq!((&first["data"]["key"], &second["data"]["key"]), (&json!("k2"), &json!("k1")));
}
