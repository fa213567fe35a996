//! What a caller knows after a call.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{Response, StatusCode},
    response::IntoResponse,
    routing::get,
};
use common::types::{Class, Fault};
use futures::StreamExt;
use service_kit::{CallError, Caller, Client, Problem, context};
use test_kit::{PATIENCE, Running, TestKeys, TestService, client};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const KEY: &str = "call-key-0123456789";

/// A stand-in that gives the same answer to every request, and counts them.
struct StandIn {
    address: SocketAddr,
    asked: Arc<AtomicU32>,
}

impl StandIn {
    async fn answering(answer: impl Into<String>) -> Self {
        Self::answering_in_turn(vec![answer.into()]).await
    }

    /// Gives one answer after the other, and the last one for ever.
    async fn answering_in_turn(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        tokio::task::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut seen = String::new();
                let mut buffer = [0; 4096];
                while !seen.contains("\r\n\r\n") {
                    let n = socket.read(&mut buffer).await.unwrap_or(0);
                    if n == 0 {
                        break;
                    }
                    seen.push_str(&String::from_utf8_lossy(&buffer[..n]));
                }
                let turn = count.fetch_add(1, Ordering::SeqCst) as usize;
                let answer = &answers[turn.min(answers.len() - 1)];
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        Self { address, asked }
    }

    async fn with(status: u16, headers: &str, body: &str) -> Self {
        Self::answering(answer(status, headers, body)).await
    }

    fn client(&self) -> Client {
        client(&format!("http://{}", self.address), "inventory")
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

fn answer(status: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

fn problem(code: &str) -> String {
    format!("{{\"code\":\"{code}\"}}")
}

#[tokio::test]
async fn a_good_answer_is_read() {
    let neighbour = StandIn::with(201, "", "{\"a\":1}").await;
    let answer: serde_json::Value = neighbour.client().post("/v1/x").key(KEY).send().await.unwrap();
    assert_eq!(answer["a"], 1);
    let reply = neighbour.client().get("/v1/x").reply().await.unwrap();
    assert_eq!(reply.status, StatusCode::CREATED);
    neighbour.client().get("/v1/x").send_empty().await.unwrap();
}

#[tokio::test]
async fn a_refusal_is_definite_and_asked_once() {
    for status in [400, 402, 403, 404, 409, 410, 412, 413, 422] {
        let neighbour = StandIn::with(status, "", &problem("out-of-stock")).await;
        let error = neighbour.client().post("/").key(KEY).send_empty().await.unwrap_err();
        let CallError::Refused { status: said, code, body } = error else { panic!("{error:?}") };
        assert_eq!((said, code.as_str()), (status, "out-of-stock"));
        assert!(!body.is_empty());
        assert_eq!(neighbour.asked(), 1, "{status}");
    }
}

#[tokio::test]
async fn what_says_that_nothing_happened_is_unavailable() {
    for (status, headers, code) in [
        (429, "", "too-many"),
        (503, "x-ce-outcome: none\r\n", "overloaded"),
        (401, "", "bad-token"),
        (401, "", "no-token"),
    ] {
        let neighbour = StandIn::with(status, headers, &problem(code)).await;
        let error = neighbour.client().post("/").key(KEY).send_empty().await.unwrap_err();
        assert!(matches!(error, CallError::Unavailable(_)), "{status}: {error:?}");
        assert_eq!(error.class(), Class::Unavailable);
        assert_eq!(neighbour.asked(), 3, "{status}");
    }
}

#[tokio::test]
async fn whatever_else_comes_leaves_the_outcome_unknown() {
    for (status, headers) in [
        (500, ""),
        (502, ""),
        (503, ""),
        (503, "x-ce-outcome: unknown\r\n"),
        (504, ""),
        (408, ""),
        (425, ""),
        (409, "retry-after: 1\r\n"),
        (302, "location: http://127.0.0.1:1/\r\n"),
    ] {
        let neighbour = StandIn::with(status, headers, &problem("any")).await;
        let error = neighbour.client().post("/").key(KEY).send_empty().await.unwrap_err();
        assert!(matches!(error, CallError::Unknown(_)), "{status} {headers}: {error:?}");
        assert_eq!(error.class(), Class::Unknown);
    }
}

#[tokio::test]
async fn a_doubt_stays_where_only_a_later_attempt_was_surely_not_taken() {
    let in_doubt = vec![answer(500, "", ""), answer(429, "", "")];
    let neighbour = StandIn::answering_in_turn(in_doubt).await;
    let error = neighbour.client().post("/").key(KEY).send_empty().await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(_)), "{error:?}");

    let settled = vec![answer(500, "", ""), answer(409, "", &problem("out-of-stock"))];
    let neighbour = StandIn::answering_in_turn(settled).await;
    let error = neighbour.client().post("/").key(KEY).send_empty().await.unwrap_err();
    assert!(matches!(error, CallError::Refused { status: 409, .. }), "{error:?}");

    let well = vec![answer(503, "", ""), answer(200, "", "1")];
    let neighbour = StandIn::answering_in_turn(well).await;
    let one: u8 = neighbour.client().post("/").key(KEY).send().await.unwrap();
    assert_eq!((one, neighbour.asked()), (1, 2));
}

#[tokio::test]
async fn wrong_credentials_are_a_refusal_not_a_broken_key() {
    let neighbour = StandIn::with(401, "", &problem("wrong-credentials")).await;
    let error = neighbour.client().post("/").send_empty().await.unwrap_err();
    assert!(matches!(error, CallError::Refused { status: 401, .. }), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_never_was_changed_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let neighbour = client(&format!("http://{address}"), "inventory");
    let error = neighbour.post("/").key(KEY).send_empty().await.unwrap_err();
    assert!(matches!(error, CallError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_leaves_the_outcome_unknown() {
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"a\":", "noise\r\n\r\n"] {
        let neighbour = StandIn::answering(answer).await;
        let error = neighbour.client().post("/").send_empty().await.unwrap_err();
        assert!(matches!(error, CallError::Unknown(_)), "{answer}: {error:?}");
        assert_eq!(neighbour.asked(), 1);
    }
}

#[tokio::test]
async fn a_good_answer_that_cannot_be_read_leaves_the_outcome_unknown() {
    let neighbour = StandIn::with(200, "", "{\"a\":").await;
    let error = neighbour.client().post("/").send::<serde_json::Value>().await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(_)), "{error:?}");
}

#[tokio::test]
async fn an_answer_is_at_most_four_megabytes() {
    let neighbour = StandIn::with(200, "", &"a".repeat(5 * 1024 * 1024)).await;
    let call = neighbour.client().post("/").timeout(Duration::from_secs(10));
    let error = call.send_empty().await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(_)), "{error:?}");
}

