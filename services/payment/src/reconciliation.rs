//! The worker that holds the provider's books beside ours, and forgets what is old.

use std::{pin::Pin, time::Duration};

use jiff::SignedDuration;
use service_kit::Stop;
use tokio::time::Instant;

use crate::{App, metrics};

/// How old the number of open breaks may be.
const MEASURED_EVERY: Duration = Duration::from_secs(15);

/// Walks every `pause`, and reads the file of each day once `file_after` has passed since its end, until told
/// to stop.
pub fn worker(
    app: App,
    pause: Duration,
    file_after: SignedDuration,
) -> impl FnOnce(Stop) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> {
    move |stop| {
        Box::pin(async move {
            metrics::begin();
            while !stop.is_cancelled() {
                if let Err(error) = app.reconcile().await {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "the provider's books are not compared to their end");
                }
                if let Err(error) = app.read_settlements(file_after).await {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "the provider's file is not compared to its end");
                }
                if let Err(error) = app.prune().await {
                    tracing::warn!(%error, "old answers could not be pruned");
                }
                rest(&app, &stop, pause).await;
            }
            Ok(())
        })
    }
}

/// Until the next walk only looks, so that each process knows what is open, whoever has found or resolved it.
async fn rest(app: &App, stop: &Stop, pause: Duration) {
    let until = Instant::now() + pause;
    while !stop.is_cancelled() {
        if let Err(error) = app.measure_breaks().await {
            tracing::warn!(%error, "nobody knows how many breaks are open");
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        let _stopped = stop.run_until_cancelled(tokio::time::sleep(left.min(MEASURED_EVERY))).await;
    }
}

#[cfg(test)]
mod live {
    use std::time::Duration;

    use service_kit::Stop;
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    #[expect(clippy::disallowed_methods, reason = "a test stands in for the kit")]
    async fn two_walkers_find_a_break_once_and_stop_when_told(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.provider_authorizes("somebody-elses-key", 7).await;
        let stop = Stop::new();
        let walkers = [(); 2].map(|()| tokio::spawn(bench.walker()(stop.clone())));

        while bench.breaks().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        stop.cancel();

        for walker in walkers {
            walker.await.unwrap().unwrap();
        }
        bench.has_breaks(&["unknown-operation somebody-elses-key"]).await;
        bench.has_told(&["reconciliation_break"]).await;
    }
}
