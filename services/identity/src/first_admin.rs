//! Makes the first admin as soon as the database answers; until then the process is not ready.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::ensure;
use common::types::{Class, Fault};
use futures::future::BoxFuture;
use postgres_kit::StoreError;
use service_kit::Stop;

use crate::{AdminConfig, App};

const AGAIN: Duration = Duration::from_millis(250);

/// The first admin, on the way to an account.
pub struct FirstAdmin {
    app: App,
    config: AdminConfig,
    there: Arc<AtomicBool>,
}

impl FirstAdmin {
    /// Nothing is tried before the [`worker`](Self::worker) runs.
    #[must_use]
    pub fn new(app: App, config: AdminConfig) -> Self {
        Self { app, config, there: Arc::default() }
    }

    /// A condition of readiness: whoever finds the process ready can sign in as the admin.
    pub fn probe(
        &self,
    ) -> impl Fn() -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync + 'static {
        let there = Arc::clone(&self.there);
        move || {
            let made = there.load(Ordering::Acquire);
            Box::pin(async move {
                ensure!(made, "there is no first admin yet");
                Ok(())
            })
        }
    }

    /// Tries until there is an admin or it is told to stop; only what more patience would not cure ends
    /// the process.
    pub fn worker(self) -> impl FnOnce(Stop) -> BoxFuture<'static, anyhow::Result<()>> {
        move |stop| Box::pin(self.try_until(stop))
    }

    async fn try_until(self, stop: Stop) -> anyhow::Result<()> {
        while let Err(error) = self.app.ensure_admin(self.config.clone()).await {
            let class = error.downcast_ref().map_or(Class::Broken, StoreError::class);
            if !matches!(class, Class::Unavailable | Class::Unknown) {
                return Err(error);
            }
            tracing::warn!(error = format!("{error:#}"), "no first admin yet");
            if stop.run_until_cancelled(tokio::time::sleep(AGAIN)).await.is_none() {
                return Ok(());
            }
        }
        self.there.store(true, Ordering::Release);
        stop.cancelled().await;
        Ok(())
    }
}
