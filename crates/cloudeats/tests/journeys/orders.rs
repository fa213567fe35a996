//! Orders that go well.

use serde_json::{Value, json};

use crate::caller::{Expect, number, text};
use crate::courier::Courier;
use crate::kitchen;
use crate::tracking::Follower;
use crate::wishes::{AT_THE_CAFE, DOOR, ON_THE_WAY, an_espresso, cafe, delivery, line};
use crate::world::{Customer, World, eventually};

/// The way of an order that a courier brings, from its acceptance on.
const WAY: [&str; 11] = [
    "RESERVING",
    "RESERVED",
    "AUTHORIZING",
    "AUTHORIZED",
    "CONFIRMED",
    "PREPARING",
    "READY",
    "DISPATCHED",
    "DELIVERED",
    "CAPTURING",
    "COMPLETED",
];

pub(crate) async fn an_order_travels_from_a_cart_to_the_door(world: &World) {
    let anna = world.customer().await;
    let (beans, oat, milk) =
        (world.stock("beans").await, world.stock("oat").await, world.stock("milk").await);
    let cart = fills_a_cart(world, &anna).await;
    let mut order = delivery(&[]);
    order["cart_id"] = json!(cart);
    order["tip_minor"] = json!(100);
    let courier = Courier::begins(world).await;

    let id = anna.has_ordered(world, &order).await;
    let stream = Follower::begin(&anna.caller, &id).await;
    // Two espressos at 3.50, a latte at 5.25 with oat milk at 0.70; 2.90 for the way and the tip.
    let totals = &anna.order(&id).await["totals"];
    assert_eq!((number(totals, "subtotal_minor"), number(totals, "total_minor")), (1_295, 1_685));
    assert_eq!(world.stock("beans").await, (beans.0, beans.1 + 36));
    assert_eq!(world.stock("oat").await, (oat.0, oat.1 + 220));
    becomes_active(&anna, &id).await;

    let delivery = text(&courier.is_given(&id).await, "delivery_id");
    let mut device = courier.device(world).await;
    device.is_at(AT_THE_CAFE).await;
    assert_eq!(device.tells(&delivery, "arrive_pickup", AT_THE_CAFE).await, None);
    let early = device.tells(&delivery, "pickup", AT_THE_CAFE).await;
    assert_eq!(early.as_deref(), Some("not-ready"));
    kitchen::makes(world, &id, &["PREPARING", "READY"]).await;
    eventually("goods in the courier's hands", async || {
        device.tells(&delivery, "pickup", AT_THE_CAFE).await.is_none().then_some(())
    })
    .await;
    anna.sees(&id, "DISPATCHED").await;
    eventually("the courier on the way", async || {
        device.is_at(ON_THE_WAY).await;
        stream.told().positions.contains(&ON_THE_WAY).then_some(())
    })
    .await;
    assert_eq!(device.tells(&delivery, "arrive_dropoff", DOOR).await, None);
    assert_eq!(device.tells(&delivery, "deliver", DOOR).await, None);
    anna.sees(&id, "COMPLETED").await;

    let followed = stream.end().await;
    assert_eq!(followed.states, WAY);
    assert!(
        followed.numbers.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "{:?}",
        followed.numbers
    );
    is_paid(world, &anna, &id, 1_685).await;
    world.stock_becomes("beans", (beans.0 - 36, beans.1)).await;
    world.stock_becomes("oat", (oat.0 - 220, oat.1)).await;
    assert_eq!(world.stock("milk").await, milk);
    is_history(&anna, &id).await;
    let told = ["confirmed", "preparing", "ready", "dispatched", "delivered"];
    is_told(world, &anna, &id, &told, 3).await;
}

