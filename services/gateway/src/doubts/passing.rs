//! What passes, and what does not.

use axum::http::Method;
use serde_json::json;

use crate::{
    EdgeConfig, RateConfig,
    bench::{ANNA, Bench, Setup, read_service_token},
};

#[tokio::test]
async fn a_request_reaches_its_service_with_who_asks_and_nothing_that_was_claimed() {
    let bench = Bench::new().await;

    let answer = bench
        .anna_posts("/v1/orders?x=1", json!({"a": 1}))
        .key("0123456789abcdef")
        .header("x-ce-token", "forged")
        .header("x-ce-hop", "1")
        .header("x-user-id", "admin")
        .header("x-forwarded-for", "6.6.6.6")
        .header("x-forwarded-host", "evil.example")
        .header("x-request-id", "bad id\tx")
        .header("connection", "x-secret")
        .header("cookie", "a=b")
        .header("te", "trailers")
        .send()
        .await;

    answer.is(201);
    assert_eq!(answer.header("etag"), Some("\"3\""));
    let seen = &answer.json;
    assert_eq!((&seen["method"], &seen["asked"]), (&json!("POST"), &json!("/v1/orders?x=1")));
    let names: Vec<&String> = seen["headers"].as_object().unwrap().keys().collect();
    let expected = [
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "traceparent",
        "x-ce-deadline",
        "x-ce-rank",
        "x-ce-token",
        "x-request-id",
    ];
    assert_eq!(names, expected);
    let claims = read_service_token(seen["headers"]["x-ce-token"].as_str().unwrap());
    assert_eq!(
        (claims.iss.as_str(), claims.aud.as_str(), claims.principal.id),
        ("gateway", "orders", ANNA)
    );
    assert_eq!(seen["headers"]["x-request-id"], answer.header("x-request-id").unwrap());
    let left_ms: u64 = seen["headers"]["x-ce-deadline"].as_str().unwrap().parse().unwrap();
    // More than whoever only looks is given, and less than the whole.
    assert!((1_981..=4_980).contains(&left_ms), "{left_ms}");
}

#[tokio::test]
async fn who_only_looks_is_a_guest_and_waits_two_seconds() {
    let bench = Bench::new().await;

    let answer = bench.get("/v1/stores/main/menu").send().await;

    let claims = read_service_token(answer.json["headers"]["x-ce-token"].as_str().unwrap());
    assert!(claims.principal.id.is_nil() && claims.principal.has(common::types::Role::Guest));
    let left_ms: u64 = answer.json["headers"]["x-ce-deadline"].as_str().unwrap().parse().unwrap();
    assert!(left_ms <= 1_980, "{left_ms}");
}

#[tokio::test]
async fn what_is_inside_stays_inside() {
    let bench = Bench::new().await;
    for path in [
        "/v1/internal/reservations",
        "/v1/orders/../internal/x",
        "/v1/orders/%2e%2e/internal/x",
        "/v1/orders/..%2finternal",
        "//v1/orders",
        "/v1/orders//7",
        "/metrics",
        "/livez",
        "/",
        "/v1/nothing",
    ] {
        bench.anna_gets(path).send().await.is_problem(404, "no-such-page");
    }
}

#[tokio::test]
async fn old_paths_work_and_say_what_succeeds_them() {
    let bench = Bench::new().await;

    let old = bench.anna_gets("/orders/active?limit=5").send().await;
    let new = bench.anna_gets("/v1/users/me").send().await;

    assert_eq!(old.json["asked"], "/orders/active?limit=5");
    assert_eq!(old.header("deprecation"), Some("@1795219200"));
    assert_eq!(old.header("link"), Some("</v1/orders/active>; rel=\"successor-version\""));
    assert_eq!(new.header("deprecation"), None);
}

