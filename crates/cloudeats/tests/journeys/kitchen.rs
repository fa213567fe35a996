//! What is done at the café's board.

use serde_json::{Value, json};

use crate::caller::{Caller, Expect, number, text};
use crate::wishes::cafe;
use crate::world::{World, eventually};

/// The ticket of an order, as soon as it is on the board.
pub(crate) async fn ticket(cook: &Caller, order: &str) -> Value {
    let path = format!("/v1/kitchen/tickets?store_id={}&limit=100", cafe().id());
    eventually("a ticket on the board", async || {
        let board = cook.get(path.as_str()).await.is(200);
        board["tickets"].as_array().unwrap().iter().find(|it| it["order_id"] == order).cloned()
    })
    .await
}

/// Moves the ticket of an order through these states.
pub(crate) async fn makes(world: &World, order: &str, states: &[&str]) {
    let cook = world.cook().await;
    let mut ticket = ticket(&cook, order).await;
    let path = format!("/v1/kitchen/tickets/{}/status", text(&ticket, "ticket_id"));
    for state in states {
        let body = json!({"status": state.to_lowercase()});
        ticket = cook.put(&path, number(&ticket, "version"), body).await.is(200);
        assert_eq!(ticket["state"], *state);
    }
}
