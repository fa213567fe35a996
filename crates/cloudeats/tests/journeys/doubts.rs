//! What people send who are mistaken, or mean no good.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use cloudeats::api::Call;
use cloudeats::ports::Door;

use crate::caller::{Caller, Expect, text};
use crate::wishes::{an_espresso, delivery, line, pickup};
use crate::world::World;

pub(crate) async fn a_bad_order_says_what_is_wrong_and_changes_nothing(world: &World) {
    let anna = world.customer().await;
    let with = |line: Value| pickup(&[line], "pm_approved");
    let espresso = |quantity: i64| line("espresso", quantity);
    let and = |mut body: Value, field: &str, value: Value| {
        body[field] = value;
        body
    };
    let stranger = json!("00000000-0000-7000-8000-000000000000");
    let table = [
        ("an unknown item", with(json!({"item_id": stranger, "quantity": 1})), 422, "unknown-item"),
        ("no quantity", with(espresso(0)), 422, "invalid-body"),
        ("less than none", with(espresso(-1)), 422, "invalid-body"),
        ("a thousand million", with(espresso(1_000_000_000)), 422, "invalid-body"),
        ("a hundred", with(espresso(100)), 422, "invalid-body"),
        ("a fraction", with(and(espresso(1), "quantity", json!(1.5))), 422, "invalid-body"),
        ("a price", with(and(espresso(1), "price_minor", json!(1))), 422, "unknown-field"),
        ("a total", and(with(espresso(1)), "total_minor", json!(1)), 422, "unknown-field"),
        ("an unknown field", and(with(espresso(1)), "coupon", json!("X")), 422, "unknown-field"),
        (
            "an unknown option",
            with(and(espresso(1), "options", json!(["gold"]))),
            422,
            "unknown-option",
        ),
        ("no lines", pickup(&[], "pm_approved"), 422, "line-count"),
        ("51 lines", pickup(&vec![espresso(1); 51], "pm_approved"), 422, "line-count"),
        ("no address", and(with(espresso(1)), "fulfilment", json!("delivery")), 422, "no-address"),
        ("an unknown store", and(with(espresso(1)), "store_id", stranger), 404, "no-such-store"),
        (
            "a door on the moon",
            and(
                delivery(&[espresso(1)]),
                "address",
                json!({"lat": 0.0, "lon": 0.0, "text": "sea"}),
            ),
            422,
            "outside-area",
        ),
    ];
    let before = world.footprint().await;

    for (what, body, status, code) in table {
        let answer = anna.orders(&world.key(), &body).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{what}");
        answer.is_problem(status, code);
    }
    let order = with(espresso(1));
    anna.caller.post("/v1/orders", order.clone()).await.is_problem(400, "no-idempotency-key");
    anna.orders("short", &order).await.is_problem(400, "malformed-idempotency-key");

    assert_eq!(world.footprint().await, before);
}

pub(crate) async fn a_key_used_for_another_order_is_refused(world: &World) {
    let anna = world.customer().await;
    let key = world.key();
    let first = anna.orders(&key, &an_espresso("pm_approved")).await;
    let id = text(&first.is(201), "order_id");
    let before = world.footprint().await;

    let other = anna.orders(&key, &pickup(&[line("espresso", 2)], "pm_approved")).await;

    other.is_problem(422, "key-reused");
    assert_eq!(world.footprint().await, before);
    assert_eq!(world.charges(&id).await, ["authorize ok"]);
    let ben = world.customer().await;
    let same_key = ben.orders(&key, &an_espresso("pm_approved")).await;
    assert_ne!(text(&same_key.is(201), "order_id"), id, "a key belongs to its customer");
}

pub(crate) async fn a_wrong_token_opens_no_door(world: &World) {
    let anna = world.customer().await;
    let order = an_espresso("pm_approved");
    let good = anna.caller.token.clone().unwrap();
    let (head, signature) = good.rsplit_once('.').unwrap();
    let turned: String = signature.chars().rev().collect();
    let tampered = format!("{head}.{turned}");
    let unsigned = format!("{head}.");
    let before = world.footprint().await;

    for wrong in ["x", "a.b.c", &tampered, &unsigned] {
        let thief = Caller { token: Some(wrong.to_owned()), ..anna.caller.clone() };
        let placed = thief.post_once("/v1/orders", &world.key(), order.clone()).await;
        placed.is_problem(401, "bad-token");
    }
    let nobody = world.nobody();
    let placed = nobody.post_once("/v1/orders", &world.key(), order.clone()).await;
    placed.is_problem(401, "no-token");
    // What services show one another is no way in.
    let call = Call::post("/v1/orders", &order).unwrap().key(world.key());
    nobody.send(call.header("x-ce-token", good)).await.is_problem(401, "no-token");
    let cook = world.cook().await;
    cook.post_once("/v1/orders", &world.key(), order).await.is_problem(403, "role-not-allowed");
    anna.caller.get("/v1/internal/payments").await.is_problem(404, "no-such-page");

    assert_eq!(world.footprint().await, before);
}

