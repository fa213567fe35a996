//! What a collector is sent. A process of its own: signals are global.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use axum::{Router, routing::get};
use common::telemetry::{self, TelemetryConfig, trace};
use test_kit::TestService;

type Journal = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A collector that takes everything and remembers it.
fn collector() -> (SocketAddr, Journal) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let journal = Journal::default();
    let written = Arc::clone(&journal);
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let written = Arc::clone(&written);
            std::thread::spawn(move || take(socket, &written));
        }
    });
    (address, journal)
}

fn take(mut socket: TcpStream, journal: &Journal) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8_192];
    while let Ok(n @ 1..) = socket.read(&mut buffer) {
        bytes.extend_from_slice(buffer.get(..n).unwrap_or_default());
        while let Some((head, body, rest)) = message(&bytes) {
            let line = head.lines().next().unwrap_or_default().to_owned();
            journal.lock().expect("the journal").push((line, body));
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            bytes = rest;
        }
    }
}

fn message(bytes: &[u8]) -> Option<(String, Vec<u8>, Vec<u8>)> {
    let at = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, rest) = bytes.split_at(at + 4);
    let head = String::from_utf8_lossy(head).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.and_then(|text| text.parse().ok()).unwrap_or(0);
    (rest.len() >= length).then(|| {
        let (body, rest) = rest.split_at(length);
        (head, body.to_vec(), rest.to_vec())
    })
}

#[test]
fn a_sampled_request_is_a_span_of_its_callers_trace() {
    let (collector, journal) = collector();
    let config = TelemetryConfig {
        log_filter: "warn,service_kit=info".to_owned(),
        otlp_endpoint: Some(format!("http://{collector}/")),
        otlp_sample_ratio: 0.0,
    };
    let telemetry = telemetry::init("orders", &config).unwrap();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let next_hop = runtime.block_on(async {
        let next_hop = async || trace::current().unwrap().to_string();
        let service = TestService::new("orders", Router::new().route("/v1/x", get(next_hop)));
        let parent = format!("00-{trace}-00f067aa0ba902b7-01");
        let request = service.as_nobody().get("/v1/x").header("traceparent", &parent);
        request.send().await.is(200).text()
    });
    drop(runtime);
    telemetry.flush();

    assert!(next_hop.starts_with(&format!("00-{trace}-")), "{next_hop}");
    assert!(next_hop.ends_with("-01"), "{next_hop}");
    assert!(!next_hop.contains("00f067aa0ba902b7"), "the caller's span is not ours: {next_hop}");
    let journal = journal.lock().unwrap();
    let sent = |line: &str| journal.iter().find(|(head, _)| head.starts_with(line));
    let (_, spans) = sent("post /v1/traces ").expect("spans were sent");
    let id = u128::from_str_radix(trace, 16).unwrap().to_be_bytes();
    assert!(spans.windows(16).any(|bytes| bytes == id), "another trace was sent");
    let text = String::from_utf8_lossy(spans);
    assert!(text.contains("GET /v1/x") && text.contains("http.response.status_code"), "{text}");
    let (_, metrics) = sent("post /v1/metrics ").expect("metrics were sent");
    assert!(String::from_utf8_lossy(metrics).contains("http.server.request.duration"));
}
