//! The worker that sends what is due.

use std::{pin::Pin, time::Duration};

use futures::future;
use postgres_kit::{Db, StoreError};
use service_kit::Stop;

use crate::App;

/// The truth, where a wake-up was missed or belongs to another process.
const POLL: Duration = Duration::from_secs(1);

/// Sends letters until told to stop; woken by every commit of this process.
pub fn worker(
    app: App,
    db: &Db,
) -> impl FnOnce(Stop) -> Pin<Box<dyn Future<Output = anyhow::Result<()>> + Send>> + use<> {
    let mut commits = db.commits();
    move |stop| {
        Box::pin(async move {
            while !stop.is_cancelled() {
                commits.mark_unchanged();
                match app.send_due().await {
                    Ok(0) => {}
                    Ok(_some) => continue,
                    Err(error) => {
                        tracing::warn!(error = as_error(&error), "due letters were not sent");
                        let _stopped = stop.run_until_cancelled(tokio::time::sleep(POLL)).await;
                    }
                }
                let woken = std::pin::pin!(commits.changed());
                let polled = std::pin::pin!(tokio::time::sleep(POLL));
                let _stopped = stop.run_until_cancelled(future::select(woken, polled)).await;
            }
            Ok(())
        })
    }
}

fn as_error(error: &StoreError) -> &(dyn std::error::Error + 'static) {
    error
}

#[cfg(test)]
mod live {
    use std::time::{Duration, Instant};

    use service_kit::Stop;
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    #[expect(clippy::disallowed_methods, reason = "a test stands in for the kit")]
    async fn a_letter_leaves_as_soon_as_it_is_queued_and_the_worker_stops_when_told(db: PgPool) {
        let bench = Bench::new(db).await;
        let stop = Stop::new();
        let worker = tokio::spawn(bench.worker()(stop.clone()));
        tokio::time::sleep(Duration::from_millis(100)).await;

        let began = Instant::now();
        bench.confirmed("delivery").await;
        while bench.letters().is_empty() {
            assert!(began.elapsed() < Duration::from_secs(5), "nothing was sent");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }

        stop.cancel();
        worker.await.unwrap().unwrap();
    }
}