#[tokio::test]
async fn methods_that_nobody_has_are_refused() {
    let bench = Bench::new().await;
    let nobody = |method| bench.ask(method, "/v1/menu").send();

    nobody(Method::OPTIONS).await.is_problem(405, "method-not-allowed");
    nobody(Method::from_bytes(b"PROPFIND").unwrap()).await.is_problem(405, "method-not-allowed");
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let rates =
        RateConfig { rate_guest_per_min: 2, rate_orders_per_min: 1, ..Setup::default().rates };
    let bench = Bench::with(Setup { rates, ..Setup::default() }).await;

    let first = bench.get("/v1/menu").send().await;
    bench.get("/v1/menu").send().await.is(201);
    let third = bench.get("/v1/menu").send().await;

    assert_eq!(first.header("ratelimit-policy"), Some("\"guest\";q=2;w=60"));
    assert!(first.header("ratelimit").unwrap().starts_with("\"guest\";r=1;t="));
    third.is_problem(429, "rate-limited");
    assert!(third.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    assert!(third.header("ratelimit").unwrap().starts_with("\"guest\";r=0;t="));

    bench.anna_posts("/v1/orders", json!({})).send().await.is(201);
    let order = bench.anna_posts("/v1/orders", json!({})).send().await;
    order.is_problem(429, "rate-limited");
    assert!(order.header("ratelimit-policy").unwrap().contains("\"orders\";q=1;w=60"));
    bench.anna_gets("/v1/orders").send().await.is(201);
}

#[tokio::test]
async fn signing_in_is_bounded_by_address_whatever_token_comes_along() {
    let rates = RateConfig { rate_auth_per_min: 1, ..Setup::default().rates };
    let bench = Bench::with(Setup { rates, ..Setup::default() }).await;

    bench.anna_posts("/v1/auth/login", json!({})).send().await.is(201);

    bench.post("/v1/auth/register", json!({})).send().await.is_problem(429, "rate-limited");
}

#[tokio::test]
async fn a_service_that_is_away_is_a_problem_that_says_what_happened() {
    let bench = Bench::with(Setup { fleet_is_away: true, ..Setup::default() }).await;

    let away = bench.anna_posts("/v1/deliveries", json!({})).send().await;
    let slow = bench.anna_posts("/v1/kitchen/slow", json!({})).send();
    let (slow, look) = tokio::join!(slow, bench.anna_gets("/v1/kitchen/slow").send());

    away.is_problem(503, "upstream-unavailable");
    assert_eq!(away.header("x-ce-outcome"), Some("none"));
    slow.is_problem(503, "upstream-timeout");
    assert_eq!(slow.header("x-ce-outcome"), Some("unknown"));
    assert_eq!(look.header("x-ce-outcome"), Some("none"));
    assert!(look.header("retry-after").is_some());
}

#[tokio::test]
async fn what_is_between_us_and_a_service_does_not_come_back() {
    let bench = Bench::new().await;

    let answer = bench.anna_gets("/v1/kitchen/odd").send().await;

    assert_eq!(answer.status, 503);
    assert_eq!((answer.header("x-ce-token"), answer.header("server")), (None, None));
    assert_eq!(answer.header("x-ce-outcome"), Some("unknown"));
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let edge = EdgeConfig { public_tls: true, ..EdgeConfig::default() };
    let bench = Bench::with(Setup { edge, ..Setup::default() }).await;
    let plain = Bench::new().await;
    for path in ["/v1/menu", "/v1/nothing", "/docs", "/v1/users/me"] {
        let answer = bench.get(path).send().await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert!(answer.header("strict-transport-security").is_some(), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}");
        assert_eq!(plain.get(path).send().await.header("strict-transport-security"), None);
    }
}

#[tokio::test]
async fn other_origins_read_nothing_unless_they_are_listed() {
    let edge = EdgeConfig {
        cors_origins: vec!["https://shop.example".to_owned()],
        ..EdgeConfig::default()
    };
    let bench = Bench::with(Setup { edge, ..Setup::default() }).await;
    let allowed = |origin: &'static str| {
        let request = bench.ask(Method::OPTIONS, "/v1/orders").header("origin", origin);
        let request = request.header("access-control-request-method", "POST");
        async move { request.send().await.header("access-control-allow-origin").map(str::to_owned) }
    };

    assert_eq!(allowed("https://shop.example").await.as_deref(), Some("https://shop.example"));
    assert_eq!(allowed("https://evil.example").await, None);
    assert_eq!(allowed("null").await, None);
    let plain = Bench::new().await;
    let answer = plain.get("/v1/menu").header("origin", "https://shop.example").send().await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn the_reference_is_read_without_a_token_and_from_here_alone() {
    let bench = Bench::new().await;

    let document = bench.get("/v1/openapi.json").send().await;
    let page = bench.get("/docs").send().await;
    let script = bench.get("/docs/scalar-1.46.4.js").send().await;

    document.is(200);
    assert_eq!(document.json["openapi"], "3.1.0");
    let words = page.text();
    assert!(words.contains("src=\"/docs/") && !words.contains("http"), "{words}");
    assert!(page.header("content-security-policy").unwrap().contains("script-src 'self';"));
    assert_eq!(script.header("content-encoding"), Some("gzip"));
    assert!(script.body.starts_with(&[0x1f, 0x8b]));
}

#[tokio::test]
async fn a_gateway_that_has_names_answers_to_no_other() {
    let edge = EdgeConfig { public_hosts: vec!["test".to_owned()], ..EdgeConfig::default() };
    let bench = Bench::with(Setup { edge, ..Setup::default() }).await;
    bench.get("/v1/menu").send().await.is(201);
    let running = bench.running().await;
    for (host, status) in
        [("test", 201), ("TEST:8080", 201), ("evil.example", 400), ("test.evil", 400)]
    {
        let words = format!("GET /v1/menu HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let answer = super::framing::say(running.http, words.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}: {answer}");
    }
    running.stop().await.unwrap();
}
