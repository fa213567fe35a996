//! Services that are killed while an order is on its way through them.

use std::time::Duration;

use cloudeats::site::SERVICES;
use nix::sys::signal::Signal;

use crate::caller::{Expect, text};
use crate::wishes::an_espresso;
use crate::world::World;

/// From the kill to `/readyz`.
/// It surely hangs after that; how fast it is, `cloudeats kill-each` measures.
const BACK_MAX: Duration = Duration::from_mins(1);

pub(crate) async fn an_order_survives_the_death_of_orders(world: &World) {
    let anna = world.customer().await;
    let beans = world.stock("beans").await;
    let order = an_espresso("pm_slow");
    let key = world.key();

    let id = text(&anna.orders(&key, &order).await.is(202), "order_id");
    kill(world, "orders").await;
    anna.sees(&id, "CONFIRMED").await;

    assert_eq!(world.charges(&id).await, ["authorize ok"]);
    assert_eq!(world.stock("beans").await, (beans.0, beans.1 + 9));
    assert_eq!(anna.orders(&key, &order).await.is(201)["order_id"], id.as_str());
}

pub(crate) async fn an_order_survives_the_death_of_payment(world: &World) {
    let anna = world.customer().await;
    let order = an_espresso("pm_slow");

    let id = text(&anna.orders(&world.key(), &order).await.is(202), "order_id");
    kill(world, "payment").await;
    anna.sees(&id, "CONFIRMED").await;

    assert_eq!(world.charges(&id).await, ["authorize ok"]);
    assert_eq!(anna.payment(&id).await["status"], "authorized");
}

pub(crate) async fn an_order_is_taken_while_inventory_is_dead(world: &World) {
    let anna = world.customer().await;
    let beans = world.stock("beans").await;
    let order = an_espresso("pm_approved");
    world.stack.process("inventory").unwrap().send(Signal::SIGKILL).unwrap();

    let id = anna.has_ordered(world, &order).await;

    assert_eq!(world.charges(&id).await, ["authorize ok"]);
    world.stock_becomes("beans", (beans.0, beans.1 + 9)).await;
}

/// Kills a service and waits until it is ready again.
async fn kill(world: &World, name: &str) {
    let before = world.stack.process(name).unwrap();
    before.send(Signal::SIGKILL).unwrap();
    assert!(before.gone(BACK_MAX).await, "{name} does not die");
    let service = SERVICES.iter().find(|service| service.name == name).unwrap();
    world.stack.ready(service, BACK_MAX).await.unwrap();
}
