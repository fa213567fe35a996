//! More than can be passed on at once.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::bench::Bench;

async fn ask(address: SocketAddr, method: &str, path: &str, token: &str) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let words = format!(
        "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: 0\r\n\
         authorization: Bearer {token}\r\n\r\n"
    );
    connection.write_all(words.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Keeps so many requests to the slowest page of orders waiting.
async fn slow(count: usize, address: SocketAddr, token: &str) -> JoinSet<String> {
    let mut slow = JoinSet::new();
    for _ in 0..count {
        let token = token.to_owned();
        slow.spawn(async move { ask(address, "GET", "/v1/kitchen/slow", &token).await });
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    slow
}

fn is_shed(answer: &str) {
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(
        answer.contains("\"code\":\"overloaded\"") && answer.contains("retry-after: "),
        "{answer}"
    );
}

#[tokio::test]
async fn a_slow_service_leaves_room_for_the_others() {
    let bench = Bench::new().await;
    let (running, token) = (bench.running_with(10).await, bench.token());
    let slow = slow(5, running.http, &token).await;

    is_shed(&ask(running.http, "GET", "/v1/orders", &token).await);
    let menu = ask(running.http, "GET", "/v1/menu", "").await;

    assert!(!menu.contains("overloaded"), "{menu}");
    slow.join_all().await;
    running.stop().await.unwrap();
}

#[tokio::test]
async fn what_was_begun_is_passed_on_when_nothing_else_is() {
    let bench = Bench::new().await;
    let (running, token) = (bench.running_with(4).await, bench.token());
    // Two of four places: looking gets no more.
    let slow = slow(2, running.http, &token).await;

    is_shed(&ask(running.http, "GET", "/v1/menu", "").await);
    let webhook = ask(running.http, "POST", "/v1/payments/webhooks/sandbox", "").await;

    assert!(webhook.starts_with("HTTP/1.1 201 "), "{webhook}");
    assert!(webhook.contains("\"x-ce-rank\":\"1\""), "{webhook}");
    slow.join_all().await;
    running.stop().await.unwrap();
}