pub(crate) async fn another_customers_order_is_not_there(world: &World) {
    let (anna, ben) = (world.customer().await, world.customer().await);
    let id = anna.has_ordered(world, &an_espresso("pm_approved")).await;
    let version = anna.order(&id).await["version"].clone();

    let order = format!("/v1/orders/{id}");
    ben.caller.get(order.as_str()).await.is_problem(404, "no-such-order");
    ben.caller.get(format!("{order}/track")).await.is_problem(404, "no-such-order");
    ben.caller.get(format!("/orders/{id}")).await.is_problem(404, "no-such-order");
    let payment = ben.caller.get(format!("/v1/payments?order_id={id}")).await;
    payment.is_problem(404, "no-such-payment");
    let why = json!({"reason": "other"});
    let cancelled = ben.caller.post_once(&format!("{order}/cancellation"), &world.key(), why).await;
    cancelled.is_problem(404, "no-such-order");
    let done = ben.caller.put(&format!("{order}/complete"), 1, json!({})).await;
    done.is_problem(403, "role-not-allowed");

    assert_eq!(anna.order(&id).await["version"], version);
    assert_eq!(ben.caller.get("/v1/orders").await.is(200)["orders"], json!([]));
}

pub(crate) async fn a_body_that_is_too_big_or_broken_is_refused(world: &World) {
    let anna = world.customer().await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/v1/orders", world.stack.site().http_url(Door::Gateway));
    let post = async |body: Vec<u8>, kind: &'static str| {
        let request = http.post(url.as_str()).bearer_auth(anna.caller.token.as_ref().unwrap());
        let request = request.header("content-type", kind).header("idempotency-key", world.key());
        let answer = request.body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        let problem: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        (status, text(&problem, "code"))
    };
    let mut big = an_espresso("pm_approved");
    big["lines"][0]["note"] = json!("x".repeat(3_000_000));
    let before = world.footprint().await;

    for (body, kind, status, code) in [
        (serde_json::to_vec(&big).unwrap(), "application/json", 413, "body-too-large"),
        (b"{\"store_id\": ".to_vec(), "application/json", 400, "malformed-json"),
        (b"\xff\xfe".to_vec(), "application/json", 400, "malformed-json"),
        (b"{}".to_vec(), "text/plain", 415, "unsupported-media-type"),
    ] {
        assert_eq!(post(body, kind).await, (status, code.to_owned()));
    }

    assert_eq!(world.footprint().await, before);
}

pub(crate) async fn a_path_that_climbs_leads_nowhere(world: &World) {
    for path in [
        "/../etc/passwd",
        "/v1/orders/../internal/payments",
        "/v1/orders/%2e%2e/internal/payments",
        "/v1//orders",
        "/v1/internal/payments",
    ] {
        let words = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let (answer, _) = say(world, &words).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
        assert!(answer.contains("\"code\":\"no-such-page\""), "{path}: {answer}");
    }
}

pub(crate) async fn half_a_header_is_not_waited_for(world: &World) {
    for words in ["", "GET /v1/stores HTTP/1.1\r\nhost: x\r\nx-half: "] {
        let (_, took) = say(world, words).await;
        assert!(took < Duration::from_secs(6), "{words:?} was waited for: {took:?}");
    }
    world.nobody().get("/v1/stores").await.is(200);
}

/// Says these words to the gateway and listens until it closes the connection.
async fn say(world: &World, words: &str) -> (String, Duration) {
    let port = world.stack.site().ports.of(Door::Gateway);
    let mut connection = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let began = Instant::now();
    connection.write_all(words.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // However it is closed.
    let _read = connection.read_to_end(&mut answer).await;
    (String::from_utf8_lossy(&answer).into_owned(), began.elapsed())
}
