//! What the gateway puts together from several services.

use axum::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::bench::{Bench, Setup};

fn parts(missing: &Value) -> Vec<(&str, &str)> {
    let missing = missing.as_array().unwrap().iter();
    missing.map(|it| (it["part"].as_str().unwrap(), it["code"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn the_first_page_has_menu_and_orders_and_names_what_is_missing() {
    let bench = Bench::new().await;

    let answer = bench.anna_gets("/v1/home?store_id=cafe").send().await;

    answer.is(200);
    assert_eq!(answer.json["menu"]["menu_version"], 4);
    assert_eq!(answer.json["active_orders"], json!([]));
    assert_eq!(parts(&answer.json["missing"]), [("points", "no-such-page")]);
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
}

#[tokio::test]
async fn a_part_that_is_missing_is_not_fatal() {
    let bench = Bench::with(Setup { orders_is_away: true, ..Setup::default() }).await;

    let answer = bench.anna_gets("/v1/home?store_id=gone").send().await;

    answer.is(200);
    assert_eq!((&answer.json["menu"], &answer.json["active_orders"]), (&Value::Null, &Value::Null));
    let expected = [
        ("menu", "no-such-store"),
        ("active_orders", "neighbour-unavailable"),
        ("points", "no-such-page"),
    ];
    assert_eq!(parts(&answer.json["missing"]), expected);
}

#[tokio::test]
async fn who_has_not_signed_in_has_no_orders_and_sees_the_menu() {
    let bench = Bench::with(Setup { orders_is_away: true, ..Setup::default() }).await;
    let answer = bench.get("/v1/home?store_id=cafe").send().await;
    answer.is(200);
    assert_eq!(answer.json["menu"]["menu_version"], 4);
    assert_eq!(answer.json["active_orders"], json!([]));
}

#[tokio::test]
async fn a_store_is_named_by_id_or_slug_and_nothing_else() {
    let bench = Bench::new().await;
    for name in ["", "a%26b=c", "..%2Finternal", "x%20y"] {
        let answer = bench.get(&format!("/v1/home?store_id={name}")).send().await;
        answer.is_problem(400, "invalid-query");
    }
}

fn xray(order: u128) -> String {
    format!("/v1/ops/orders/{}/xray", Uuid::from_u128(order))
}

#[tokio::test]
async fn all_lanes_of_an_order_stand_side_by_side() {
    let bench = Bench::new().await;

    let answer = bench.operator_asks(Method::GET, &xray(7)).send().await;

    let lanes = answer.is(200).json["lanes"].as_array().unwrap();
    let names: Vec<&str> = lanes.iter().map(|lane| lane["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["stock", "saga", "kitchen", "money", "courier", "messages"]);
    assert!(lanes.iter().all(|lane| lane["silent"].is_null()));
    assert_eq!(lanes[3]["entries"][0]["what"], "payment did");
    assert_eq!(lanes[3]["service"], "payment");
}

#[tokio::test]
async fn a_silent_service_is_an_empty_lane_that_says_so() {
    let bench = Bench::with(Setup { fleet_is_away: true, ..Setup::default() }).await;

    let answer = bench.operator_asks(Method::GET, &xray(7)).send().await;

    let lanes = answer.is(200).json["lanes"].as_array().unwrap();
    let courier = lanes.iter().find(|lane| lane["name"] == "courier").unwrap();
    assert_eq!(
        (&courier["entries"], &courier["silent"]),
        (&json!([]), &json!("neighbour-unavailable"))
    );
    assert_eq!(lanes.iter().filter(|lane| lane["silent"].is_null()).count(), 5);
}

#[tokio::test]
async fn an_order_that_nobody_knows_is_not_there() {
    let bench = Bench::new().await;
    let unknown = bench.operator_asks(Method::GET, &xray(8)).send().await;
    unknown.is_problem(404, "no-such-order");
}

#[tokio::test]
async fn what_is_for_operators_is_for_nobody_else() {
    let bench = Bench::new().await;
    let letter = format!("/v1/ops/dead-letters/orders:{}/redrive", Uuid::from_u128(1));
    for path in [xray(7), "/v1/ops/dead-letters".to_owned()] {
        bench.get(&path).send().await.is_problem(401, "no-token");
        bench.anna_gets(&path).send().await.is_problem(403, "role-not-allowed");
    }
    bench.post(&letter, json!({})).send().await.is_problem(401, "no-token");
    bench.anna_posts(&letter, json!({})).send().await.is_problem(403, "role-not-allowed");
}

#[tokio::test]
async fn dead_letters_of_all_services_are_one_list() {
    let bench = Bench::with(Setup { fleet_is_away: true, ..Setup::default() }).await;

    let first = bench.operator_asks(Method::GET, "/v1/ops/dead-letters?limit=3").send().await;

    let letters = first.is(200).json["letters"].as_array().unwrap();
    let at = |letter: &Value| letter["letter"]["at"].as_str().unwrap().to_owned();
    assert_eq!(letters.iter().map(at).collect::<Vec<_>>(), ["2026-11-21T12:00:02Z"; 3]);
    let id = letters[0]["id"].as_str().unwrap();
    assert_eq!(id, format!("{}:{}", letters[0]["service"].as_str().unwrap(), Uuid::from_u128(2)));
    assert_eq!(first.json["silent"], json!(["fleet"]));

    let cursor = first.json["next_cursor"].as_str().unwrap();
    let path = format!("/v1/ops/dead-letters?limit=3&cursor={cursor}");
    let second = bench.operator_asks(Method::GET, &path).send().await;
    assert_eq!(second.is(200).json["letters"], json!([]));
    assert!(second.json["next_cursor"].is_null());
}

#[tokio::test]
async fn a_letter_is_redriven_where_it_lies() {
    let bench = Bench::with(Setup { fleet_is_away: true, ..Setup::default() }).await;
    let redrive = |id: String| {
        let path = format!("/v1/ops/dead-letters/{id}/redrive");
        bench.operator_asks(Method::POST, &path).send()
    };

    redrive(format!("orders:{}", Uuid::from_u128(1))).await.is(204);
    for unknown in [
        format!("orders:{}", Uuid::from_u128(3)),
        format!("nobody:{}", Uuid::from_u128(1)),
        "orders:x".to_owned(),
        "orders".to_owned(),
    ] {
        redrive(unknown).await.is_problem(404, "no-such-letter");
    }
    let away = redrive(format!("fleet:{}", Uuid::from_u128(1))).await;
    away.is_problem(503, "upstream-unavailable");
}
