//! One snapshot for each class of problem.

use std::io;

use axum::{Router, routing::get};
use common::types::{Class, Fault};
use serde_json::{Value, json};
use service_kit::Problem;
use test_kit::{TestAnswer, TestService};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

#[derive(Debug, thiserror::Error)]
#[error("relation \"orders\" does not exist")]
struct Failure(Class, #[source] io::Error);

impl Fault for Failure {
    fn class(&self) -> Class {
        self.0
    }

    fn code(&self) -> &'static str {
        "a-failure"
    }
}

async fn failed(class: Class) -> TestAnswer {
    let handler = async move || -> Result<(), Problem> {
        Err(Failure(class, io::Error::other("SELECT secret FROM cards")))?
    };
    let routes = Router::new().route("/v1/things", get(handler));
    let request = TestService::new("orders", routes).as_nobody().get("/v1/things?a=b");
    request.header("traceparent", TRACE).header("x-request-id", "request-1").send().await
}

fn words(status: u16, detail: Option<&str>) -> Value {
    let mut words = json!({
        "type": "https://cloudeats.example/problems/a-failure",
        "title": "a failure",
        "status": status,
        "code": "a-failure",
        "detail": detail,
        "instance": "/v1/things",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "request_id": "request-1",
    });
    if detail.is_none() {
        words.as_object_mut().unwrap().remove("detail");
    }
    words
}

#[tokio::test]
async fn the_callers_affairs_are_explained() {
    for (class, status) in [
        (Class::Malformed, 400),
        (Class::Invalid, 422),
        (Class::Unauthenticated, 401),
        (Class::Forbidden, 403),
        (Class::Declined, 402),
        (Class::Missing, 404),
        (Class::Conflict, 409),
        (Class::Throttled, 429),
    ] {
        let answer = failed(class).await;
        answer.is_problem(status, "a-failure");
        assert_eq!(answer.json, words(status, Some("relation \"orders\" does not exist")));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-ce-outcome"), None);
    }
}

#[tokio::test]
async fn our_own_affairs_stay_ours() {
    for (class, status, outcome) in [
        (Class::Unavailable, 503, Some("none")),
        (Class::Unknown, 503, Some("unknown")),
        (Class::Broken, 500, None),
    ] {
        let answer = failed(class).await;
        answer.is_problem(status, "a-failure");
        assert_eq!(answer.json, words(status, None));
        assert_eq!(answer.header("x-ce-outcome"), outcome);
    }
}

#[tokio::test]
async fn a_cause_never_leaves() {
    for class in [Class::Malformed, Class::Conflict, Class::Unavailable, Class::Broken] {
        let answer = failed(class).await;
        assert!(!answer.text().contains("SELECT"), "{}", answer.text());
    }
}

#[tokio::test]
async fn whoever_is_turned_away_is_told_when_to_return() {
    for class in [Class::Unavailable, Class::Unknown] {
        let answer = failed(class).await;
        let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=3).contains(&seconds), "{seconds}");
    }
    assert_eq!(failed(Class::Conflict).await.header("retry-after"), None);
}

#[test]
fn every_code_of_the_kit_has_a_page() {
    let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/problems");
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let mut missing = Vec::new();
    for code in codes_in(std::path::Path::new(sources)) {
        if !std::path::Path::new(pages).join(format!("{code}.md")).is_file() {
            missing.push(code);
        }
    }
    assert!(missing.is_empty(), "no page for {missing:?}");
}

/// The second argument of every `Problem::new(Class::…, "…")`, and of every `fn code`.
fn codes_in(folder: &std::path::Path) -> Vec<String> {
    let mut codes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            codes.extend(codes_in(&path));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for (at, _) in text.match_indices("::new(Class::") {
            codes.extend(text[at..].split('"').nth(1).map(str::to_owned));
        }
        for (at, _) in text.match_indices("fn code(&self) -> &'static str {") {
            let body = text[at..].split("\n    }").next().unwrap();
            codes.extend(body.split('"').skip(1).step_by(2).map(str::to_owned));
        }
    }
    codes
}
