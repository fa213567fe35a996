//! Bodies within their limits, whoever reads them.

use axum::{Router, body::Body, http::Request, routing::post};
use futures::StreamExt;
use service_kit::{ValidJson, body_limit};
use test_kit::TestService;

fn service() -> TestService {
    let streamed = async |request: Request<Body>| {
        let mut stream = request.into_body().into_data_stream();
        let mut seen = 0;
        while let Some(Ok(chunk)) = stream.next().await {
            seen += chunk.len();
        }
        seen.to_string()
    };
    let json = async |ValidJson(text): ValidJson<String>| text.len().to_string();
    let routes = Router::new()
        .route("/json", post(json))
        .route("/large", post(json).layer(body_limit(256 * 1024)))
        .route("/stream", post(streamed));
    TestService::new("orders", routes)
}

#[tokio::test]
async fn a_body_has_64_kilobytes_where_the_route_says_nothing() {
    let nobody = service().as_nobody();
    nobody.post("/json", "a".repeat(65_000)).send().await.is(200);
    nobody.post("/json", "a".repeat(65_536)).send().await.is_problem(413, "body-too-large");
}

#[tokio::test]
async fn a_route_may_allow_more() {
    let nobody = service().as_nobody();
    nobody.post("/large", "a".repeat(250_000)).send().await.is(200);
    nobody.post("/large", "a".repeat(3_000_000)).send().await.is_problem(413, "body-too-large");
}

#[tokio::test]
async fn a_handler_that_reads_the_stream_itself_is_bounded_too() {
    let nobody = service().as_nobody();
    let whole = nobody.post("/stream", "a".repeat(60_000)).send().await;
    assert_eq!(whole.text(), "60002");
    let cut = nobody.post("/stream", "a".repeat(3_000_000)).send().await;
    assert_eq!(cut.text(), "0");
}

#[tokio::test]
async fn compressed_bodies_are_not_read() {
    let request = service().as_nobody().post("/json", "a").header("content-encoding", "gzip");
    request.send().await.is_problem(415, "unsupported-media-type");
    let request = service().as_nobody().post("/json", "a").header("content-encoding", "identity");
    request.header("content-encoding", "br").send().await.is_problem(415, "unsupported-media-type");
    let request = service().as_nobody().post("/json", "a").header("content-encoding", "identity");
    request.send().await.is(200);
}
