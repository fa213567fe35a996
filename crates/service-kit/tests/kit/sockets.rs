//! What only a socket can show.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, State},
    routing::{any, get, post},
};
use service_kit::{HttpConfig, Kit, Signer};
use test_kit::{Running, TestKeys};
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::Notify};

use crate::wire::{get as ask, is_problem, told, until, until_closed};

fn kit(http: HttpConfig, routes: Router) -> Kit {
    let keys = TestKeys::new("orders");
    let signer: Signer = keys.signer("orders");
    let scrape = common::telemetry::Scrape::empty();
    let mut kit = Kit::with_keys("orders", http, scrape, signer, keys.public).unwrap();
    kit.serve_plain(routes);
    kit
}

fn hasty() -> HttpConfig {
    HttpConfig {
        http_header_timeout_ms: 200,
        http_body_idle_ms: 200,
        http_request_timeout_ms: 1_000,
        ..HttpConfig::for_tests()
    }
}

async fn service(http: HttpConfig) -> Running {
    let routes = Router::new()
        .route("/ok", get(async || "ok"))
        .route("/bytes", post(async |_: Bytes| "read"))
        .route("/echo", post(async |body: service_kit::ValidJson<String>| body.0))
        .fallback(any(async || "passed on"));
    Running::start(kit(http, routes)).await
}

#[tokio::test]
async fn a_handler_knows_who_is_at_the_other_end() {
    let peer = get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string());
    let service = Running::start(kit(hasty(), Router::new().route("/peer", peer))).await;
    let mut socket = TcpStream::connect(service.http).await.unwrap();
    let ours = socket.local_addr().unwrap().to_string();

    socket.write_all(b"GET /peer HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();

    let answer = until_closed(&mut socket).await;
    assert!(answer.ends_with(&ours), "{answer}");
    service.stop().await.unwrap();
}

