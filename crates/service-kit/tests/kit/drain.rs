//! The way in and the way out.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, routing::get};
use service_kit::{HttpConfig, Kit};
use test_kit::{Running, TestKeys, kit};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use crate::wire::{get as ask, until, until_closed};

#[tokio::test]
async fn a_service_is_ready_when_all_its_probes_say_so() {
    let mut kit = kit("orders");
    let well = Arc::new(Mutex::new(true));
    let state = Arc::clone(&well);
    kit.probe("postgres", move || {
        let well = *state.lock().unwrap();
        async move { if well { Ok(()) } else { anyhow::bail!("password=secret") } }
    });
    let running = Running::start(kit).await;
    assert!(ask(running.admin, "/livez").await.starts_with("HTTP/1.1 200 "));
    assert!(ask(running.admin, "/readyz").await.starts_with("HTTP/1.1 200 "));

    *well.lock().unwrap() = false;
    tokio::time::sleep(Duration::from_millis(600)).await;

    let unready = ask(running.admin, "/readyz").await;
    assert!(unready.starts_with("HTTP/1.1 503 "), "{unready}");
    assert!(unready.contains("postgres: failed") && !unready.contains("secret"), "{unready}");
    assert!(ask(running.admin, "/livez").await.starts_with("HTTP/1.1 200 "));
    assert!(ask(running.admin, "/status").await.contains("\"service\":\"orders\""));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_probe_that_panics_is_a_probe_that_failed() {
    let mut kit = kit("orders");
    kit.probe("postgres", || async { panic!("boom") });
    let running = Running::start(kit).await;
    assert!(ask(running.admin, "/readyz").await.starts_with("HTTP/1.1 503 "));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_drain_is_unready_first_then_accepts_no_more_then_finishes_what_it_holds() {
    let (began, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let said = Arc::new(Mutex::new(Vec::new()));
    let keys = TestKeys::new("orders");
    let http = HttpConfig { drain_wait_ms: 300, ..HttpConfig::for_tests() };
    let scrape = common::telemetry::Scrape::empty();
    let mut kit =
        Kit::with_keys("orders", http, scrape, keys.signer("orders"), keys.public).unwrap();
    let slow = async |State((began, go_on)): State<(Arc<Notify>, Arc<Notify>)>| {
        began.notify_one();
        go_on.notified().await;
        "finished"
    };
    let state = (Arc::clone(&began), Arc::clone(&go_on));
    kit.serve_plain(Router::new().route("/slow", get(slow)).with_state(state));
    let journal = Arc::clone(&said);
    kit.task("worker", move |stop| async move {
        stop.cancelled().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        journal.lock().unwrap().push("worker stopped");
        Ok(())
    });
    let running = Running::start(kit).await;
    let (http, admin) = (running.http, running.admin);
    let mut socket = TcpStream::connect(http).await.unwrap();
    socket.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    began.notified().await;

    running.tell_to_stop();
    while !ask(admin, "/readyz").await.starts_with("HTTP/1.1 503 ") {}
    // Still in the wait: the balancer may not have noticed yet.
    TcpStream::connect(http).await.unwrap();

    while TcpStream::connect(http).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(ask(admin, "/readyz").await.starts_with("HTTP/1.1 503 "), "the admin port stays");
    go_on.notify_one();
    let answer = until_closed(&mut socket).await;

    assert!(answer.ends_with("finished"), "{answer}");
    running.ended().await.unwrap();
    assert_eq!(*said.lock().unwrap(), ["worker stopped"]);
}

#[tokio::test]
async fn a_drain_waits_for_work_whose_client_has_hung_up() {
    let (began, finished) = (Arc::new(Notify::new()), Arc::new(Mutex::new(false)));
    let slow = async |State((began, finished)): State<(Arc<Notify>, Arc<Mutex<bool>>)>| {
        began.notify_one();
        tokio::time::sleep(Duration::from_millis(500)).await;
        *finished.lock().unwrap() = true;
    };
    let state = (Arc::clone(&began), Arc::clone(&finished));
    let mut kit = kit("orders");
    kit.serve_plain(Router::new().route("/slow", get(slow)).with_state(state));
    let running = Running::start(kit).await;
    let mut socket = TcpStream::connect(running.http).await.unwrap();
    socket.write_all(b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    began.notified().await;
    drop(socket);

    running.stop().await.unwrap();

    assert!(*finished.lock().unwrap(), "the process ended before its work");
}

#[tokio::test]
async fn a_task_that_fails_stops_the_process_and_is_named() {
    let mut kit = kit("orders");
    kit.task("outbox", async |_stop| anyhow::bail!("the log is gone"));
    let error = Running::start(kit).await.ended().await.unwrap_err();
    assert_eq!(format!("{error:#}"), "task `outbox` failed: the log is gone");
}

#[tokio::test]
async fn a_task_that_panics_stops_the_process_and_is_named() {
    let mut kit = kit("orders");
    kit.task("outbox", async |_stop| panic!("boom"));
    let error = Running::start(kit).await.ended().await.unwrap_err();
    assert_eq!(format!("{error:#}"), "task `outbox` failed: it panicked");
}

#[tokio::test]
async fn a_task_that_ends_well_stops_nothing() {
    let mut kit = kit("orders");
    kit.task("once", async |_stop| Ok(()));
    kit.serve_plain(Router::new().route("/", get(async || "here")));
    let running = Running::start(kit).await;
    assert!(ask(running.http, "/").await.ends_with("here"));
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let keys = TestKeys::new("orders");
    let http = HttpConfig { http_address: address, ..HttpConfig::for_tests() };
    let scrape = common::telemetry::Scrape::empty();
    let kit = Kit::with_keys("orders", http, scrape, keys.signer("orders"), keys.public).unwrap();
    let never = std::future::pending();
    let error = service_kit::lifecycle::serve(kit, never, |_| ()).await.unwrap_err().to_string();
    assert!(error.contains(&format!("port {} is taken", address.port())), "{error}");
    assert!(error.contains("CE_HTTP_ADDRESS"), "{error}");
}

#[tokio::test]
async fn a_stream_ends_with_the_drain_and_keeps_nobody_waiting() {
    use axum::response::sse::{Event, Sse};
    use futures::{StreamExt, stream};
    let mut kit = kit("orders");
    let events = async || {
        let first = stream::once(async { Ok::<_, axum::Error>(Event::default().data("hello")) });
        Sse::new(first.chain(stream::pending()))
    };
    kit.serve_plain(Router::new().route("/track", get(events)));
    let running = Running::start(kit).await;
    let mut socket = TcpStream::connect(running.http).await.unwrap();
    socket.write_all(b"GET /track HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    until(&mut socket, "hello").await;

    running.tell_to_stop();

    let rest = until_closed(&mut socket).await;
    assert!(rest.ends_with("0\r\n\r\n"), "the stream was cut, not ended: {rest:?}");
    running.ended().await.unwrap();
}
