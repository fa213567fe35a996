//! Bodies and framing, on a real connection.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::bench::Bench;

/// Sends these bytes, and reads whatever comes until the other side closes.
pub(super) async fn say(address: SocketAddr, words: &[u8]) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    // The other side may close before it has read everything.
    let _ = connection.write_all(words).await;
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn chunked(path: &str, token: &str, bytes: usize) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let mut words = head.into_bytes();
    for _ in 0..bytes / 1_000 {
        words.extend_from_slice(b"3e8\r\n");
        words.extend_from_slice(&[b' '; 1_000]);
        words.extend_from_slice(b"\r\n");
    }
    words.extend_from_slice(b"0\r\n\r\n");
    words
}

#[tokio::test]
async fn a_body_of_unknown_length_streams_through_up_to_its_limit() {
    let bench = Bench::new().await;
    let (running, token) = (bench.running().await, bench.token());
    for (path, bytes, status) in [
        ("/v1/payments", 60_000, 201),
        ("/v1/payments", 70_000, 413),
        ("/v1/orders", 250_000, 201),
        ("/v1/orders", 270_000, 413),
    ] {
        let answer = say(running.http, &chunked(path, &token, bytes)).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{path} {bytes}: {answer}");
        assert!(status != 201 || answer.contains(&format!("\"bytes\":{bytes}")), "{answer}");
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_body_that_is_announced_as_too_long_is_refused_before_it_comes() {
    let bench = Bench::new().await;
    let running = bench.running().await;
    let words = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: test\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
         content-length: 3000000\r\n\r\n",
        bench.token()
    );

    let answer = say(running.http, words.as_bytes()).await;

    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("body-too-large"), "{answer}");
    running.stop().await.unwrap();
}

#[tokio::test]
async fn framing_that_two_readers_could_read_differently_is_refused() {
    let bench = Bench::new().await;
    let running = bench.running().await;
    let line = "POST /v1/auth/login HTTP/1.1\r\nhost: test\r\nconnection: close\r\n";
    for lines in [
        "content-length: 4\r\ncontent-length: 5\r\n\r\nabcde",
        "content-length: 4\ncontent-length: 5\r\n\r\nabcd",
        "content-length: +4\r\n\r\nabcd",
        "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        "host: other\r\ncontent-length: 0\r\n\r\n",
    ] {
        let answer = say(running.http, format!("{line}{lines}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{lines:?}: {answer}");
        assert!(answer.contains("application/problem+json"), "{lines:?}: {answer}");
    }
    running.stop().await.unwrap();
}

#[tokio::test]
async fn two_lengths_of_one_body_are_refused_and_end_the_connection() {
    let bench = Bench::new().await;
    let running = bench.running().await;
    for lines in [
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
    ] {
        let smuggled = "GET /v1/menu HTTP/1.1\r\nhost: test\r\n\r\n";
        let words =
            format!("POST /v1/auth/login HTTP/1.1\r\nhost: test\r\n{lines}\r\n0\r\n\r\n{smuggled}");

        let answer = say(running.http, words.as_bytes()).await;

        assert!(
            answer.starts_with("HTTP/1.1 400 ") && answer.contains("ambiguous-length"),
            "{answer}"
        );
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        assert!(!answer.contains("\"content-length\""), "{answer}");
    }
    running.stop().await.unwrap();
}
