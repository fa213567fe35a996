//! Customers who doubt: they ask again, and for what they cannot have, so that a checker has something to see.

use common::types::{Clock, ItemId, OrderId, SystemClock};
use orders_contract::http::PlaceOrder;

use crate::api::{Call, Person};
use crate::history::Op;

use super::plan::Planned;
use super::world::{Operation, World};

/// One order of so many is sent again when it has been taken, and its key is tried for something else.
const AGAIN_EVERY: u64 = 11;
const AGAIN_AT: u64 = 4;
/// One of so many has the key of another customer's order.
const SAME_KEY_EVERY: u64 = 13;
const SAME_KEY_AT: u64 = 6;
/// One of so many follows a try to order what there is not.
const UNKNOWN_EVERY: u64 = 17;
const UNKNOWN_AT: u64 = 2;

/// The key of an order: its own, or that of the order before it, which was another customer's.
pub(super) fn key(world: &World, planned: &Planned) -> String {
    let borrowed = planned.nth % SAME_KEY_EVERY == SAME_KEY_AT && world.options.customers > 1;
    world.key(&format!("o{}", planned.nth - u64::from(borrowed)))
}

/// Tries to order something that no store has.
pub(super) async fn before(
    world: &World,
    person: &Person,
    planned: &Planned,
    body: &PlaceOrder,
) -> anyhow::Result<()> {
    if planned.nth % UNKNOWN_EVERY != UNKNOWN_AT || body.lines.is_empty() {
        return Ok(());
    }
    let mut body = body.clone();
    for line in &mut body.lines {
        line.item_id = ItemId::from_uuid(SystemClock.new_id());
    }
    let key = world.key(&format!("u{}", planned.nth));
    place(world, person, &key, &body).await
}

/// Sends an order again, and something else under its key.
pub(super) async fn after(
    world: &World,
    person: &Person,
    planned: &Planned,
    key: &str,
    body: &PlaceOrder,
) -> anyhow::Result<()> {
    if planned.nth % AGAIN_EVERY != AGAIN_AT {
        return Ok(());
    }
    place(world, person, key, body).await?;
    let other = PlaceOrder { tip_minor: body.tip_minor + 50, ..body.clone() };
    place(world, person, key, &other).await
}

/// Whatever comes of it stands in the history.
async fn place(world: &World, person: &Person, key: &str, body: &PlaceOrder) -> anyhow::Result<()> {
    let order = OrderId::derive(common::types::CustomerId::from_uuid(person.id().await?), key);
    let call = Call::post("/v1/orders", body)?.key(key);
    let create = Operation { op: Op::Create, call: &call, key: Some(key), order: Some(order) };
    world.surely(person, create).await?;
    Ok(())
}