#[tokio::test]
async fn half_a_header_is_not_waited_for() {
    let service = service(hasty()).await;
    told(service.http, b"GET /ok HTTP/1.1\r\nhost: a\r\nx-half").await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_connection_that_stays_silent_is_closed() {
    let service = service(hasty()).await;
    told(service.http, b"").await;
    let answer = told(service.http, b"GET /ok HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(answer.ends_with("ok"), "{answer}");
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_header_that_comes_by_the_drop_is_not_waited_for() {
    let service = service(hasty()).await;
    let mut socket = TcpStream::connect(service.http).await.unwrap();
    socket.write_all(b"GET /ok HTTP/1.1\r\nhost: a\r\n").await.unwrap();
    let (mut reads, mut writes) = socket.into_split();
    let dripping = tokio::task::spawn(async move {
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if writes.write_all(b"x-drop: 1\r\n").await.is_err() {
                return;
            }
        }
        panic!("still open after 10 s");
    });
    let mut answer = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut reads, &mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
    dripping.await.unwrap();
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_that_pauses_is_refused() {
    let service = service(hasty()).await;
    let head = b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n\"half";
    is_problem(&told(service.http, head).await, 408, "body-too-slow");
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_that_says_no_length_is_counted_as_it_comes() {
    let service = service(HttpConfig::for_tests()).await;
    let chunk = format!("{:x}\r\n{}\r\n", 30_000, "a".repeat(30_000));
    let head = "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n";
    let answer = told(service.http, format!("{head}{}", chunk.repeat(3)).as_bytes()).await;
    is_problem(&answer, 413, "body-too-large");
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_request_names_exactly_one_host() {
    let service = service(HttpConfig::for_tests()).await;
    let none = told(service.http, b"GET /ok HTTP/1.1\r\nconnection: close\r\n\r\n").await;
    is_problem(&none, 400, "bad-host");
    let two = b"GET /ok HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n";
    is_problem(&told(service.http, two).await, 400, "bad-host");
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_with_two_lengths_does_not_become_two_requests() {
    let service = service(HttpConfig::for_tests()).await;
    for lengths in [
        "content-length: 4\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 4",
        "content-length: 4\r\ncontent-length: 4",
        "content-length: 1\r\ncontent-length: 2",
    ] {
        let smuggled = format!(
            "POST /bytes HTTP/1.1\r\nhost: a\r\n{lengths}\r\n\r\n0\r\n\r\nGET /ok HTTP/1.1\r\nhost: a\r\n\r\n"
        );
        let answer = told(service.http, smuggled.as_bytes()).await;
        is_problem(&answer, 400, "ambiguous-length");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        assert!(answer.contains("x-request-id: "), "{answer}");
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn broken_framing_is_a_problem_and_the_end() {
    let service = service(HttpConfig::for_tests()).await;
    for broken in [
        "content-length: +4",
        "transfer-encoding: xchunked",
        "transfer-encoding : chunked",
        "x-folded: a\r\n b",
        "x-bare: a\nx-other: b",
        "x-null: a\0b",
    ] {
        let request = format!("POST /bytes HTTP/1.1\r\nhost: a\r\n{broken}\r\n\r\n");
        let answer = told(service.http, request.as_bytes()).await;
        is_problem(&answer, 400, "malformed-request");
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn lines_that_end_with_lf_alone_are_no_request() {
    let service = service(HttpConfig::for_tests()).await;
    for words in ["GET /ok HTTP/1.1\nhost: a\n\n", "GET /ok HTTP/1.1\r\nhost: a\n\r\n", "\n"] {
        is_problem(&told(service.http, words.as_bytes()).await, 400, "malformed-request");
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_not_http_is_answered_and_not_waited_for() {
    let service = service(HttpConfig::for_tests()).await;
    for words in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"[..],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /ok\r\n\r\n",
        b"GET /ok HTTP/3.0\r\nhost: a\r\n\r\n",
    ] {
        // Who is waited for gets a 408.
        is_problem(&told(service.http, words).await, 400, "malformed-request");
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_bad_request_behind_a_good_one_is_answered_in_its_turn() {
    let service = service(HttpConfig::for_tests()).await;
    let bad = "POST /bytes HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n";
    for good in [
        "GET /ok HTTP/1.1\r\nhost: a\r\n\r\n",
        "POST /bytes HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc",
        "POST /bytes HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ] {
        let answer = told(service.http, format!("{good}{bad}").as_bytes()).await;
        let (first, second) = answer.split_at(answer.rfind("HTTP/1.1 ").unwrap());
        assert!(first.starts_with("HTTP/1.1 200 "), "{answer}");
        is_problem(second, 400, "ambiguous-length");
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn good_requests_follow_one_another_however_their_bytes_arrive() {
    let service = service(HttpConfig::for_tests()).await;
    let requests = "\r\nGET /ok HTTP/1.1\r\nhost: a\r\n\r\n\
        POST /bytes HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc\
        POST /bytes HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2;x=y\r\nab\r\n0\r\nt: 1\r\n\r\n\
        GET /ok HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    for piece in [1, 7, 1_000] {
        let mut socket = TcpStream::connect(service.http).await.unwrap();
        socket.set_nodelay(true).unwrap();
        for bytes in requests.as_bytes().chunks(piece) {
            socket.write_all(bytes).await.unwrap();
            tokio::task::yield_now().await;
        }
        let answer = until_closed(&mut socket).await;
        assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 4, "{piece}: {answer}");
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_in_broken_chunks_breaks_off() {
    let service = service(HttpConfig::for_tests()).await;
    for chunks in ["3\nabc\n0\n\n", "zz\r\n", "3\r\nabcd\r\n0\r\n\r\n"] {
        let words = format!(
            "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
             transfer-encoding: chunked\r\n\r\n{chunks}GET /ok HTTP/1.1\r\nhost: a\r\n\r\n"
        );
        let answer = told(service.http, words.as_bytes()).await;
        is_problem(&answer, 400, "unreadable-body");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn trace_is_no_method_of_ours_even_where_everything_is_passed_on() {
    let service = service(HttpConfig::for_tests()).await;
    for path in ["/ok", "/anything"] {
        let request = format!("TRACE {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        is_problem(&told(service.http, request.as_bytes()).await, 405, "method-not-allowed");
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn headers_are_bounded_in_number_and_size() {
    let service = service(HttpConfig::for_tests()).await;
    let many = "x-one: 1\r\n".repeat(70);
    let large = format!("x-large: {}\r\n", "a".repeat(20_000));
    let huge = format!("x-huge: {}\r\n", "a".repeat(500_000));
    for lines in [many, large, huge] {
        let request = format!("GET /ok HTTP/1.1\r\nhost: a\r\n{lines}\r\n");
        is_problem(&told(service.http, request.as_bytes()).await, 431, "header-too-large");
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn an_address_has_at_most_four_kilobytes() {
    let service = service(HttpConfig::for_tests()).await;
    for bytes in [4_100, 100_000] {
        let answer = ask(service.http, &format!("/ok?{}", "a".repeat(bytes))).await;
        is_problem(&answer, 414, "uri-too-long");
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn paths_that_climb_find_nothing() {
    let routes = Router::new().route("/v1/orders", get(async || "orders"));
    let service = Running::start(kit(HttpConfig::for_tests(), routes)).await;
    for path in ["/../v1/orders", "/v1/%2e%2e/v1/orders", "/v1//orders", "/v1/orders%00", "/..%2f"]
    {
        is_problem(&ask(service.http, path).await, 404, "no-such-page");
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_only_the_waiting() {
    let (began, go_on, finished) =
        (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let state = (Arc::clone(&began), Arc::clone(&go_on), Arc::clone(&finished));
    let slow =
        async |State((began, go_on, finished)): State<(Arc<Notify>, Arc<Notify>, Arc<Notify>)>| {
            began.notify_one();
            go_on.notified().await;
            finished.notify_one();
        };
    let routes = Router::new().route("/slow", post(slow)).with_state(state);
    let service = Running::start(kit(HttpConfig::for_tests(), routes)).await;

    let mut socket = TcpStream::connect(service.http).await.unwrap();
    socket.write_all(b"POST /slow HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    began.notified().await;
    drop(socket);
    // The server must have seen the hang-up before the work goes on.
    tokio::time::sleep(Duration::from_millis(100)).await;
    go_on.notify_one();

    finished.notified().await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let config = HttpConfig { http_connections_max: 1, ..HttpConfig::for_tests() };
    let service = service(config).await;
    let mut first = TcpStream::connect(service.http).await.unwrap();
    first.write_all(b"GET /ok HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    until(&mut first, "ok").await;

    let mut second = TcpStream::connect(service.http).await.unwrap();
    second.write_all(b"GET /ok HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut nothing = [0; 1];
    let early = tokio::time::timeout(
        Duration::from_millis(100),
        tokio::io::AsyncReadExt::read(&mut second, &mut nothing),
    );
    assert!(early.await.is_err(), "the second connection was served beside the first");

    drop(first);
    assert!(until_closed(&mut second).await.ends_with("ok"));
    service.stop().await.unwrap();
}

#[tokio::test]
async fn an_address_that_opens_too_many_connections_is_turned_away() {
    let config = HttpConfig { http_connections_per_address_max: 1, ..HttpConfig::for_tests() };
    let service = service(config).await;
    let mut first = TcpStream::connect(service.http).await.unwrap();
    first.write_all(b"GET /ok HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    until(&mut first, "ok").await;

    let mut second = TcpStream::connect(service.http).await.unwrap();
    is_problem(&until_closed(&mut second).await, 429, "too-many-connections");

    drop(first);
    // The server must have seen the hang-up.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(ask(service.http, "/ok").await.ends_with("ok"));
    service.stop().await.unwrap();
}
