//! Makes the first admin as soon as the database answers.

use std::time::Duration;

use common::types::{Class, Fault};
use futures::future::BoxFuture;
use postgres_kit::StoreError;
use service_kit::Stop;

use crate::{AdminConfig, App};

const AGAIN: Duration = Duration::from_millis(250);

/// Tries until there is an admin or it is told to stop; only what more patience would not cure ends the
/// process.
pub fn worker(
    app: App,
    config: AdminConfig,
) -> impl FnOnce(Stop) -> BoxFuture<'static, anyhow::Result<()>> {
    move |stop| Box::pin(try_until(app, config, stop))
}

async fn try_until(app: App, config: AdminConfig, stop: Stop) -> anyhow::Result<()> {
    while let Err(error) = app.ensure_admin(config.clone()).await {
        let class = error.downcast_ref().map_or(Class::Broken, StoreError::class);
        if !matches!(class, Class::Unavailable | Class::Unknown) {
            return Err(error);
        }
        tracing::warn!(error = format!("{error:#}"), "no first admin yet");
        if stop.run_until_cancelled(tokio::time::sleep(AGAIN)).await.is_none() {
            break;
        }
    }
    Ok(())
}
