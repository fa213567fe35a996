//! More than can be done at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, Request},
    response::Response,
    routing::any,
};
use common::types::SystemClock;
use service_kit::{
    HttpConfig, Intake, IntakeConfig, Kit, Limits, Plan, Seat, Stop,
    stack::{Parts, Stack},
    token::{Verifier, service_rules},
};
use test_kit::{Running, TestKeys};
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinSet,
};
use tokio_util::task::TaskTracker;

use crate::wire::get as ask;

/// Work that begins, is counted, and ends when it is let go.
#[derive(Clone)]
struct Work {
    begun: Arc<AtomicUsize>,
    one_more: Arc<Notify>,
    go_on: Arc<Semaphore>,
}

impl Work {
    fn new() -> Self {
        Self { begun: Arc::default(), one_more: Arc::default(), go_on: Arc::new(Semaphore::new(0)) }
    }

    fn routes(&self) -> Router {
        let work = async |State(work): State<Self>, intake: Intake, headers: HeaderMap| {
            let _begun = intake.begin().unwrap();
            work.begun.fetch_add(1, Ordering::SeqCst);
            work.one_more.notify_one();
            work.go_on.acquire().await.unwrap().forget();
            headers.get("x-ce-rank").map_or(String::new(), |rank| rank.to_str().unwrap().to_owned())
        };
        Router::new().route("/{kind}", any(work)).with_state(self.clone())
    }

    fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    async fn until_begun(&self, count: usize) {
        while self.begun() < count {
            self.one_more.notified().await;
        }
    }
}

fn stack(routes: Router, plan: Plan, keys: &TestKeys, requests: &TaskTracker) -> Stack {
    let parts = Parts {
        tokens: Verifier::new(service_rules("orders"), &keys.public, Arc::new(SystemClock)),
        cursor_key: None,
        limits: Limits { requests_max: 10, ..Limits::default() },
        stop: Stop::new(),
        requests: requests.clone(),
    };
    Stack::planned(routes, plan, parts).unwrap()
}

/// A service of ten places, with what it is made of in sight.
struct Ten {
    stack: Stack,
    keys: TestKeys,
    requests: TaskTracker,
    work: Work,
    tasks: JoinSet<Response>,
}

impl Ten {
    fn new() -> Self {
        Self::planned(Plan::default())
    }

    fn planned(plan: Plan) -> Self {
        let (work, keys, requests) = (Work::new(), TestKeys::new("orders"), TaskTracker::new());
        let stack = stack(work.routes(), plan, &keys, &requests);
        Self { stack, keys, requests, work, tasks: JoinSet::new() }
    }

    fn request(method: Method, path: &str, rank: Option<&str>) -> Request<Body> {
        let mut request = Request::new(Body::empty());
        (*request.method_mut(), *request.uri_mut()) = (method, path.parse().unwrap());
        let headers = request.headers_mut();
        headers.insert("host", HeaderValue::from_static("test"));
        if let Some(rank) = rank {
            headers.insert("x-ce-rank", HeaderValue::from_str(rank).unwrap());
        }
        request
    }

    /// A request that says its rank, and proves that it comes from a service.
    fn ranked(&self, rank: &str) -> Request<Body> {
        let mut request = Self::request(Method::GET, "/work", Some(rank));
        let signer = self.keys.signer("gateway");
        let token = signer.token("orders", signer.own_principal()).unwrap();
        request.headers_mut().insert("x-ce-token", token);
        request
    }

    async fn answer(&self, request: Request<Body>) -> Response {
        self.stack.answer(request).await
    }

    /// Begins as many of these as there is room for.
    async fn begin(&mut self, count: usize, request: impl Fn(&Self) -> Request<Body>) {
        let before = self.work.begun();
        for _ in 0..count {
            let (stack, request) = (self.stack.clone(), request(self));
            self.tasks.spawn(async move { stack.answer(request).await });
        }
        self.work.until_begun(before + count).await;
    }

    async fn finish(mut self) {
        self.work.go_on.add_permits(1_000);
        while let Some(answer) = self.tasks.join_next().await {
            assert_eq!(answer.unwrap().status(), 200);
        }
    }
}

fn is_shed(answer: &Response) {
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["x-ce-outcome"], "none");
    let wait_s: u32 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=3).contains(&wait_s), "{wait_s}");
}

