//! Dead letters, as a service shows them.

use axum::Router;
use common::types::Timestamp;
use service_kit::{
    CallError, Client, HttpConfig, Kit, client,
    letters::{Letter, Letters, list_path, redrive_path},
};
use test_kit::{PATIENCE, Running, TestKeys};
use uuid::Uuid;

const AT: &str = "2026-11-21T12:00:00Z";

fn letter(n: u128) -> Letter {
    let text = |text: &str| text.to_owned();
    Letter {
        id: Uuid::from_u128(n),
        consumer: text("fleet"),
        source: text("orders"),
        key: text("key"),
        seq: 3,
        kind: text("com.cloudeats.orders.order_confirmed.v1"),
        event_id: Uuid::nil(),
        code: text("unreadable-event"),
        attempts: 5,
        at: AT.parse().unwrap(),
        redriven_at: None,
    }
}

/// Knows letters 1 to 5, of which each page holds what was asked for.
async fn fleet() -> (Running, Client) {
    let keys = TestKeys::new("fleet");
    let scrape = common::telemetry::Scrape::empty();
    let (http, signer) = (HttpConfig::for_tests(), keys.signer("fleet"));
    let caller = keys.signer("gateway");
    let mut kit = Kit::with_keys("fleet", http, scrape, signer, keys.public).unwrap();
    kit.dead_letters(
        async |most: u16, before: Option<(Timestamp, Uuid)>| {
            let first = before.map_or(5, |(_, id)| id.as_u128() - 1);
            let letters = (1..=first).rev().take(most.into()).map(letter);
            Ok::<_, CallError>(letters.collect::<Vec<_>>())
        },
        async |id| Ok::<_, CallError>(id == Uuid::from_u128(1)),
    );
    kit.serve_plain(Router::new());
    let running = Running::start(kit).await;
    let base = format!("http://{}", running.http);
    let http = client::inside(PATIENCE).unwrap();
    let client = Client::inside(http, &base, "fleet", caller, PATIENCE).unwrap();
    (running, client)
}

#[tokio::test]
async fn letters_are_read_page_by_page_as_they_are_written() {
    let (running, client) = fleet().await;

    let first: Letters = client.get(list_path(2, None)).send().await.unwrap();
    let last = first.letters.last().map(|it| (it.at, it.id));
    let second: Letters = client.get(list_path(2, last)).send().await.unwrap();

    assert_eq!(first.letters, [letter(5), letter(4)]);
    assert_eq!(second.letters, [letter(3), letter(2)]);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn a_letter_that_is_not_open_is_not_there() {
    let (running, client) = fleet().await;

    client.post(redrive_path(Uuid::from_u128(1))).send_empty().await.unwrap();
    let missing = client.post(redrive_path(Uuid::from_u128(2))).send_empty().await;

    assert!(
        matches!(&missing, Err(CallError::Refused { status: 404, code, .. }) if code == "no-such-letter"),
        "{missing:?}"
    );
    running.stop().await.unwrap();
}
