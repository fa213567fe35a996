//! Following an order.

use serde_json::Value;
use uuid::Uuid;

use crate::bench::{Bench, Setup};

fn track(order: u128) -> String {
    format!("/v1/orders/{}/track", Uuid::from_u128(order))
}

#[tokio::test]
async fn a_stream_replays_the_steps_after_the_last_seen_and_ends_with_the_order() {
    let bench = Bench::new().await;

    let answer = bench
        .anna_gets(&track(7))
        .header("accept", "text/event-stream")
        .header("last-event-id", "3")
        .send()
        .await;

    answer.is(200);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let text = answer.text();
    let ids: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!(ids, ["4", "5"], "{text}");
    assert_eq!(text.matches("event: position").count(), 1, "{text}");
    assert!(text.ends_with("\"ended\":true}\n\n"), "{text}");
}

#[tokio::test]
async fn positions_that_nobody_tells_do_not_end_the_stream() {
    let bench = Bench::with(Setup { fleet_is_away: true, ..Setup::default() }).await;

    let answer = bench.anna_gets(&track(7)).header("accept", "text/event-stream").send().await;

    let text = answer.text();
    assert_eq!(text.matches("event: state").count(), 5, "{text}");
    assert_eq!(text.matches("event: position").count(), 0, "{text}");
}

#[tokio::test]
async fn without_a_wish_for_events_there_is_one_snapshot() {
    let bench = Bench::new().await;
    let answer = bench.anna_gets(&track(7)).send().await;
    answer.is(200);
    assert_eq!(answer.json["order"]["state"], "DISPATCHED");
    assert_eq!(answer.json["delivery_state"], "PICKED_UP");
    assert_eq!(answer.json["position"]["position"]["lat"], 42.5);

    let bench = Bench::with(Setup { fleet_is_away: true, ..Setup::default() }).await;
    let answer = bench.anna_gets(&track(7)).send().await;
    answer.is(200);
    assert_eq!(
        (&answer.json["delivery_state"], &answer.json["position"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn somebody_elses_order_is_none_and_nobody_follows_anything() {
    let bench = Bench::new().await;
    for accept in ["text/event-stream", "application/json"] {
        let stranger = bench.anna_gets(&track(8)).header("accept", accept).send().await;
        stranger.is_problem(404, "no-such-order");
        bench.get(&track(7)).header("accept", accept).send().await.is_problem(401, "no-token");
    }
}