#[tokio::test]
async fn the_less_it_matters_the_sooner_it_is_turned_away() {
    let mut ten = Ten::new();
    ten.begin(4, |ten| ten.ranked("4")).await;
    is_shed(&ten.answer(ten.ranked("4")).await);
    ten.begin(2, |ten| ten.ranked("3")).await;
    is_shed(&ten.answer(ten.ranked("3")).await);
    ten.begin(2, |ten| ten.ranked("2")).await;
    is_shed(&ten.answer(ten.ranked("2")).await);
    ten.begin(2, |ten| ten.ranked("1")).await;
    is_shed(&ten.answer(ten.ranked("1")).await);
    assert_eq!(ten.work.begun(), 10);
    ten.finish().await;
}

#[tokio::test]
async fn whoever_calls_something_begun_must_be_a_service_to_go_first() {
    let mut ten = Ten::new();
    let stranger = |_: &Ten| Ten::request(Method::POST, "/work", Some("1"));
    ten.begin(8, stranger).await;

    is_shed(&ten.answer(stranger(&ten)).await);

    ten.begin(2, |ten| ten.ranked("1")).await;
    ten.finish().await;
}

#[tokio::test]
async fn looking_gives_way_to_doing_where_nobody_says_what_matters() {
    let mut ten = Ten::new();
    let look = |_: &Ten| Ten::request(Method::GET, "/work", None);
    ten.begin(6, look).await;
    is_shed(&ten.answer(look(&ten)).await);
    ten.begin(2, |_| Ten::request(Method::POST, "/work", None)).await;
    ten.finish().await;
}

#[tokio::test]
async fn one_slow_lane_leaves_half_of_the_places_to_the_others() {
    let plan = Plan::new(2, |_, path| Seat { rank: None, lane: usize::from(path == "/slow") });
    let mut ten = Ten::planned(plan);
    let slow = |_: &Ten| Ten::request(Method::POST, "/slow", None);
    ten.begin(5, slow).await;

    is_shed(&ten.answer(slow(&ten)).await);

    ten.begin(3, |_| Ten::request(Method::POST, "/quick", None)).await;
    ten.finish().await;
}

/// So much may be begun at a time; orders are what begins something.
fn taking_in(intake_max: usize) -> Plan {
    let config = IntakeConfig { intake_min: 1, intake_max, undecided_max: 3 };
    let intake = Intake::new(config, Duration::from_secs(1));
    Plan::default().taking_in(intake, |method, path| method == Method::POST && path == "/orders")
}

fn an_order(_: &Ten) -> Request<Body> {
    Ten::request(Method::POST, "/orders", None)
}

#[tokio::test]
async fn what_cannot_be_decided_in_time_is_refused_at_once_and_nothing_else_is() {
    let mut ten = Ten::planned(taking_in(2));
    ten.begin(2, an_order).await;

    let began = std::time::Instant::now();
    for _ in 0..100 {
        is_shed(&ten.answer(an_order(&ten)).await);
    }

    assert!(began.elapsed() < Duration::from_secs(5), "they waited");
    assert_eq!(ten.requests.len(), 2, "a task was started for somebody who was turned away");
    ten.begin(2, |_| Ten::request(Method::GET, "/orders", None)).await;
    ten.begin(2, |ten| ten.ranked("1")).await;
    ten.finish().await;
}

#[tokio::test]
async fn a_body_that_may_not_begin_anything_is_not_read() {
    let mut ten = Ten::planned(taking_in(1));
    ten.begin(1, an_order).await;
    let body = Body::from_stream(futures::stream::poll_fn(
        |_| -> std::task::Poll<Option<Result<bytes::Bytes, std::io::Error>>> {
            panic!("it was read")
        },
    ));

    is_shed(&ten.answer(an_order(&ten).map(|_| body)).await);

    ten.finish().await;
}

#[tokio::test]
async fn what_was_begun_counts_after_its_answer_until_it_is_decided() {
    let (keep, mut kept) = tokio::sync::mpsc::unbounded_channel();
    let begin = async move |intake: Intake| intake.begin().map(|begun| keep.send(begun).unwrap());
    let mut ten = Ten::new();
    let routes = Router::new().route("/orders", any(begin));
    ten.stack = stack(routes, taking_in(1), &ten.keys, &ten.requests);

    assert_eq!(ten.answer(an_order(&ten)).await.status(), 200);
    is_shed(&ten.answer(an_order(&ten)).await);

    kept.recv().await.unwrap().decided();
    assert_eq!(ten.answer(an_order(&ten)).await.status(), 200);
}

