//! What is given back, refused, waited for and asked again.

use serde_json::json;

use crate::caller::{Expect, text};
use crate::kitchen;
use crate::wishes::{an_espresso, cafe, delivery, line, pickup};
use crate::world::{Customer, World, eventually};

pub(crate) async fn a_cancellation_gives_back_stock_and_money(world: &World) {
    let anna = world.customer().await;
    let beans = world.stock("beans").await;
    let id = anna.has_ordered(world, &delivery(&[line("espresso", 3)])).await;
    assert_eq!(world.stock("beans").await, (beans.0, beans.1 + 27));
    assert_eq!(anna.payment(&id).await["status"], "authorized");

    let path = format!("/v1/orders/{id}/cancellation");
    let key = world.key();
    let cancel = async || {
        let why = json!({"reason": "customer_changed_mind"});
        anna.caller.post_once(&path, &key, why).await
    };
    assert_eq!(cancel().await.is(202)["status"], "cancelled");
    let cancelled = anna.sees(&id, "CANCELLED").await;

    assert_eq!(cancelled["cause"], "customer_changed_mind");
    assert_eq!(anna.payment(&id).await["status"], "voided");
    assert_eq!(world.charges(&id).await, ["authorize ok", "void ok"]);
    world.stock_becomes("beans", beans).await;
    cancel().await.is(202);
    assert_eq!(world.charges(&id).await.len(), 2, "the same cancellation again does nothing");
    eventually("news of the cancellation", async || {
        let told = anna.inbox(&id).await;
        (told == ["order_confirmed", "order_cancelled"]).then_some(())
    })
    .await;
    let cook = world.cook().await;
    let board = format!("/v1/kitchen/tickets?store_id={}&limit=100", cafe().id());
    let board = cook.get(board).await.is(200);
    assert!(board["tickets"].as_array().unwrap().iter().all(|it| it["order_id"] != id.as_str()));
}

pub(crate) async fn what_the_kitchen_has_begun_its_customer_cannot_cancel(world: &World) {
    let anna = world.customer().await;
    let id = anna.has_ordered(world, &an_espresso("pm_approved")).await;
    kitchen::makes(world, &id, &["PREPARING"]).await;

    let path = format!("/v1/orders/{id}/cancellation");
    let why = json!({"reason": "customer_changed_mind"});
    let refused = anna.caller.post_once(&path, &world.key(), why).await;

    refused.is_problem(409, "already-in-the-kitchen");
    assert_eq!(anna.order(&id).await["state"], "PREPARING");
    let why = json!({"reason": "item_missing"});
    world.cook().await.post_once(&path, &world.key(), why).await.is(202);
    anna.sees(&id, "CANCELLED").await;
    assert_eq!(world.charges(&id).await, ["authorize ok", "void ok"]);
}

pub(crate) async fn what_is_out_of_stock_is_refused_and_nobody_is_charged(world: &World) {
    let anna = world.customer().await;
    let (bottles, beans) = (world.stock("cold-brew").await, world.stock("beans").await);
    let lines = [line("espresso", 1), line("cold-brew", bottles.0 + 1)];
    let key = world.key();

    let refused = anna.orders(&key, &pickup(&lines, "pm_approved")).await;

    refused.is_problem(409, "out-of-stock");
    let id = the_only_order(&anna).await;
    assert_eq!(anna.order(&id).await["state"], "REJECTED");
    assert_eq!(world.charges(&id).await, Vec::<String>::new());
    assert_eq!((world.stock("cold-brew").await, world.stock("beans").await), (bottles, beans));
    let again = anna.orders(&key, &pickup(&lines, "pm_approved")).await;
    again.is_problem(409, "out-of-stock");
}

pub(crate) async fn a_declined_payment_leaves_nothing_held(world: &World) {
    let anna = world.customer().await;
    let beans = world.stock("beans").await;

    let refused = anna.orders(&world.key(), &an_espresso("pm_declined")).await;

    refused.is_problem(402, "payment-declined");
    let id = the_only_order(&anna).await;
    anna.sees(&id, "REJECTED").await;
    assert_eq!(world.charges(&id).await, ["authorize declined"]);
    world.stock_becomes("beans", beans).await;
    eventually("news of the refusal", async || {
        (anna.inbox(&id).await == ["order_rejected"]).then_some(())
    })
    .await;
}

pub(crate) async fn a_slow_provider_is_waited_for_in_the_background(world: &World) {
    let anna = world.customer().await;
    let (key, order) = (world.key(), an_espresso("pm_slow"));

    let answer = anna.orders(&key, &order).await;

    let id = text(&answer.is(202), "order_id");
    assert_eq!(answer.headers["location"], format!("/v1/orders/{id}"));
    anna.sees(&id, "CONFIRMED").await;
    assert_eq!(world.charges(&id).await, ["authorize ok"]);
    assert_eq!(anna.orders(&key, &order).await.is(201)["order_id"], id.as_str());
}

pub(crate) async fn a_lost_reply_is_asked_for_and_charged_once(world: &World) {
    let anna = world.customer().await;

    let id = anna.has_ordered(world, &an_espresso("pm_reply_lost")).await;

    assert_eq!(world.charges(&id).await, ["authorize ok"]);
    assert_eq!(anna.payment(&id).await["status"], "authorized");
}

async fn the_only_order(anna: &Customer) -> String {
    let all = anna.caller.get("/v1/orders").await.is(200);
    let [order] = all["orders"].as_array().unwrap().as_slice() else { panic!("{all}") };
    text(order, "order_id")
}
