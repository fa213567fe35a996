//! What a scraper and a reader of logs see. A process of its own: signals are global.

#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use std::{
    io,
    sync::{Arc, LazyLock, Mutex},
};

use axum::{Router, routing::get};
use common::{
    telemetry::{self, Telemetry, TelemetryConfig},
    types::Class,
};
use serde_json::Value;
use service_kit::{HttpConfig, Kit, Problem};
use test_kit::{Running, TestKeys, TestService};

/// Started before any series is used, as in a process.
static TELEMETRY: LazyLock<Telemetry> = LazyLock::new(|| {
    let config = TelemetryConfig {
        log_filter: "info".to_owned(),
        otlp_endpoint: None,
        otlp_sample_ratio: 0.0,
    };
    telemetry::init("orders", &config).expect("telemetry")
});

#[test]
fn requests_are_counted_under_opentelemetrys_names() {
    let scrape = TELEMETRY.scrape();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let text = runtime.block_on(async {
        let keys = TestKeys::new("orders");
        let http = HttpConfig::for_tests();
        let signer = keys.signer("orders");
        let mut kit = Kit::with_keys("orders", http, scrape, signer, keys.public).unwrap();
        kit.serve_plain(Router::new().route("/v1/counted/{id}", get(async || "order")));
        let running = Running::start(kit).await;
        let http = reqwest::Client::builder().build().unwrap();
        for path in ["v1/counted/1", "v1/counted/2", "nothing"] {
            http.get(format!("http://{}/{path}", running.http)).send().await.unwrap();
        }
        let metrics = http.get(format!("http://{}/metrics", running.admin)).send().await.unwrap();
        let text = metrics.text().await.unwrap();
        running.stop().await.unwrap();
        text
    });

    let counted = text.lines().find(|line| {
        line.starts_with("http_server_request_duration_seconds_count")
            && line.contains("http_route=\"/v1/counted/{id}\"")
    });
    let counted = counted.unwrap_or_else(|| panic!("{text}"));
    assert!(counted.contains("http_request_method=\"GET\""), "{counted}");
    assert!(counted.contains("http_response_status_code=\"200\""), "{counted}");
    assert!(counted.ends_with(" 2"), "{counted}");
    assert!(text.contains("http_server_request_duration_seconds_bucket"), "{text}");
    assert!(text.contains("http_server_active_requests"), "{text}");
    assert!(text.contains("service_name=\"orders\""), "{text}");
    assert!(!text.contains("otel_scope"), "{text}");
}

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl io::Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("a page").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines about one request, each as an object.
fn lines_about(path: &'static str) -> Vec<Value> {
    LazyLock::force(&TELEMETRY);
    let page = Page::default();
    let paper = page.clone();
    let writer = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(move || paper.clone())
        .finish();
    tracing::subscriber::with_default(writer, || {
        let fails = async || -> Result<(), Problem> {
            let error = io::Error::other("no space left");
            Err(Problem::new(Class::Unavailable, "store-away").caused_by(error))
        };
        let routes = Router::new()
            .route("/v1/orders/{id}", get(async || "order"))
            .route("/v1/fails", get(fails));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let service = TestService::new("orders", routes);
        let request = service.as_nobody().get(path);
        runtime.expect("a runtime").block_on(request.send());
    });
    let text = String::from_utf8(page.0.lock().expect("a page").clone()).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("an object")).collect()
}

#[test]
fn a_request_is_one_line() {
    let lines = lines_about("/v1/orders/7?token=secret");
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    assert_eq!(line["message"], "request");
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["http.request.method"], "GET");
    assert_eq!(line["http.route"], "/v1/orders/{id}");
    assert_eq!(line["http.response.status_code"], 200);
    assert!(line["duration_ms"].is_f64(), "{line}");
    assert!(!line.to_string().contains("secret"), "{line}");
}

#[test]
fn a_failure_is_one_line_with_its_code_and_its_causes_once() {
    let lines = lines_about("/v1/fails");
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &lines[0];
    assert_eq!(line["level"], "WARN");
    assert_eq!(line["error.code"], "store-away");
    assert_eq!(line["error.cause"], "no space left");
}

#[test]
fn what_nobody_serves_has_no_route_to_fill_the_metrics_with() {
    let lines = lines_about("/wp-admin/1234");
    assert_eq!(lines[0]["http.route"], "");
    assert_eq!(lines[0]["error.code"], "no-such-page");
}
