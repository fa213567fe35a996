//! What operations do about an order that does not go on by itself.

use cloudeats::process::mark::Mark;
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::caller::{Expect, text};
use crate::wishes::an_espresso;
use crate::world::{World, eventually};

/// A service that neither dies nor answers, until this is dropped.
struct Frozen(Mark);

impl Frozen {
    fn new(world: &World, name: &str) -> Self {
        let mark = world.stack.process(name).unwrap();
        mark.send(Signal::SIGSTOP).unwrap();
        Self(mark)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        let _it_may_have_died = self.0.send(Signal::SIGCONT);
    }
}

pub(crate) async fn an_order_that_payment_does_not_answer_is_sent_back_by_hand(world: &World) {
    let (anna, admin) = (world.customer().await, world.admin().await);
    let beans = world.stock("beans").await;
    let payment = Frozen::new(world, "payment");
    let placed = anna.orders(&world.key(), &an_espresso("pm_approved")).await;
    let id = text(&placed.is(202), "order_id");
    let xray = format!("/v1/ops/orders/{id}/xray");
    eventually("the step at which the order stops", async || {
        let saga = saga(&admin.get(xray.as_str()).await.is(200));
        (saga.last()?["detail"]["waits_for"] == "authorize").then_some(())
    })
    .await;

    let act = format!("/v1/ops/orders/{id}/saga");
    let (key, why) = (world.key(), json!({"reason": "payment does not answer"}));
    let compensate = format!("{act}/compensate");
    let sent = admin.post_once(&compensate, &key, why.clone()).await.is(202);
    drop(payment);

    anna.sees(&id, "REJECTED").await;
    world.stock_becomes("beans", beans).await;
    let charges = world.charges(&id).await;
    let did = |what: &str| charges.iter().any(|it| it == what);
    assert!(!did("authorize ok") || did("void ok"), "{charges:?}");
    assert_eq!(admin.post_once(&compensate, &key, why.clone()).await.is(202), sent);
    let saga = saga(&admin.get(xray).await.is(200));
    let by_hand = saga.iter().find(|entry| entry["what"] == "compensate").unwrap();
    assert_eq!((&by_hand["actor"], &by_hand["cause"]), (&sent["asked_by"], &why["reason"]));
    let retry = admin.post_once(&format!("{act}/retry"), &world.key(), why).await;
    retry.is_problem(409, "nothing-to-retry");
}

fn saga(xray: &Value) -> Vec<Value> {
    let lanes = xray["lanes"].as_array().unwrap();
    let lane = lanes.iter().find(|lane| lane["name"] == "saga").unwrap();
    lane["entries"].as_array().unwrap().clone()
}
