//! A transaction that ends cleanly or takes its connection with it.

use std::{
    ops::{Deref, DerefMut},
    panic::Location,
};

use common::chaos::{self, Side};
use sqlx::PgConnection;
use tokio::sync::watch;

use crate::{Connection, StoreError};

/// A transaction; what happens in it happens at once or not at all.
///
/// Dropped without [`Tx::commit`] or [`Tx::rollback`], in the middle of BEGIN too, it closes its
/// connection: the next borrower never finds itself inside a stranger's transaction, where its own
/// acknowledged writes would be lost (transact-rs/sqlx #4385). A new connection costs a few
/// milliseconds, so end refusals that are part of daily life with `rollback`.
#[derive(Debug)]
pub struct Tx {
    /// `None` only after the end.
    connection: Option<Connection>,
    commits: watch::Sender<()>,
}

const TAKEN: &str = "a transaction has its connection until it ends";

impl Tx {
    pub(crate) async fn begin(
        connection: Connection,
        commits: watch::Sender<()>,
    ) -> Result<Self, StoreError> {
        let mut tx = Self { connection: Some(connection), commits };
        sqlx::raw_sql("BEGIN").execute(&mut *tx).await?;
        Ok(tx)
    }

    /// Makes it so.
    ///
    /// # Errors
    /// [`StoreError::CommitUnknown`]: the connection died while the answer was on its way. Read
    /// before you repeat. Every other error: nothing happened.
    #[track_caller]
    pub fn commit(self) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.commit_at(Location::caller())
    }

    async fn commit_at(mut self, place: &Location<'_>) -> Result<(), StoreError> {
        chaos::at_commit(Side::Before, place);
        // PostgreSQL answers COMMIT of a failed transaction with a friendly ROLLBACK, which sqlx does not
        // show; SELECT in the same message makes it an error.
        let done = sqlx::raw_sql("SELECT; COMMIT").execute(&mut *self).await;
        done.map_err(StoreError::of_commit)?;
        chaos::at_commit(Side::After, place);
        self.connection = None;
        self.commits.send_replace(());
        Ok(())
    }

    /// Undoes it and gives the connection back.
    pub async fn rollback(mut self) {
        if sqlx::raw_sql("ROLLBACK").execute(&mut *self).await.is_ok() {
            self.connection = None;
        }
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            connection.close_on_drop();
        }
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    #[expect(clippy::expect_used, reason = "commit and rollback consume the transaction")]
    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect(TAKEN)
    }
}

impl DerefMut for Tx {
    #[expect(clippy::expect_used, reason = "commit and rollback consume the transaction")]
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect(TAKEN)
    }
}

#[cfg(test)]
mod live {
    use std::time::Duration;

    use common::types::{Class, Fault};
    use sqlx::{PgPool, postgres::PgPoolOptions};
    use tokio::task::JoinSet;

    use crate::{Db, StoreError};

    const ROUNDS: i64 = 1_500;
    const CONNECTIONS: u32 = 4;