pub(crate) async fn what_is_collected_is_handed_over_at_the_counter(world: &World) {
    let anna = world.customer().await;
    let beans = world.stock("beans").await;
    let order = an_espresso("pm_approved");

    let id = anna.has_ordered(world, &order).await;
    kitchen::makes(world, &id, &["PREPARING", "READY"]).await;
    let version = number(&anna.order(&id).await, "version");
    let path = format!("/v1/orders/{id}/complete");
    world.cook().await.put(&path, version, json!({})).await.is(200);
    anna.sees(&id, "COMPLETED").await;

    is_paid(world, &anna, &id, 350).await;
    world.stock_becomes("beans", (beans.0 - 9, beans.1)).await;
    is_history(&anna, &id).await;
    is_told(world, &anna, &id, &["confirmed", "preparing", "ready", "delivered"], 3).await;
}

pub(crate) async fn a_courier_may_report_by_rest_as_well(world: &World) {
    let anna = world.customer().await;
    let courier = Courier::begins(world).await;
    let id = anna.has_ordered(world, &delivery(&[line("cortado", 1)])).await;
    let delivery = text(&courier.is_given(&id).await, "delivery_id");
    kitchen::makes(world, &id, &["PREPARING", "READY"]).await;
    eventually("news of the kitchen", async || {
        let path = format!("/v1/deliveries/{delivery}");
        courier.caller.get(path).await.is(200)["ready"].as_bool().filter(|ready| *ready)
    })
    .await;

    for (kind, place, state) in [
        ("arrive_pickup", AT_THE_CAFE, "AT_PICKUP"),
        ("pickup", AT_THE_CAFE, "PICKED_UP"),
        ("arrive_dropoff", DOOR, "AT_DROPOFF"),
        ("deliver", DOOR, "DELIVERED"),
    ] {
        assert_eq!(courier.reports(&delivery, kind, place).await["state"], state);
    }

    let done = anna.sees(&id, "COMPLETED").await;
    is_paid(world, &anna, &id, number(&done["totals"], "total_minor")).await;
}

pub(crate) async fn the_same_order_sent_many_times_at_once_is_one_order(world: &World) {
    let anna = world.customer().await;
    let order = an_espresso("pm_approved");
    let key = world.key();

    let twins = futures::future::join_all((0..8).map(|_| anna.orders(&key, &order))).await;

    let ids: Vec<String> = twins
        .iter()
        .map(|answer| {
            assert!([201, 202].contains(&answer.status), "{}", answer.status);
            text(&answer.json().unwrap(), "order_id")
        })
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    anna.sees(&ids[0], "CONFIRMED").await;
    let (one, other) = (anna.orders(&key, &order).await, anna.orders(&key, &order).await);
    assert_eq!((one.status, &one.body), (201, &other.body));
    assert_eq!(one.headers["idempotent-replayed"], "true");
    let all = anna.caller.get("/v1/orders").await.is(200);
    assert_eq!(all["orders"].as_array().map(Vec::len), Some(1));
    assert_eq!(world.charges(&ids[0]).await, ["authorize ok"]);
}

pub(crate) async fn the_old_paths_of_the_cafe_still_work(world: &World) {
    let anna = world.customer().await;
    let menu = anna.caller.get("/menu").await;
    assert!(menu.headers.contains_key("deprecation"));
    assert_eq!(menu.headers["link"], "</v1/menu>; rel=\"successor-version\"");
    let menu = menu.is(200);
    let espresso = menu.as_array().unwrap().iter().find(|item| item["name"] == "Espresso").unwrap();
    assert_eq!(espresso["price"], json!(3.5));
    let item = text(espresso, "item_id");
    assert_eq!(anna.caller.get(format!("/menu/{item}")).await.is(200)["item_id"], item.as_str());

    let order = |customer: &str, price: f64| {
        let items = json!([{"name": "Espresso", "price": price, "quantity": 2}]);
        json!({"customer_id": customer, "items": items, "total": price * 2.0})
    };
    let place = async |body: Value| anna.caller.post_once("/orders", &world.key(), body).await;
    place(order(&anna.id, 1.0)).await.is_problem(409, "price-changed");
    let ben = world.customer().await;
    place(order(&ben.id, 3.5)).await.is_problem(404, "no-such-customer");
    let placed = place(order(&anna.id, 3.5)).await;
    assert!(placed.headers.contains_key("deprecation"));
    let id = text(&placed.is(201), "order_id");

    let cook = world.cook().await;
    let set = async |path: &str, body: Value| {
        let call = cloudeats::api::Call::put(format!("/orders/{id}/{path}"), &body).unwrap();
        cook.send(call).await.is(200)
    };
    assert_eq!(anna.caller.get(format!("/orders/{id}")).await.is(200)["state"], "CONFIRMED");
    becomes_active(&anna, &id).await;
    let active = anna.caller.get("/orders/active").await.is(200);
    assert_eq!(active["orders"][0]["order_id"], id.as_str());
    assert_eq!(set("status", json!({"status": "Preparing"})).await["state"], "PREPARING");
    assert_eq!(set("status", json!({"status": "Ready"})).await["state"], "READY");
    set("complete", json!({})).await;
    anna.sees(&id, "COMPLETED").await;
    assert_eq!(anna.caller.get(format!("/users/{}", anna.id)).await.is(200)["email"], anna.email);
    let stock = format!("/inventory/{}", cafe().item_id("beans"));
    number(&anna.caller.get(stock).await.is(200), "saleable");
}

