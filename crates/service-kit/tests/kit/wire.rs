//! Bytes over a socket, for what no HTTP client would send.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Nothing here takes so long; a test that waits for it has failed.
pub(crate) const FAR_TOO_LONG: Duration = Duration::from_secs(20);

/// Sends bytes and reads until the other side closes.
pub(crate) async fn told(address: SocketAddr, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    until_closed(&mut socket).await
}

/// What comes until the other side closes.
pub(crate) async fn until_closed(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match tokio::time::timeout(FAR_TOO_LONG, socket.read(&mut buffer)).await {
            Ok(Ok(0) | Err(_)) => return String::from_utf8_lossy(&answer).into_owned(),
            Ok(Ok(n)) => answer.extend_from_slice(&buffer[..n]),
            Err(late) => {
                panic!("still open, {late}: {}", String::from_utf8_lossy(&answer))
            }
        }
    }
}

/// What comes until `end` has come.
pub(crate) async fn until(socket: &mut TcpStream, end: &str) -> String {
    let mut answer = String::new();
    let mut buffer = [0; 4096];
    while !answer.contains(end) {
        let read = tokio::time::timeout(FAR_TOO_LONG, socket.read(&mut buffer));
        let n = read.await.expect("in time").expect("bytes");
        assert!(n > 0, "closed after: {answer}");
        answer.push_str(&String::from_utf8_lossy(&buffer[..n]));
    }
    answer
}

/// `GET path` on a connection that closes afterwards.
pub(crate) async fn get(address: SocketAddr, path: &str) -> String {
    told(address, format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").as_bytes())
        .await
}

#[track_caller]
pub(crate) fn is_problem(answer: &str, status: u16, code: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(answer.contains("content-type: application/problem+json"), "{answer}");
    assert!(answer.contains(&format!("\"code\":\"{code}\"")), "{answer}");
}