#[tokio::test]
async fn silence_leaves_the_outcome_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let neighbour = client(&format!("http://{address}"), "inventory");
    let call = neighbour.get("/").timeout(Duration::from_millis(50));
    let error = call.send_empty().await.unwrap_err();
    assert!(matches!(error, CallError::Unknown(_)), "{error:?}");
}

#[tokio::test]
async fn only_what_may_be_repeated_is_repeated() {
    let neighbour = StandIn::with(500, "", "").await;
    let client = neighbour.client();
    let _ = client.post("/").send_empty().await;
    assert_eq!(neighbour.asked(), 1, "a post without a key");
    let _ = client.post("/").key(KEY).send_empty().await;
    assert_eq!(neighbour.asked(), 4, "a post with a key");
    let _ = client.get("/").send_empty().await;
    assert_eq!(neighbour.asked(), 7, "a get");
}

#[tokio::test]
async fn retries_are_a_tenth_of_the_calls_when_nothing_answers_well() {
    // The answer of a neighbour that works, but on the same key already: no affair of the breaker's.
    let neighbour = StandIn::with(409, "retry-after: 1\r\n", "").await;
    let client = neighbour.client();
    for _ in 0..50 {
        let _ = client.get("/").send_empty().await;
    }
    // 50 first asks, 10 retries that were there from the start, and those earned since.
    assert!((60..=65).contains(&neighbour.asked()), "{}", neighbour.asked());
}

#[tokio::test]
async fn a_neighbour_that_takes_nothing_is_asked_less() {
    let neighbour = StandIn::with(500, "", "").await;
    let client = neighbour.client();
    for _ in 0..200 {
        let _ = client.post("/").send_empty().await;
    }
    assert!(neighbour.asked() < 100, "{}", neighbour.asked());
}

#[tokio::test]
async fn a_neighbour_that_works_on_what_it_cannot_decide_is_asked_as_before() {
    let neighbour = StandIn::with(503, "x-ce-outcome: unknown\r\n", "").await;
    let client = neighbour.client();
    for _ in 0..50 {
        let _ = client.post("/").send_empty().await;
    }
    assert_eq!(neighbour.asked(), 50);
}

