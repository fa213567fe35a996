//! What a service measures of itself. A process of its own, for each has one meter.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::time::Duration;

use axum::Router;
use common::telemetry::{self, Scrape, TelemetryConfig};
use service_kit::{HttpConfig, Kit};
use test_kit::{Running, TestKeys};
use tokio::runtime::Runtime;

#[test]
fn a_scrape_tells_readiness_ended_tasks_and_what_may_yet_happen() {
    let config = TelemetryConfig {
        log_filter: "off".to_owned(),
        otlp_endpoint: None,
        otlp_sample_ratio: 0.0,
    };
    let telemetry = telemetry::init("orders", &config).unwrap();
    let keys = TestKeys::new("orders");
    let signer = keys.signer("orders");
    let http = HttpConfig::for_tests();
    let scrape = telemetry.scrape();
    Runtime::new().unwrap().block_on(async {
        let mut kit = Kit::with_keys("orders", http, scrape.clone(), signer, keys.public).unwrap();
        let _neighbour = kit.client("http://127.0.0.1:1", "inventory").unwrap();
        kit.task("saga", |stop| async move {
            stop.cancelled().await;
            Ok(())
        });
        kit.task("projection", |_stop| async { Ok(()) });
        kit.serve_plain(Router::new());
        let running = Running::start(kit).await;

        for expected in [
            "cloudeats_ready 1",
            "cloudeats_tasks_ended_total{task_name=\"projection\"} 1",
            "cloudeats_tasks_ended_total{task_name=\"saga\"} 0",
            "cloudeats_requests_shed_total{rank=\"deed\",reason=\"places\"} 0",
            "cloudeats_client_dropped_total{peer_service=\"inventory\"} 0",
            "cloudeats_client_retries_total{peer_service=\"inventory\"} 0",
        ] {
            said(&scrape, expected).await;
        }
        running.stop().await.unwrap();
    });
    let after = scrape.text().unwrap();
    assert!(after.contains("cloudeats_ready 0\n"), "{after}");
    assert!(after.contains("cloudeats_tasks_ended_total{task_name=\"saga\"} 0\n"), "{after}");
}

/// Waits until a scrape has this line.
async fn said(scrape: &Scrape, line: &str) {
    let mut text = String::new();
    for _ in 0..1_200 {
        text = scrape.text().unwrap();
        if text.lines().any(|found| found == line) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{line} is not said: {text}");
}
