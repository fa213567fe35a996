//! What answers look like on the wire.

use axum::{Router, http::StatusCode, routing::get};
use common::types::Class;
use service_kit::{Accepted, Answer, Created, NoContent, Page, Problem, Stored};
use test_kit::{TestAnswer, TestService};

async fn asked(path: &str) -> TestAnswer {
    let routes = Router::new()
        .route("/ok", get(async || Answer::ok([1, 2]).etag(7)))
        .route("/cached", get(async || Answer::ok(1).cached("public, max-age=60")))
        .route("/created", get(async || Created::at("/v1/orders/1", "it").etag(1)))
        .route("/accepted", get(async || Accepted::at("/v1/orders/1", "it")))
        .route("/nothing", get(async || NoContent))
        .route("/list", get(async |page: Page| Answer::ok(1).next(&page, Some("abc"))))
        .route("/stored", get(stored))
        .route("/refused", get(refused));
    TestService::new("orders", routes).as_nobody().get(path).send().await
}

async fn stored() -> Result<Stored, Problem> {
    let location = Some("/v1/orders/1".to_owned());
    Ok(Stored { replayed: true, ..Stored::first(StatusCode::CREATED, &"it", location)? })
}

async fn refused() -> Stored {
    Stored::refusal(&Problem::new(Class::Declined, "card-declined").saying("the card was declined"))
}

#[tokio::test]
async fn an_answer_is_json_that_nobody_keeps_unless_it_says_so() {
    let answer = asked("/ok").await;
    answer.is(200);
    assert_eq!(answer.text(), "[1,2]");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("etag"), Some("\"7\""));
    assert_eq!(asked("/cached").await.header("cache-control"), Some("public, max-age=60"));
}

#[tokio::test]
async fn what_is_new_says_where_it_is() {
    let created = asked("/created").await;
    created.is(201);
    assert_eq!(created.header("location"), Some("/v1/orders/1"));
    assert_eq!(created.header("etag"), Some("\"1\""));
    let accepted = asked("/accepted").await;
    accepted.is(202);
    assert_eq!(accepted.header("location"), Some("/v1/orders/1"));
    assert_eq!(asked("/nothing").await.is(204).text(), "");
}

#[tokio::test]
async fn a_list_links_to_its_next_page() {
    let answer = asked("/list?limit=5&status=open").await;
    let link = answer.header("link").unwrap();
    assert!(link.ends_with("; rel=\"next\""), "{link}");
    assert!(link.contains("limit=5") && link.contains("cursor=abc"), "{link}");
    assert!(link.contains("status=open"), "the filter is lost: {link}");
}

#[tokio::test]
async fn a_stored_answer_is_given_again_byte_for_byte() {
    let answer = asked("/stored").await;
    answer.is(201);
    assert_eq!(answer.text(), "\"it\"");
    assert_eq!(answer.header("location"), Some("/v1/orders/1"));
    assert_eq!(answer.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn a_stored_refusal_is_a_problem_without_the_first_requests_ids() {
    let answer = asked("/refused").await;
    answer.is_problem(402, "card-declined");
    assert_eq!(answer.json.get("request_id"), None);
    assert_eq!(answer.header("idempotent-replayed"), None);
}
