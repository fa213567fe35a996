//! Messages of payment providers.

use axum::http::Method;
use common::types::Role;
use serde_json::json;

use crate::{
    RateConfig,
    bench::{Bench, Setup, read_service_token},
};

const PATH: &str = "/v1/payments/webhooks/sandbox";

#[tokio::test]
async fn a_message_reaches_payment_with_its_signature_and_without_any_token() {
    let bench = Bench::new().await;
    let body = "{ \"type\" :\t\"captured\" }";

    let answer = bench
        .ask(Method::POST, PATH)
        .body("application/json", body)
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", "1795262400")
        .header("webhook-signature", "v1,c2lnbmF0dXJl v1,b3RoZXI=")
        .header("authorization", "Bearer nonsense")
        .header("x-other", "stays here")
        .send()
        .await;

    let seen = &answer.is(201).json;
    assert_eq!((&seen["asked"], &seen["bytes"]), (&json!(PATH), &json!(body.len())));
    let headers = &seen["headers"];
    assert_eq!(headers["webhook-id"], "msg_1");
    assert_eq!(headers["webhook-timestamp"], "1795262400");
    assert_eq!(headers["webhook-signature"], "v1,c2lnbmF0dXJl v1,b3RoZXI=");
    assert!(headers["authorization"].is_null() && headers["x-other"].is_null(), "{headers}");
    let claims = read_service_token(headers["x-ce-token"].as_str().unwrap());
    assert_eq!((claims.iss.as_str(), claims.aud.as_str()), ("gateway", "payment"));
    assert!(claims.principal.has(Role::Service));
}

#[tokio::test]
async fn nobody_else_speaks_as_a_webhook_does() {
    let bench = Bench::new().await;

    bench.get(PATH).send().await.is_problem(405, "method-not-allowed");
    bench.post("/v1/payments", json!({})).send().await.is_problem(401, "no-token");
    let elsewhere = bench.anna_posts("/v1/orders", json!({})).header("webhook-id", "msg_1").send();
    assert!(elsewhere.await.json["headers"]["webhook-id"].is_null());
}

#[tokio::test]
async fn a_message_is_bounded_in_size_and_never_compressed() {
    let bench = Bench::new().await;
    let large = bench.post(PATH, json!("a".repeat(70_000))).send().await;
    large.is_problem(413, "body-too-large");
    let small = bench.post(PATH, json!({})).header("content-encoding", "gzip").send().await;
    small.is_problem(415, "unsupported-media-type");
}

#[tokio::test]
async fn messages_have_a_limit_of_their_own() {
    let rates =
        RateConfig { rate_webhook_per_min: 1, rate_guest_per_min: 1, ..Setup::default().rates };
    let bench = Bench::with(Setup { rates, ..Setup::default() }).await;

    bench.post(PATH, json!({})).send().await.is(201);
    bench.post(PATH, json!({})).send().await.is_problem(429, "rate-limited");

    bench.get("/v1/menu").send().await.is(201);
}
