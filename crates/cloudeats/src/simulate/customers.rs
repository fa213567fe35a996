//! Customers: they come by the plan, order, sometimes think better of it, and follow their order.

use std::sync::Arc;

use anyhow::Context;
use common::types::{CustomerId, OrderId, Quantity, Text};
use orders_contract::http::{
    Address, CancelOrder, CancelReason, Cart, CreateCart, Fulfilment, OrderLine, PlaceOrder,
};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use tokio_util::task::TaskTracker;

use crate::api::{Call, Person};
use crate::history::Op;

use super::plan::{Goes, Plan, Planned};
use super::world::{Operation, World};
use super::{doubters, track};

/// Customers live so near their store, in metres.
const DOORS_M: f64 = 700.0;

/// Sends customers on their way, each at the time that the plan says, until closing time.
pub(super) async fn run(world: Arc<World>, tasks: TaskTracker) {
    for planned in Plan::new(&world.options, world.stores.len()) {
        let sleep = tokio::time::sleep_until(world.began + planned.at);
        let open = world.closing_time.run_until_cancelled(sleep).await.is_some();
        if !open || world.has_enough() {
            return;
        }
        let world = world.clone();
        tasks.spawn(async move {
            world.tally.placed.add();
            if let Err(error) = visit(&world, &planned).await {
                tracing::warn!(error = format!("{error:#}"), nth = planned.nth, "an order is lost");
                world.tally.given_up.add();
            }
        });
    }
}

async fn visit(world: &World, planned: &Planned) -> anyhow::Result<()> {
    let person = world.customer(planned.customer).await?;
    let key = doubters::key(world, planned);
    let order = OrderId::derive(CustomerId::from_uuid(person.id().await?), &key);
    let body = wishes(world, person, planned).await?;
    doubters::before(world, person, planned, &body).await?;

    let call = Call::post("/v1/orders", &body)?.key(key.as_str());
    let create = Operation { op: Op::Create, call: &call, key: Some(&key), order: Some(order) };
    let Some(answer) = world.surely(person, create).await? else {
        world.tally.given_up.add();
        return Ok(());
    };
    if matches!(answer.status, 402 | 409) {
        world.tally.refused.add();
        return Ok(());
    }
    answer.expect_ok("an order that should be taken")?;
    doubters::after(world, person, planned, &key, &body).await?;
    if planned.cancels {
        cancel(world, person, order, planned.nth).await?;
    }
    track::follow(world, person, order, planned.goes == Goes::Track).await;
    Ok(())
}

/// What is ordered; the dice decide.
async fn wishes(world: &World, person: &Person, planned: &Planned) -> anyhow::Result<PlaceOrder> {
    let store = world.stores.get(planned.store).context("no such store")?;
    let mut dice = StdRng::seed_from_u64(planned.dice);
    let mut lines = Vec::new();
    for _line in 0..dice.random_range(1..=3) {
        let item = store.menu.choose(&mut dice).context("an empty menu")?;
        let option = item.options.choose(&mut dice).filter(|_| dice.random_bool(0.4));
        let options = option.map(|option| Text::new(&option.slug)).transpose()?;
        lines.push(OrderLine {
            item_id: item.item_id,
            quantity: Quantity::new(dice.random_range(1..=2))?,
            options: options.into_iter().collect(),
            note: None,
        });
    }
    let address = if planned.goes == Goes::Counter {
        None
    } else {
        let track = world.options.track.as_ref().filter(|_| planned.goes == Goes::Track);
        let city = world.cities.get(store.seed.cell).context("no such city")?;
        let door = match track.and_then(super::Track::last) {
            Some(end) => end,
            None => city.corner_near(store.at, DOORS_M, &mut dice),
        };
        Some(Address {
            lat: door.lat(),
            lon: door.lon(),
            text: Text::new(&format!("{} Main Street", planned.nth % 400 + 1))?,
            instructions: None,
        })
    };
    let cart = if planned.by_cart {
        Some(fill_cart(world, person, planned, store.id, &lines).await?)
    } else {
        None
    };
    Ok(PlaceOrder {
        store_id: store.id,
        fulfilment: match planned.goes {
            Goes::Counter => Fulfilment::Pickup,
            Goes::Door | Goes::Track => Fulfilment::Delivery,
        },
        cart_id: cart.as_ref().map(|cart| cart.cart_id),
        lines: if cart.is_some() { Vec::new() } else { lines },
        address,
        payment_method_id: Text::new(planned.method)?,
        tip_minor: if dice.random_bool(0.3) { 100 } else { 0 },
    })
}

async fn fill_cart(
    world: &World,
    person: &Person,
    planned: &Planned,
    store_id: common::types::StoreId,
    lines: &[OrderLine],
) -> anyhow::Result<Cart> {
    let body = CreateCart { store_id, lines: lines.to_vec() };
    let key = world.key(&format!("c{}", planned.nth));
    let call = Call::post("/v1/carts", &body)?.key(key);
    person.ask(&call).await?.expect_ok("no cart")?.json()
}

/// The kitchen may have been faster: then the customer keeps the order.
async fn cancel(world: &World, person: &Person, order: OrderId, nth: u64) -> anyhow::Result<()> {
    let key = world.key(&format!("x{nth}"));
    let body = CancelOrder { reason: CancelReason::CustomerChangedMind };
    let call = Call::post(format!("/v1/orders/{order}/cancellation"), &body)?.key(key.as_str());
    let cancel = Operation { op: Op::Cancel, call: &call, key: Some(&key), order: Some(order) };
    world.surely(person, cancel).await?;
    Ok(())
}
