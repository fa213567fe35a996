//! The worker that finishes what a crash or a silent provider left open.

use std::{
    pin::{Pin, pin},
    time::Duration,
};

use futures::future::select;
use service_kit::Stop;

use crate::App;

const POLL: Duration = Duration::from_secs(1);
const CLAIMED_MAX: i64 = 16;
const PARALLEL_MAX: usize = 4;

/// Takes payments whose calls wait to be finished, until told to stop.
pub fn worker(
    app: App,
) -> impl FnOnce(Stop) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> {
    move |stop| {
        Box::pin(async move {
            while !stop.is_cancelled() {
                match app.settle_due(CLAIMED_MAX, PARALLEL_MAX).await {
                    Ok(round) if round.claimed > 0 => continue,
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "due payments could not be claimed"),
                }
                let _stopped = stop.run_until_cancelled(tokio::time::sleep(POLL)).await;
            }
            Ok(())
        })
    }
}

/// Makes the calls of refunds, as soon as they are asked for and whenever they are due, until told to stop.
pub fn refunds(
    app: App,
) -> impl FnOnce(Stop) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> {
    move |stop| {
        Box::pin(async move {
            while !stop.is_cancelled() {
                match app.submit_refunds(None, CLAIMED_MAX, PARALLEL_MAX).await {
                    Ok(round) if round.claimed > 0 => continue,
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "due refunds could not be claimed"),
                }
                let (hint, time) = (pin!(app.refund_asked()), pin!(tokio::time::sleep(POLL)));
                let _stopped = stop.run_until_cancelled(select(hint, time)).await;
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod live {
    use std::time::Duration;

    use service_kit::Stop;
    use sqlx::PgPool;

    use crate::bench::{Bench, asking};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    #[expect(clippy::disallowed_methods, reason = "a test stands in for the kit")]
    async fn an_open_payment_is_finished_by_itself_and_the_worker_stops_when_told(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.provider_is_away(true).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(503);
        bench.provider_is_away(false).await;
        let stop = Stop::new();
        let worker = tokio::spawn(bench.worker()(stop.clone()));

        while bench.acts().await.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        stop.cancel();

        worker.await.unwrap().unwrap();
        bench.has_told(&["authorized"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    #[expect(clippy::disallowed_methods, reason = "a test stands in for the kit")]
    async fn a_refund_is_made_as_soon_as_it_is_asked_for(db: PgPool) {
        let bench = Bench::captured(db, 1250).await;
        let stop = Stop::new();
        let worker = tokio::spawn(bench.refunds_worker()(stop.clone()));

        bench.refund(500, "key-of-refund-01").await.is(202);
        while bench.acts().await.len() < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop.cancel();

        worker.await.unwrap().unwrap();
        bench.has_told(&["authorized", "captured", "refund_succeeded"]).await;
    }
}