async fn fills_a_cart(world: &World, anna: &Customer) -> String {
    let cafe = cafe();
    let menu = anna.caller.get(format!("/v1/menu?store_id={}", cafe.id())).await.is(200);
    let coffee = menu["categories"].as_array().unwrap().iter().find(|it| it["name"] == "Coffee");
    let coffee = coffee.unwrap()["items"].as_array().unwrap();
    let latte = coffee.iter().find(|item| item["name"] == "Caffè latte").unwrap();

    let body = json!({"store_id": cafe.id(), "lines": [line("espresso", 2)]});
    let cart = anna.caller.post_once("/v1/carts", &world.key(), body).await.is(201);
    let path = format!("/v1/carts/{}/lines/1", text(&cart, "cart_id"));
    let line = json!({"item_id": latte["item_id"], "quantity": 1, "options": ["oat-milk"]});
    let cart = anna.caller.put(&path, number(&cart, "version"), line).await.is(200);
    assert_eq!(cart["lines"].as_array().map(Vec::len), Some(2));
    text(&cart, "cart_id")
}

/// The list of active orders follows the record a moment later.
async fn becomes_active(anna: &Customer, order: &str) {
    let what = format!("{order} among the active orders");
    eventually(&what, async || is_active(anna, order).await.then_some(())).await;
}

async fn is_active(anna: &Customer, order: &str) -> bool {
    let active = anna.caller.get("/v1/orders/active?customer=me").await.is(200);
    active["orders"].as_array().unwrap().iter().any(|it| it["order_id"] == order)
}

/// Authorized once, captured once, in full.
async fn is_paid(world: &World, anna: &Customer, order: &str, total_minor: i64) {
    let payment = eventually("money that was taken", async || {
        Some(anna.payment(order).await).filter(|payment| payment["status"] == "captured")
    })
    .await;
    assert_eq!(number(&payment, "captured_minor"), total_minor);
    assert_eq!(world.charges(order).await, ["authorize ok", "capture ok"]);
}

/// Has left the list of active orders, and stands in the history.
async fn is_history(anna: &Customer, order: &str) {
    eventually("an order that is over", async || (!is_active(anna, order).await).then_some(()))
        .await;
    let history = anna.caller.get("/v1/orders?limit=1").await.is(200);
    assert_eq!(
        (&history["orders"][0]["order_id"], &history["orders"][0]["status"]),
        (&json!(order), &json!("completed"))
    );
}

/// Everything that matters came to the inbox once and in order, and so many letters.
async fn is_told(world: &World, anna: &Customer, order: &str, kinds: &[&str], letters: usize) {
    let wanted: Vec<String> = kinds.iter().map(|kind| format!("order_{kind}")).collect();
    eventually(&format!("{wanted:?} in the inbox"), async || {
        (anna.inbox(order).await == wanted).then_some(())
    })
    .await;
    eventually(&format!("{letters} letters"), async || {
        (world.letters(&anna.email).await.len() == letters).then_some(())
    })
    .await;
}
