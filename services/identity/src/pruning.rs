//! Removes what nobody may use any more.

use std::time::Duration;

use service_kit::Stop;

use crate::App;

const EVERY: Duration = Duration::from_mins(10);

/// Prunes every ten minutes until it is told to stop. What it could not remove, it removes next time.
pub fn worker(
    app: App,
) -> impl FnOnce(Stop) -> futures::future::BoxFuture<'static, anyhow::Result<()>> {
    move |stop| Box::pin(prune_until(app, stop))
}

async fn prune_until(app: App, stop: Stop) -> anyhow::Result<()> {
    while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        if let Err(error) = app.prune().await {
            tracing::warn!(error = format!("{:#}", anyhow::Error::from(error)), "pruning failed");
        }
    }
    Ok(())
}
