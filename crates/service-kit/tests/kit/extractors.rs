//! What handlers take, and what is refused on the way.

use axum::{
    Router,
    routing::{get, post},
};
use common::types::{CustomerId, ItemId, Quantity, StoreId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service_kit::{
    Caller, Customers, IfMatch, Key, Keyed, Page, Path, Problem, Query, Services, Staff, ValidJson,
};
use test_kit::{TestAnswer, TestCaller, TestService};
use uuid::Uuid;

const KEY: &str = "order-key-0123456789";

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceOrder {
    store_id: StoreId,
    lines: Vec<Line>,
    note: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    item_id: ItemId,
    quantity: Quantity,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Filter {
    open: bool,
}

fn service() -> TestService {
    let fingerprint = async |Keyed(key, _): Keyed<PlaceOrder>| print(&key);
    let routes = Router::new()
        .route("/v1/orders", post(fingerprint))
        .route("/v1/orders/{id}", post(fingerprint))
        .route("/v1/orders/{id}/acceptance", post(async |key: Key| print(&key)))
        .route("/v1/valid", post(async |ValidJson(_): ValidJson<PlaceOrder>| "valid"))
        .route("/v1/items/{id}", get(async |Path(id): Path<ItemId>| id.to_string()))
        .route("/v1/filter", get(async |Query(filter): Query<Filter>| filter.open.to_string()))
        .route("/v1/version", post(async |IfMatch(version): IfMatch| version.to_string()))
        .route("/v1/page", get(page))
        .route("/v1/other-page", get(page))
        .route(
            "/v1/whoami",
            get(async |caller: Caller| {
                format!("{} {:?}", caller.service(), caller.principal().roles)
            }),
        )
        .route("/v1/customers", get(async |_: Caller<Customers>| "customer"))
        .route("/v1/staff", get(async |_: Caller<Staff>| "staff"))
        .route("/v1/services", get(async |_: Caller<Services>| "service"));
    TestService::new("orders", routes)
}

async fn page(page: Page) -> Result<String, Problem> {
    let after: Option<(i64, Uuid)> = page.after()?;
    let next = page.cursor_for(&(7, Uuid::nil()))?;
    Ok(format!("{} {after:?} {next}", page.limit))
}

fn print(key: &Key) -> String {
    format!("{} {:?} {:?}", key.text, key.fingerprint, key.body_sha)
}

fn nobody() -> TestCaller {
    service().as_nobody()
}

fn an_order() -> Value {
    json!({ "store_id": Uuid::from_u128(1), "lines": [{ "item_id": Uuid::from_u128(2), "quantity": 2 }] })
}

async fn sent(text: &str) -> TestAnswer {
    nobody()
        .request(axum::http::Method::POST, "/v1/valid")
        .body("application/json", text.to_owned())
        .send()
        .await
}

#[tokio::test]
async fn what_is_not_json_is_malformed() {
    for text in [
        "",
        "{",
        "nope",
        "{\"note\":\"a\",}",
        "\u{feff}{}",
        "{\"note\": NaN}",
        "[1,]",
        "[] []",
        "{\"unknown\": 1",
        "{\"note\":\"\\ud800\"}",
    ] {
        sent(text).await.is_problem(400, "malformed-json");
    }
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let answer = sent(&deep).await;
    assert!(matches!(answer.status, 400 | 422), "{}", answer.text());
}

#[tokio::test]
async fn what_is_json_but_wrong_is_pointed_at() {
    let mut order = an_order();
    order["lines"][0]["quantity"] = json!(0);
    nobody()
        .post("/v1/valid", &order)
        .send()
        .await
        .is_problem(422, "invalid-body")
        .points_at("/lines/0/quantity");

    for quantity in
        [json!(-1), json!(1_000_000_000), json!(1.5), json!("1"), json!(4_294_967_296_i64)]
    {
        order["lines"][0]["quantity"] = quantity;
        let answer = nobody().post("/v1/valid", &order).send().await;
        answer.is_problem(422, "invalid-body").points_at("/lines/0/quantity");
    }
}

#[tokio::test]
async fn a_missing_field_is_named() {
    let mut order = an_order();
    order["lines"][0].as_object_mut().unwrap().remove("item_id");
    let answer = nobody().post("/v1/valid", &order).send().await;
    answer.is_problem(422, "invalid-body").points_at("/lines/0/item_id");
    sent("{}").await.is_problem(422, "invalid-body").points_at("/store_id");
}

#[tokio::test]
async fn an_unknown_field_is_named() {
    let mut order = an_order();
    order["total_minor"] = json!(1);
    let answer = nobody().post("/v1/valid", &order).send().await;
    answer.is_problem(422, "unknown-field").points_at("/total_minor");
    let mut order = an_order();
    order["lines"][0]["price/minor"] = json!(1);
    let answer = nobody().post("/v1/valid", &order).send().await;
    answer.is_problem(422, "unknown-field").points_at("/lines/0/price~1minor");
}

#[tokio::test]
async fn a_field_that_comes_twice_is_refused_however_deep_it_lies() {
    let answer = sent("{\"note\":null,\"note\":null}").await;
    answer.is_problem(422, "invalid-body").points_at("/note");
    let answer = sent("{\"lines\":[{\"item_id\":1,\"item_id\":2}]}").await;
    answer.is_problem(422, "invalid-body").points_at("/lines/0/item_id");
    let answer = sent("{\"total\":1,\"total\":2}").await;
    answer.is_problem(422, "invalid-body").points_at("/total");
}

#[tokio::test]
async fn an_array_is_not_read_as_the_struct_whose_fields_it_could_hold() {
    sent("[]").await.is_problem(422, "invalid-body");
    let mut order = an_order();
    let values: Vec<Value> = order["lines"][0].as_object().unwrap().values().cloned().collect();
    order["lines"][0] = Value::Array(values);
    let answer = nobody().post("/v1/valid", &order).send().await;
    answer.is_problem(422, "invalid-body").points_at("/lines/0");
}

#[tokio::test]
async fn the_parsers_own_words_stay_here() {
    let mut order = an_order();
    order["lines"][0]["quantity"] = json!("secret-value");
    let answer = nobody().post("/v1/valid", &order).send().await;
    let text = answer.text();
    assert!(!text.contains("secret-value") && !text.contains("expected"), "{text}");
}

#[tokio::test]
async fn only_json_is_read() {
    for kind in ["text/plain", "application/xml", "application/x-www-form-urlencoded", ""] {
        let request = nobody().request(axum::http::Method::POST, "/v1/valid");
        let answer = request.body(kind, an_order().to_string()).send().await;
        answer.is_problem(415, "unsupported-media-type");
    }
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/vnd.a+json"] {
        let request = nobody().request(axum::http::Method::POST, "/v1/valid");
        request.body(kind, an_order().to_string()).send().await.is(200);
    }
}

#[tokio::test]
async fn a_post_that_counts_needs_a_key() {
    let answer = nobody().post("/v1/orders", an_order()).send().await;
    answer.is_problem(400, "no-idempotency-key");
    for key in [
        "",
        "short",
        "fifteen-chars-x",
        "sixteen chars xx",
        "\"half-quoted-key-123",
        &"k".repeat(65),
    ] {
        let answer = nobody().post("/v1/orders", an_order()).key(key).send().await;
        answer.is_problem(400, "malformed-idempotency-key");
    }
    let two = nobody().post("/v1/orders", an_order()).key(KEY).key(KEY).send().await;
    two.is_problem(400, "malformed-idempotency-key");
}

#[tokio::test]
async fn the_quoted_key_and_the_bare_key_are_one() {
    let bare = nobody().post("/v1/orders", an_order()).key(KEY).send().await;
    let quoted = nobody().post("/v1/orders", an_order()).key(&format!("\"{KEY}\"")).send().await;
    assert_eq!(bare.is(200).text(), quoted.is(200).text());
}

#[tokio::test]
async fn a_fingerprint_is_of_what_was_asked_not_of_how_it_was_written() {
    let plain = nobody().post("/v1/orders", an_order()).key(KEY).send().await.text();
    let spaced = serde_json::to_string_pretty(&an_order()).unwrap();
    let request = nobody().request(axum::http::Method::POST, "/v1/orders").key(KEY);
    let spaced = request.body("application/json", spaced).send().await.text();
    let print = |text: &str| text.split(']').next().unwrap().to_owned();
    assert_eq!(print(&plain), print(&spaced));
    assert_ne!(plain, spaced, "the bytes differ");

    let mut other = an_order();
    other["lines"][0]["quantity"] = json!(3);
    let other = nobody().post("/v1/orders", other).key(KEY).send().await.text();
    assert_ne!(print(&plain), print(&other));
    let elsewhere = nobody().post("/v1/orders/1", an_order()).key(KEY).send().await.text();
    assert_ne!(print(&plain), print(&elsewhere));
}

#[tokio::test]
async fn a_key_may_come_without_a_body() {
    let caller = nobody();
    let request =
        |id| caller.request(axum::http::Method::POST, &format!("/v1/orders/{id}/acceptance"));
    request(1).send().await.is_problem(400, "no-idempotency-key");
    let (first, second) = (request(1).key(KEY).send().await, request(2).key(KEY).send().await);
    assert_ne!(first.is(200).text(), second.is(200).text());
}

#[tokio::test]
async fn an_id_that_is_none_names_nothing() {
    for id in ["nope", "..%2f..%2fetc", "%00", "1"] {
        nobody().get(&format!("/v1/items/{id}")).send().await.is_problem(404, "no-such-page");
    }
    nobody().get(&format!("/v1/items/{}", Uuid::from_u128(7))).send().await.is(200);
}

#[tokio::test]
async fn a_query_is_typed() {
    nobody().get("/v1/filter?open=true").send().await.is(200);
    for query in ["", "?open=maybe", "?open=true&limit=1"] {
        nobody().get(&format!("/v1/filter{query}")).send().await.is_problem(400, "invalid-query");
    }
}

#[tokio::test]
async fn a_change_names_the_version_it_changes() {
    let caller = nobody();
    let request = || caller.request(axum::http::Method::POST, "/v1/version");
    request().send().await.is_problem(428, "if-match-required");
    assert_eq!(request().if_match(7).send().await.is(200).text(), "7");
    for text in ["7", "W/\"7\"", "*", "\"7\", \"8\"", "\"\"", "\"+7\"", "\"x\""] {
        request().header("if-match", text).send().await.is_problem(400, "malformed-if-match");
    }
    request().if_match(7).if_match(8).send().await.is_problem(400, "malformed-if-match");
}

#[tokio::test]
async fn a_page_has_one_to_a_hundred_rows() {
    assert!(nobody().get("/v1/page").send().await.text().starts_with("20 None "));
    assert!(nobody().get("/v1/page?limit=100&x=y").send().await.text().starts_with("100 None "));
    for limit in ["0", "101", "-1", "1e9", "x", ""] {
        let answer = nobody().get(&format!("/v1/page?limit={limit}")).send().await;
        answer.is_problem(400, "invalid-query").points_at("?limit");
    }
}

#[tokio::test]
async fn a_cursor_leads_on_where_it_was_given_and_nowhere_else() {
    let nobody = nobody();
    let first = nobody.get("/v1/page").send().await.text();
    let cursor = first.rsplit(' ').next().unwrap().to_owned();

    let second = nobody.get(&format!("/v1/page?cursor={cursor}")).send().await;
    assert!(second.is(200).text().starts_with("20 Some((7, "), "{}", second.text());

    let elsewhere = nobody.get(&format!("/v1/other-page?cursor={cursor}")).send().await;
    elsewhere.is_problem(400, "invalid-cursor");
    let mut changed = cursor.clone().into_bytes();
    let last = changed.len() - 5;
    changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    for cursor in [changed.as_str(), "", "AAAA", "%20", &"A".repeat(2_000)] {
        let answer = nobody.get(&format!("/v1/page?cursor={cursor}")).send().await;
        answer.is_problem(400, "invalid-cursor");
    }
    let of_another_process = self::nobody().get(&format!("/v1/page?cursor={cursor}")).send().await;
    of_another_process.is_problem(400, "invalid-cursor");
}

#[tokio::test]
async fn a_caller_is_who_the_token_says() {
    let service = service();
    service.as_nobody().get("/v1/whoami").send().await.is_problem(401, "no-token");
    let customer = service.as_customer(CustomerId::from_uuid(Uuid::from_u128(9)));
    assert_eq!(customer.get("/v1/whoami").send().await.text(), "gateway [Customer]");
    assert_eq!(
        service.as_service("payment").get("/v1/whoami").send().await.text(),
        "payment [Service]"
    );
    let forged = service.as_nobody().get("/v1/whoami").header("x-ce-token", "a.b.c");
    forged.send().await.is_problem(401, "bad-token");
}

#[tokio::test]
async fn a_role_opens_only_its_own_doors() {
    let service = service();
    let customer = service.as_customer(CustomerId::from_uuid(Uuid::from_u128(9)));
    let staff = service.as_staff(StoreId::from_uuid(Uuid::from_u128(3)));
    let other = service.as_service("payment");
    for (caller, opens) in [(&customer, "customers"), (&staff, "staff"), (&other, "services")] {
        for door in ["customers", "staff", "services"] {
            let answer = caller.get(&format!("/v1/{door}")).send().await;
            if door == opens {
                answer.is(200);
            } else {
                answer.is_problem(403, "role-not-allowed");
            }
        }
    }
}
