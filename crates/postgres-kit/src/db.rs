//! The pool of a service's own database.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use common::types::Fault;
use sqlx::{PgConnection, PgPool, Postgres, pool::PoolConnection};
use tokio::sync::watch;

use crate::{
    StoreError, Tx,
    queue::{Queue, Turn},
};

/// The service's own database.
#[derive(Debug, Clone)]
pub struct Db {
    pool: PgPool,
    queue: Arc<Queue>,
    /// How many connections were lent.
    lent: Arc<AtomicU64>,
    commits: watch::Sender<()>,
}

/// A borrowed connection.
#[derive(Debug)]
pub struct Connection {
    // In this order: who is next in the queue finds the connection free.
    lent: PoolConnection<Postgres>,
    _turn: Turn,
}

impl Db {
    /// Wraps a pool, such as the one of `#[sqlx::test]`.
    #[must_use]
    pub fn from_pool(pool: PgPool) -> Self {
        let queue = Arc::new(Queue::before(pool.options()));
        Self { pool, queue, lent: Arc::default(), commits: watch::Sender::new(()) }
    }

    /// The pool, for statements that need no transaction.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Takes a connection for single statements, outside any transaction. Requests leave a quarter of all to
    /// what the service does of itself, so that what was begun goes on.
    ///
    /// # Errors
    /// No connection within 250 ms: `Crowded` where others had them, else the database is away.
    pub async fn acquire(&self) -> Result<Connection, StoreError> {
        let turn = self.queue.turn().await?;
        let before = self.lent.load(Ordering::Relaxed);
        match self.pool.acquire().await {
            Ok(lent) => {
                self.lent.fetch_add(1, Ordering::Relaxed);
                Ok(Connection { lent, _turn: turn })
            }
            // The database lives, if others were served meanwhile.
            Err(sqlx::Error::PoolTimedOut)
                if turn.of_request() && self.lent.load(Ordering::Relaxed) != before =>
            {
                Err(StoreError::Crowded)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Begins a transaction, READ COMMITTED. Dropped, it rolls back by closing its connection.
    ///
    /// # Errors
    /// As [`Db::acquire`], or no connection that lives.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let mut left = self.pool.options().get_max_connections();
        loop {
            let connection = self.acquire().await?;
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

impl Connection {
    pub(crate) fn close_on_drop(&mut self) {
        self.lent.close_on_drop();
    }
}

impl Deref for Connection {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.lent
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.lent
    }
}