    async fn few_connections(db: &PgPool) -> PgPool {
        sqlx::query("CREATE TABLE note (id bigint PRIMARY KEY)").execute(db).await.unwrap();
        let options = sqlx::postgres::PgConnectOptions::clone(&db.connect_options());
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false);
        pool.acquire_timeout(Duration::from_secs(30)).connect_with(options).await.unwrap()
    }

    /// Aborts one `hasty` transaction beside each insert; answers how many inserts were acknowledged.
    #[expect(clippy::disallowed_methods, reason = "cuts off, which is the test")]
    async fn acknowledged_inserts<F, T>(pool: &PgPool, hasty: impl Fn(PgPool) -> F) -> i64
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let mut writers = JoinSet::new();
        for id in 0..ROUNDS {
            let doomed = tokio::spawn(hasty(pool.clone()));
            let pool = pool.clone();
            writers.spawn(async move {
                sqlx::query("INSERT INTO note (id) VALUES ($1)")
                    .bind(id)
                    .execute(&pool)
                    .await
                    .unwrap();
            });
            tokio::time::sleep(Duration::from_micros(rand::random_range(0..400))).await;
            doomed.abort();
        }
        while let Some(acknowledged) = writers.join_next().await {
            acknowledged.unwrap();
        }
        pool.close().await;
        ROUNDS
    }

    async fn kept(db: &PgPool) -> i64 {
        sqlx::query_scalar("SELECT count(id) FROM note").fetch_one(db).await.unwrap()
    }

    #[sqlx::test]
    #[expect(clippy::disallowed_methods, reason = "shows what the ban prevents")]
    async fn a_begin_of_sqlx_cut_off_in_the_middle_loses_acknowledged_writes(db: PgPool) {
        let pool = few_connections(&db).await;

        let told = acknowledged_inserts(&pool, |pool| async move {
            let tx = pool.begin().await;
            tokio::time::sleep(Duration::from_millis(1)).await;
            tx.map(drop)
        })
        .await;

        // When this fails, sqlx has learned it: the rule may be looked at again.
        assert!(kept(&db).await < told, "no write was lost");
    }

    #[sqlx::test]
    async fn every_acknowledged_write_survives_beginnings_that_are_cut_off(db: PgPool) {
        let pool = few_connections(&db).await;
        let cut = Db::from_pool(pool.clone());

        let told = acknowledged_inserts(&pool, move |_| {
            let cut = cut.clone();
            async move {
                let mut tx = cut.begin().await.unwrap();
                sqlx::query("INSERT INTO note (id) VALUES (-1)").execute(&mut *tx).await.unwrap();
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;

        assert_eq!(kept(&db).await, told);
    }

    #[sqlx::test]
    async fn only_a_clean_end_gives_the_connection_back(db: PgPool) {
        let options = sqlx::postgres::PgConnectOptions::clone(&db.connect_options());
        let db = Db::from_pool(PgPoolOptions::new().max_connections(1).connect_lazy_with(options));
        let pid = async |db: &Db| {
            let mut tx = db.begin().await.unwrap();
            let pid: i32 =
                sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *tx).await.unwrap();
            (pid, tx)
        };

        let (first, tx) = pid(&db).await;
        tx.commit().await.unwrap();
        let (second, tx) = pid(&db).await;
        tx.rollback().await;
        let (third, tx) = pid(&db).await;
        drop(tx);
        let (fourth, tx) = pid(&db).await;
        tx.rollback().await;

        assert_eq!((first, second), (second, third));
        assert_ne!(third, fourth);
    }

    #[sqlx::test]
    async fn a_failed_transaction_cannot_be_committed_by_mistake(db: PgPool) {
        let db = Db::from_pool(db);
        let mut tx = db.begin().await.unwrap();
        sqlx::query("SELECT 1 / 0").execute(&mut *tx).await.unwrap_err();

        let fault = tx.commit().await.unwrap_err();

        assert_eq!((fault.class(), fault.code()), (Class::Broken, "database-refused"));
    }

    #[sqlx::test]
    async fn a_constraint_that_speaks_at_the_commit_is_no_unknown_outcome(db: PgPool) {
        sqlx::query(
            "CREATE TABLE note (id int CONSTRAINT once UNIQUE DEFERRABLE INITIALLY DEFERRED)",
        )
        .execute(&db)
        .await
        .unwrap();
        let db = Db::from_pool(db);
        let mut tx = db.begin().await.unwrap();
        sqlx::query("INSERT INTO note VALUES (1), (1)").execute(&mut *tx).await.unwrap();

        let fault = tx.commit().await.unwrap_err();

        assert_eq!(fault.constraint(), Some("once"));
    }

    #[sqlx::test]
    async fn a_connection_that_dies_before_the_commit_leaves_the_outcome_unknown(db: PgPool) {
        let served = Db::from_pool(db.clone());
        let mut tx = served.begin().await.unwrap();
        let pid: i32 =
            sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *tx).await.unwrap();
        sqlx::query("SELECT pg_terminate_backend($1, 2000)").bind(pid).execute(&db).await.unwrap();

        let fault = tx.commit().await.unwrap_err();

        assert!(matches!(fault, StoreError::CommitUnknown(_)), "{fault:?}");
        assert_eq!(fault.class(), Class::Unknown);
    }

    #[sqlx::test]
    async fn a_server_that_dropped_every_resting_connection_costs_nobody_a_transaction(db: PgPool) {
        let served = Db::from_pool(few_connections(&db).await);
        let resting: Vec<_> =
            futures::future::join_all((0..CONNECTIONS).map(|_| served.acquire())).await;
        drop(resting);
        sqlx::query(
            "SELECT pg_terminate_backend(pid, 2000)
               FROM pg_stat_activity
              WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .execute(&db)
        .await
        .unwrap();

        served.begin().await.unwrap().commit().await.unwrap();
    }

    #[sqlx::test]
    async fn a_commit_wakes_those_who_wait_for_commits(db: PgPool) {
        let db = Db::from_pool(db);
        let commits = db.commits();

        db.begin().await.unwrap().rollback().await;
        assert!(!commits.has_changed().unwrap());
        db.begin().await.unwrap().commit().await.unwrap();

        assert!(commits.has_changed().unwrap());
    }
}
