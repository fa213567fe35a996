//! The mailbox over SMTP and HTTP.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use common::types::SystemClock;
use http_body_util::BodyExt;
use lettre::message::Message;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use sandbox::mailbox::Mailbox;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt;

struct Bench {
    folder: TempDir,
    mailbox: Mailbox,
    smtp: SocketAddr,
    _door: JoinSet<()>,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::open(folder.path(), Arc::new(SystemClock)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let smtp = listener.local_addr().unwrap();
        let mut door = JoinSet::new();
        let serving = mailbox.clone();
        door.spawn(async move { serving.serve_smtp(listener).await });
        Self { folder, mailbox, smtp, _door: door }
    }

    async fn send(&self, to: &str, subject: &str, text: &str) {
        let letter = Message::builder()
            .from("CloudEats <orders@cloudeats.example>".parse().unwrap())
            .to(to.parse().unwrap())
            .subject(subject)
            .body(text.to_owned())
            .unwrap();
        let transport =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(self.smtp.ip().to_string())
                .port(self.smtp.port())
                .build();
        transport.send(letter).await.unwrap();
    }

    async fn get(&self, path: &str) -> String {
        get(&self.mailbox, path).await
    }
}

async fn get(mailbox: &Mailbox, path: &str) -> String {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = mailbox.router().oneshot(request).await.unwrap();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_letter_from_a_real_client_arrives_and_survives_a_kill() {
    let bench = Bench::new().await;
    bench
        .send(
            "anna@home.example",
            "Your order is on its way: café",
            "It will be there at noon.\n.\nBye",
        )
        .await;

    let reopened = Mailbox::open(bench.folder.path(), Arc::new(SystemClock)).unwrap();
    let page: Value = serde_json::from_str(&get(&reopened, "/messages").await).unwrap();

    let letter = &page["messages"][0];
    assert_eq!(letter["subject"], "Your order is on its way: café");
    assert_eq!(letter["to"][0], "anna@home.example");
    let text = letter["text"].as_str().unwrap();
    assert!(text.starts_with("It will be there at noon.\n.\nBye"), "{text:?}");
}

#[tokio::test]
async fn letters_are_found_by_recipient_and_page() {
    let bench = Bench::new().await;
    for n in 0..3 {
        bench.send("anna@home.example", &format!("a{n}"), "-").await;
        bench.send("ben@home.example", &format!("b{n}"), "-").await;
    }

    let page: Value =
        serde_json::from_str(&bench.get("/messages?to=BEN@home.example&limit=2").await).unwrap();
    let next = format!("/messages?to=ben@home.example&after={}", page["next_after"]);
    let rest: Value = serde_json::from_str(&bench.get(&next).await).unwrap();

    let subjects = |page: &Value| -> Vec<String> {
        let letters = page["messages"].as_array().unwrap().iter();
        letters.map(|letter| letter["subject"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        (subjects(&page), subjects(&rest)),
        (vec!["b0".to_owned(), "b1".to_owned()], vec!["b2".to_owned()])
    );
    assert_eq!(bench.get("/count").await, r#"{"count":6}"#);
    assert_eq!(bench.get("/count?to=anna@home.example").await, r#"{"count":3}"#);
    assert!(bench.get("/").await.contains("6 letters"));
}

#[tokio::test]
async fn who_speaks_http_or_endlessly_is_sent_away_and_others_are_served() {
    let bench = Bench::new().await;
    let mut endless = TcpStream::connect(bench.smtp).await.unwrap();
    let mut stream = BufReader::new(TcpStream::connect(bench.smtp).await.unwrap());
    let mut greeting = String::new();
    stream.read_line(&mut greeting).await.unwrap();
    assert!(greeting.starts_with("220 "));

    stream.write_all("GET / HTTP/1.1\r\n".repeat(10).as_bytes()).await.unwrap();
    let mut farewell = String::new();
    stream.read_to_string(&mut farewell).await.unwrap();
    assert!(farewell.ends_with("421 4.7.0 too many errors\r\n"), "{farewell}");

    // A line without an end is refused piece by piece, then the conversation ends.
    let mut heard = String::new();
    endless.write_all(&vec![b'x'; 100 * 1024]).await.unwrap();
    let mut reader = BufReader::new(&mut endless);
    while reader.read_line(&mut heard).await.is_ok_and(|bytes| bytes > 0) {}
    assert!(heard.contains("500 5.5.2"), "{heard}");

    bench.send("anna@home.example", "still here", "-").await;
    assert_eq!(bench.get("/count").await, r#"{"count":1}"#);
}