#[tokio::test]
async fn whoever_sends_slowly_keeps_no_place_from_others() {
    let begin = async move |intake: Intake, body: String| intake.begin().map(|_begun| body);
    let mut ten = Ten::new();
    ten.stack =
        stack(Router::new().route("/orders", any(begin)), taking_in(1), &ten.keys, &ten.requests);
    let (finish, rest) = tokio::sync::oneshot::channel::<&str>();
    let body = futures::stream::once(rest);
    let slow = an_order(&ten).map(|_| Body::from_stream(body));
    let on_call = ten.stack.clone();
    let slow = tokio::task::spawn(async move { on_call.answer(slow).await });
    while ten.requests.is_empty() {
        tokio::task::yield_now().await;
    }

    assert_eq!(ten.answer(an_order(&ten)).await.status(), 200);

    finish.send("an order").unwrap();
    assert_eq!(slow.await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_refusal_starts_nothing() {
    let mut ten = Ten::new();
    ten.begin(8, |ten| ten.ranked("2")).await;
    let look = || Ten::request(Method::GET, "/work", None);
    // Two wait; whoever comes after them does not.
    let (one, two) = (ten.stack.clone(), ten.stack.clone());
    let waiting =
        tokio::task::spawn(async move { tokio::join!(one.answer(look()), two.answer(look())) });
    tokio::time::sleep(Duration::from_millis(5)).await;

    for _ in 0..100 {
        is_shed(&ten.answer(look()).await);
        assert_eq!(ten.requests.len(), 8, "a task was started for somebody who was turned away");
    }

    let (one, two) = waiting.await.unwrap();
    is_shed(&one);
    is_shed(&two);
    ten.finish().await;
}

#[tokio::test]
async fn who_waits_gets_the_place_that_becomes_free() {
    let mut ten = Ten::new();
    ten.begin(8, |ten| ten.ranked("2")).await;
    let stack = ten.stack.clone();
    let request = ten.ranked("2");
    let waiting = tokio::task::spawn(async move { stack.answer(request).await });
    tokio::time::sleep(Duration::from_millis(5)).await;

    ten.work.go_on.add_permits(1);

    ten.work.until_begun(9).await;
    ten.work.go_on.add_permits(100);
    assert_eq!(waiting.await.unwrap().status(), 200);
    ten.finish().await;
}

#[tokio::test(start_paused = true)]
async fn who_has_waited_past_the_deadline_is_not_started() {
    let mut ten = Ten::new();
    ten.begin(8, |ten| ten.ranked("2")).await;
    let mut hasty = ten.ranked("2");
    hasty.headers_mut().insert("x-ce-deadline", HeaderValue::from_static("10"));
    let began = tokio::time::Instant::now();

    is_shed(&ten.answer(hasty).await);

    assert!(began.elapsed() < Duration::from_millis(45), "it waited longer than its caller");
    assert_eq!(ten.work.begun(), 8);
    ten.finish().await;
}

#[tokio::test]
async fn probes_are_answered_when_nothing_else_is() {
    let (work, keys) = (Work::new(), TestKeys::new("orders"));
    let http = HttpConfig { http_requests_max: 1, ..HttpConfig::for_tests() };
    let scrape = common::telemetry::Scrape::empty();
    let mut kit =
        Kit::with_keys("orders", http, scrape, keys.signer("orders"), keys.public).unwrap();
    kit.serve_plain(work.routes());
    let running = Running::start(kit).await;
    let address = running.http;
    let busy = tokio::task::spawn(async move { ask(address, "/work").await });
    work.until_begun(1).await;

    assert!(ask(running.http, "/work").await.contains("\"code\":\"overloaded\""));
    for probe in ["/livez", "/readyz"] {
        assert!(ask(running.admin, probe).await.starts_with("HTTP/1.1 200 "), "{probe}");
    }

    work.go_on.add_permits(1);
    assert!(busy.await.unwrap().starts_with("HTTP/1.1 200 "));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_rank_is_handed_on_and_what_a_service_does_of_itself_was_begun() {
    let work = Work::new();
    work.go_on.add_permits(100);
    let mut kit = test_kit::kit("inventory");
    kit.serve_plain(work.routes());
    let inventory = Running::start(kit).await;
    let client = test_kit::client(&format!("http://{}", inventory.http), "inventory");
    let of_itself = client.get("/work").reply().await.unwrap();
    let on_call = client.clone();
    let ask = any(async move || {
        String::from_utf8_lossy(&on_call.get("/work").reply().await.unwrap().body).into_owned()
    });
    let orders = test_kit::TestService::new("orders", Router::new().route("/ask", ask));

    assert_eq!(of_itself.body, "1");
    assert_eq!(orders.as_nobody().get("/ask").send().await.text(), "3");
    assert_eq!(orders.as_nobody().post("/ask", ()).send().await.text(), "2");
    let report = orders.as_nobody().get("/ask").header("x-ce-rank", "4");
    assert_eq!(report.send().await.text(), "4");
    inventory.stop().await.unwrap();
}
