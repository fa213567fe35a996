//! Passing requests on.

use std::net::SocketAddr;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{Response, StatusCode, header},
    response::IntoResponse,
    routing::{any, get, post},
};
use common::types::Principal;
use http_body_util::BodyExt;
use service_kit::{Client, Problem, token::principal_of};
use test_kit::{TestService, client};
use tokio::net::TcpListener;

async fn behind() -> SocketAddr {
    let echo = async |request: Request| -> Response<Body> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let text = format!(
            "{} {} {:?} {}",
            parts.method,
            parts.uri,
            parts.headers,
            String::from_utf8_lossy(&body)
        );
        (StatusCode::IM_A_TEAPOT, [(header::ETAG, "\"3\"")], text).into_response()
    };
    let routes = Router::new()
        .route("/moved", get(async || (StatusCode::FOUND, [(header::LOCATION, "/v1")])))
        .route("/read", post(async |_: axum::body::Bytes| "read"))
        .fallback(echo);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::task::spawn(async move { axum::serve(listener, routes).await });
    address
}

fn gateway(address: SocketAddr) -> TestService {
    let forward = async |State((client, anna)): State<(Client, Principal)>, request: Request| {
        client.forward(request, Some(&anna)).await.map_err(Problem::into_response)
    };
    let state = (client(&format!("http://{address}"), "orders"), principal_of("anna"));
    TestService::new("gateway", Router::new().fallback(any(forward)).with_state(state))
}

#[tokio::test]
async fn a_request_passes_through_with_our_token_and_without_theirs() {
    let gateway = gateway(behind().await);
    let answer = gateway
        .as_nobody()
        .put("/v1/carts/1?x=y", "body")
        .header("x-ce-token", "forged")
        .header("x-ce-region", "forged")
        .header("connection", "upgrade")
        .header("idempotency-key", "a-key-of-16-chars")
        .send()
        .await;
    let seen = answer.is(418).text();
    assert!(seen.starts_with("PUT /v1/carts/1?x=y "), "{seen}");
    assert!(seen.ends_with(" \"body\""), "{seen}");
    assert!(!seen.contains("forged") && seen.contains("x-ce-token"), "{seen}");
    assert!(seen.contains("a-key-of-16-chars") && !seen.contains("upgrade"), "{seen}");
    assert_eq!(answer.header("etag"), Some("\"3\""));
}

#[tokio::test]
async fn a_redirect_is_the_clients_to_follow() {
    let gateway = gateway(behind().await);
    let answer = gateway.as_nobody().get("/moved").send().await;
    assert_eq!(answer.is(302).header("location"), Some("/v1"));
}

#[tokio::test]
async fn a_body_that_is_too_large_is_the_clients_fault_on_the_way_too() {
    let gateway = gateway(behind().await);
    let answer = gateway.as_nobody().post("/read", "a".repeat(3_000_000)).send().await;
    answer.is_problem(413, "body-too-large");
}

#[tokio::test]
async fn a_service_that_is_away_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let answer = gateway(address).as_nobody().get("/v1").send().await;
    answer.is_problem(503, "neighbour-unavailable");
    assert_eq!(answer.header("x-ce-outcome"), Some("none"));
}
