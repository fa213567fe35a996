//! A DynamoDB-compatible engine inside the process, for the dev stack and for tests.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};
use dynoxide::Database;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{Dynamo, DynamoConfig, tables};

const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// A running engine. Dropped, it stops in the background.
pub struct Embedded {
    endpoint: String,
    serving: JoinHandle<Result<(), String>>,
    sweeping: JoinHandle<()>,
    stop: DropGuard,
}

impl Embedded {
    /// Serves the database at `path`, or one in memory, on a listener of the caller's.
    pub async fn start(listener: TcpListener, path: Option<&Path>) -> anyhow::Result<Self> {
        let endpoint = format!("http://{}", listener.local_addr()?);
        let path = path.map(|path| path.to_str().context("the path is not UTF-8")).transpose()?;
        let database = tokio::task::spawn_blocking({
            let path = path.map(str::to_owned);
            move || path.as_deref().map_or_else(Database::memory, Database::new)
        });
        let database = database.await??;

        let stop = CancellationToken::new();
        let until = stop.clone().cancelled_owned();
        let serving = dynoxide::server::serve_with_shutdown(listener, database.clone(), until);
        let sweeping = sweep(database, stop.clone());
        #[expect(clippy::disallowed_methods, reason = "the dev stack and tests have no kit")]
        let (serving, sweeping) = (tokio::spawn(serving), tokio::spawn(sweeping));
        Ok(Self { endpoint, serving, sweeping, stop: stop.drop_guard() })
    }

    /// An engine in memory on a free port, and a client of it with all tables: a test's own.
    pub async fn with_tables() -> anyhow::Result<(Self, Dynamo)> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let engine = Self::start(listener, None).await?;
        let dynamo = crate::connect(&engine.config()).await?;
        dynamo.ensure_tables(&tables::ALL).await?;
        Ok((engine, dynamo))
    }

    /// Where it listens: `http://127.0.0.1:18000`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What a client needs to know.
    #[must_use]
    pub fn config(&self) -> DynamoConfig {
        DynamoConfig {
            dynamo_endpoint: Some(self.endpoint.clone()),
            dynamo_region: "us-east-1".to_owned(),
            dynamo_table_prefix: String::new(),
        }
    }

    /// Finishes the requests that run, and closes the database.
    pub async fn shutdown(self) -> anyhow::Result<()> {
        drop(self.stop);
        self.sweeping.await?;
        self.serving.await?.map_err(|error| anyhow!(error))
    }
}

async fn sweep(database: Database, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(SWEEP_EVERY)).await.is_some() {
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(deleted)) => tracing::debug!(deleted, "swept expired items"),
            Ok(Err(error)) => tracing::warn!(%error, "expired items could not be swept"),
            Err(error) => tracing::warn!(%error, "the sweep broke off"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::tables::CARTS;

    #[tokio::test]
    async fn a_file_keeps_what_was_put_across_a_restart() {
        let dir = std::env::temp_dir().join(format!("embedded-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let file = dir.join("dynamo.sqlite");

        for expected in [None, Some(json!({ "cart_id": "c-1" }))] {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let engine = Embedded::start(listener, Some(&file)).await.unwrap();
            let dynamo = crate::connect(&engine.config()).await.unwrap();
            dynamo.ensure_tables(&[CARTS]).await.unwrap();
            assert_eq!(dynamo.get::<Value>(&CARTS, "c-1").await.unwrap(), expected);
            dynamo.put(&CARTS, &json!({ "cart_id": "c-1" })).await.unwrap();
            drop(dynamo);
            engine.shutdown().await.unwrap();
        }
        std::fs::remove_dir_all(dir).unwrap();
    }
}
