//! What every request passes.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::Method,
    response::sse::{Event, Sse},
    routing::{get, post},
};
use futures::{StreamExt, stream};
use http_body_util::BodyExt;
use service_kit::{Limits, context};
use test_kit::TestService;
use tokio::sync::Notify;

#[tokio::test]
async fn a_request_nobody_waits_for_is_still_finished() {
    let (told, finished) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = async |State((told, finished)): State<(Arc<Notify>, Arc<Notify>)>| {
        told.notified().await;
        finished.notify_one();
    };
    let state = (Arc::clone(&told), Arc::clone(&finished));
    let service =
        TestService::new("orders", Router::new().route("/slow", post(slow)).with_state(state));

    let answer = service.as_nobody().post("/slow", ()).header("x-ce-deadline", "700").send().await;

    answer.is_problem(503, "deadline-passed");
    assert_eq!(answer.header("x-ce-outcome"), Some("unknown"));
    told.notify_one();
    finished.notified().await;
}

#[tokio::test]
async fn work_past_its_deadline_is_not_started() {
    let routes = Router::new().route("/work", post(async || -> &str { panic!("it was started") }));
    let service = TestService::new("orders", routes);
    let answer = service.as_nobody().post("/work", ()).header("x-ce-deadline", "0").send().await;
    answer.is_problem(503, "not-started");
    assert_eq!(answer.header("x-ce-outcome"), Some("none"));
}

#[tokio::test]
async fn nobody_may_ask_for_more_time_than_we_give() {
    let left = async || context::time_left().unwrap().as_millis().to_string();
    let service = TestService::new("orders", Router::new().route("/left", get(left)));
    for (header, most) in [("99999999", 60_000), ("4000", 4_000), ("never", 60_000)] {
        let answer = service.as_nobody().get("/left").header("x-ce-deadline", header).send().await;
        let left: u32 = answer.text().parse().unwrap();
        assert!(left <= most, "{left}");
    }
}

#[tokio::test]
async fn a_panic_becomes_a_problem_that_does_not_say_why() {
    let routes = Router::new().route("/boom", get(async || -> &str { panic!("card 4111") }));
    let answer = TestService::new("orders", routes).as_nobody().get("/boom").send().await;
    answer.is_problem(500, "panic");
    assert!(!answer.text().contains("4111"));
}

#[tokio::test]
async fn what_is_not_there_is_a_problem() {
    let routes = Router::new().route("/v1/orders", get(async || "orders"));
    let nobody = TestService::new("orders", routes).as_nobody();
    nobody.get("/v2/orders").send().await.is_problem(404, "no-such-page");
    let answer = nobody.request(Method::DELETE, "/v1/orders").send().await;
    answer.is_problem(405, "method-not-allowed");
    assert_eq!(answer.header("allow"), Some("GET,HEAD"));
    nobody
        .request(Method::from_bytes(b"BREW").unwrap(), "/v1/orders")
        .send()
        .await
        .is_problem(405, "method-not-allowed");
}

#[tokio::test]
async fn a_router_with_a_fallback_of_its_own_keeps_it() {
    let routes = Router::new().fallback(async || "passed on");
    let answer = TestService::new("gateway", routes).as_nobody().get("/any").send().await;
    assert_eq!(answer.is(200).text(), "passed on");
}

#[tokio::test]
async fn too_much_at_once_is_turned_away_and_services_keep_their_share() {
    let (began, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let work = async |State((began, go_on)): State<(Arc<Notify>, Arc<Notify>)>| {
        began.notify_one();
        go_on.notified().await;
        "done"
    };
    let state = (Arc::clone(&began), Arc::clone(&go_on));
    let routes = Router::new()
        .route("/work", get(work))
        .with_state(state)
        .route("/quick", get(async || "quick"));
    let limits = Limits { requests_max: 2, ..Limits::default() };
    let service = TestService::with_limits("inventory", routes, limits);
    let first = tokio::task::spawn(service.as_nobody().get("/work").send());
    began.notified().await;

    let turned_away = service.as_nobody().get("/quick").send().await;
    turned_away.is_problem(503, "overloaded");
    assert_eq!(turned_away.header("x-ce-outcome"), Some("none"));
    assert!(turned_away.header("retry-after").is_some());
    service.as_service("orders").get("/quick").send().await.is(200);

    go_on.notify_one();
    first.await.unwrap().is(200);
    service.as_nobody().get("/quick").send().await.is(200);
}

#[tokio::test]
async fn a_request_keeps_its_id_and_its_trace() {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let seen = async || {
        let context = context::current().unwrap();
        format!("{} {}", context.request_id(), context.trace().trace_id())
    };
    let service = TestService::new("orders", Router::new().route("/v1/x/{id}", get(seen)));
    let answer = service
        .as_nobody()
        .get("/v1/x/1")
        .header("x-request-id", "cart-7.retry_2")
        .header("traceparent", &format!("00-{trace}-00f067aa0ba902b7-01"))
        .send()
        .await;
    assert_eq!(answer.text(), format!("cart-7.retry_2 {trace}"));
    assert_eq!(answer.header("x-request-id"), Some("cart-7.retry_2"));
}

#[tokio::test]
async fn an_id_that_could_lie_in_a_log_is_replaced() {
    let service = TestService::new("orders", Router::new().route("/", get(async || "")));
    for id in ["short", "with space in it", "quote\"quote\"", &"a".repeat(65)] {
        let answer = service.as_nobody().get("/").header("x-request-id", id).send().await;
        let drawn = answer.header("x-request-id").unwrap();
        assert!(drawn != id && drawn.len() == 32, "{drawn}");
    }
}

#[tokio::test]
async fn a_handler_knows_its_route() {
    let route = async || context::current().unwrap().route().to_owned();
    let service = TestService::new("orders", Router::new().route("/v1/orders/{id}", get(route)));
    let answer = service.as_nobody().get("/v1/orders/77").send().await;
    assert_eq!(answer.text(), "/v1/orders/{id}");
}

#[tokio::test]
async fn a_stream_outlives_the_deadline_and_ends_with_the_drain() {
    let events = async || {
        let first = stream::once(async { Ok::<_, axum::Error>(Event::default().data("first")) });
        let rest = stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_millis(600)).await;
            Some((Ok(Event::default().data("later")), ()))
        });
        Sse::new(first.chain(rest))
    };
    let service = TestService::new("orders", Router::new().route("/track", get(events)));
    let request = service.as_nobody().get("/track").header("x-ce-deadline", "1000");
    let mut body = request.open().await.into_body();
    for expected in ["first", "later", "later"] {
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(String::from_utf8_lossy(&frame).contains(expected));
    }

    service.drain();

    while let Some(frame) = body.frame().await {
        frame.unwrap();
    }
}