#[tokio::test]
async fn a_call_says_who_asks_for_whom_until_when_and_why() {
    let keys = TestKeys::new("inventory");
    let see = async |caller: Caller, request: Request| {
        let left = context::time_left().unwrap();
        assert!(left <= PATIENCE.answer, "{left:?}");
        assert!(request.headers().contains_key("traceparent") || context::current().is_some());
        format!("\"{} {:?}\"", caller.service(), caller.principal().roles)
    };
    let scrape = common::telemetry::Scrape::empty();
    let http = service_kit::HttpConfig::for_tests();
    let signer = keys.signer("orders");
    let mut kit = service_kit::Kit::with_keys(
        "inventory",
        http,
        scrape,
        keys.signer("inventory"),
        keys.public.clone(),
    )
    .unwrap();
    kit.serve_plain(Router::new().route("/v1/see", get(see)));
    let running = Running::start(kit).await;
    let url = format!("http://{}/", running.http);
    let http = service_kit::client::inside(PATIENCE).unwrap();
    let client = Client::inside(http.clone(), &url, "inventory", signer.clone(), PATIENCE).unwrap();

    let own: String = client.get("/v1/see").send().await.unwrap();
    assert_eq!(own, "orders [Service]");
    let mut anna = service_kit::token::principal_of("anna");
    anna.roles = vec![common::types::Role::Customer];
    let hers: String = client.get("/v1/see").on_behalf_of(&anna).send().await.unwrap();
    assert_eq!(hers, "orders [Customer]");

    let elsewhere = Client::inside(http, &url, "payment", signer, PATIENCE).unwrap();
    let error = elsewhere.get("/v1/see").send_empty().await.unwrap_err();
    assert!(matches!(error, CallError::Unavailable(_)), "a token for another: {error:?}");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_hop_passes_on_what_time_trace_and_request_are_left() {
    let echo = StandIn::echo().await;
    let neighbour = echo.clone();
    let ask = async |State(client): State<Client>| -> Result<String, Problem> {
        Ok(client.get("/").send::<String>().await?)
    };
    let routes = Router::new().route("/", get(ask)).with_state(neighbour);
    let service = TestService::new("orders", routes);
    let answer = service
        .as_nobody()
        .get("/")
        .header("x-ce-deadline", "4000")
        .header("x-request-id", "request-77")
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        .send()
        .await;
    let seen = answer.is(200).text();
    assert!(seen.contains("x-request-id: request-77"), "{seen}");
    assert!(seen.contains("traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{seen}");
    assert!(!seen.contains("-00f067aa0ba902b7-"), "the span is ours, not our caller's: {seen}");
    let left = seen.split("x-ce-deadline: ").nth(1).unwrap().split(';').next().unwrap();
    assert!(left.parse::<u32>().unwrap() <= 3_980, "{left}");
}

#[tokio::test]
async fn a_call_for_which_no_time_is_left_is_not_made() {
    let neighbour = StandIn::with(200, "", "1").await;
    let ask = async |State(client): State<Client>| -> Result<String, Problem> {
        Ok(client.post("/").send_empty().await.map(|()| String::new())?)
    };
    let routes = Router::new().route("/", get(ask)).with_state(neighbour.client());
    let service = TestService::new("orders", routes);
    let answer = service.as_nobody().get("/").header("x-ce-deadline", "15").send().await;
    answer.is(503);
    assert_eq!(neighbour.asked(), 0);
}

#[tokio::test]
async fn those_outside_learn_nothing_of_us() {
    let echo = StandIn::echo_address().await;
    let outside = Client::outside(&format!("http://{echo}"), Duration::from_secs(2)).unwrap();
    let seen: String = outside.post("/").key(KEY).json(&1).send().await.unwrap();
    assert!(!seen.contains("x-ce-") && !seen.contains("traceparent"), "{seen}");
    assert!(seen.contains("idempotency-key"), "{seen}");
}

#[tokio::test]
async fn a_stream_is_read_as_it_comes() {
    let neighbour = StandIn::answering(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\ndata: 1\n\n",
    )
    .await;
    let mut stream = neighbour.client().get("/").stream().await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), "data: 1\n\n");
    assert!(stream.next().await.is_none());

    let gone = StandIn::with(410, "", &problem("too-old")).await;
    let error = gone.client().get("/").stream().await.err().unwrap();
    assert!(matches!(error, CallError::Refused { status: 410, .. }), "{error:?}");
}

#[test]
fn an_address_that_is_none_is_said_at_the_start() {
    for url in ["", "inventory", "ftp://inventory", "/v1"] {
        assert!(Client::outside(url, Duration::from_secs(1)).is_err(), "{url}");
    }
}

impl StandIn {
    /// Answers with the request's header lines, as a JSON string.
    async fn echo() -> Client {
        client(&format!("http://{}", Self::echo_address().await), "inventory")
    }

    async fn echo_address() -> SocketAddr {
        let echo = async |request: Request| -> Response<Body> {
            let lines = request
                .headers()
                .iter()
                .map(|(name, value)| format!("{name}: {}; ", value.to_str().unwrap_or_default()));
            format!("{:?}", lines.collect::<String>()).into_response()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serve = axum::serve(listener, Router::new().fallback(echo));
        tokio::task::spawn(async move { serve.await });
        address
    }
}
