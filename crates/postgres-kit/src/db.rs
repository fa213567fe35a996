//! The pool of a service's own database.

use common::types::Fault;
use sqlx::{PgPool, Postgres, pool::PoolConnection};
use tokio::sync::watch;

use crate::{StoreError, Tx};

/// The service's own database.
#[derive(Debug, Clone)]
pub struct Db {
    pool: PgPool,
    commits: watch::Sender<()>,
}

impl Db {
    /// Wraps a pool, such as the one of `#[sqlx::test]`.
    #[must_use]
    pub fn from_pool(pool: PgPool) -> Self {
        Self { pool, commits: watch::Sender::new(()) }
    }

    /// The pool, for statements that need no transaction.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Takes a connection for single statements, outside any transaction.
    ///
    /// # Errors
    /// No connection within 250 ms.
    pub async fn acquire(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        Ok(self.pool.acquire().await?)
    }

    /// Begins a transaction, READ COMMITTED. Dropped, it rolls back by closing its connection.
    ///
    /// # Errors
    /// No connection within 250 ms, or none that lives.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let mut left = self.pool.options().get_max_connections();
        loop {
            let connection = self.pool.acquire().await?;
            match Tx::begin(connection, self.commits.clone()).await {
                // The server went away while the connection rested; so may all of them have.
                Err(fault) if fault.code() == StoreError::AWAY && left > 0 => left -= 1,
                outcome => return outcome,
            }
        }
    }

    /// Changes after every transaction that this process commits through [`Db::begin`]: the wake-up
    /// inside the process, at no cost to the transaction.
    #[must_use]
    pub fn commits(&self) -> watch::Receiver<()> {
        self.commits.subscribe()
    }
}
