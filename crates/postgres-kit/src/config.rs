//! Where the database is and how it is opened.

use std::{str::FromStr, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    ConnectOptions, Connection,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{Db, meter};

const ACQUIRE_MAX: Duration = Duration::from_millis(250);
const LIFETIME_MAX: Duration = Duration::from_mins(30);
/// A connection that rested longer is asked whether it still lives before it is lent.
const TRUSTED_REST: Duration = Duration::from_secs(1);

/// Limits of every session that serves: a lock or a statement that takes longer is an answer, too.
const SESSION: [(&str, &str); 7] = [
    ("statement_timeout", "2s"),
    ("lock_timeout", "500ms"),
    ("idle_in_transaction_session_timeout", "5s"),
    ("synchronous_commit", "on"),
    // A statement is planned once for a connection, often while its tables are empty, when reading them
    // whole looks cheapest. Every statement of ours has its index.
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];

/// The service's own database.
#[derive(Debug, Clone, clap::Args)]
pub struct PostgresConfig {
    /// `postgres://` URL of the service's own database and role.
    #[arg(long, env = "CE_DATABASE_URL", hide_env_values = true)]
    pub database_url: SecretString,
    /// Most connections of this process; more than the cores can use only queue.
    #[arg(long, env = "CE_DATABASE_CONNECTIONS_MAX", default_value_t = 8)]
    pub database_connections_max: u32,
}

/// Opens the pool. A database that is away does not hinder it: the process comes up, unready.
///
/// # Errors
/// The URL cannot be read.
pub async fn connect(config: &PostgresConfig) -> anyhow::Result<Db> {
    let options = options(config)?.options(SESSION);
    let pool = PgPoolOptions::new()
        .max_connections(config.database_connections_max)
        // All of them, opened ahead: who borrows has no time to wait for a handshake, least of all after a
        // restart under load.
        .min_connections(config.database_connections_max)
        .acquire_timeout(ACQUIRE_MAX)
        .max_lifetime(LIFETIME_MAX)
        .test_before_acquire(false)
        .before_acquire(|connection, rest| {
            Box::pin(
                async move { Ok(rest.idle_for < TRUSTED_REST || connection.ping().await.is_ok()) },
            )
        })
        .connect_lazy_with(options);
    meter::observe(&opentelemetry::global::meter("postgres-kit"), &pool);
    Ok(Db::from_pool(pool))
}

/// Applies the migrations on a connection of their own, one process at a time, however long they take.
///
/// # Errors
/// The database is away, or a step failed or was edited after it had been applied.
pub async fn migrate(config: &PostgresConfig, steps: &Migrator) -> anyhow::Result<()> {
    let options = options(config)?.options([("statement_timeout", "0")]);
    // A pool of one: the future of a run on a bare connection is not `Send` for every lifetime.
    let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await?;
    steps.run(&pool).await?;
    pool.close().await;
    Ok(())
}

fn options(config: &PostgresConfig) -> anyhow::Result<PgConnectOptions> {
    Ok(PgConnectOptions::from_str(config.database_url.expose_secret())?.disable_statement_logging())
}

#[cfg(test)]
mod live {
    use common::types::{Class, Fault};
    use sqlx::{PgPool, migrate::Migration, migrate::MigrationType};

    use super::*;
    use crate::{StoreError, probe};

    fn config_of(pool: &PgPool) -> PostgresConfig {
        let database_url = pool.connect_options().to_url_lossy().to_string().into();
        PostgresConfig { database_url, database_connections_max: 2 }
    }

    /// A pool that has a connection, however long a busy machine takes to open one.
    async fn connected(pool: &PgPool) -> Db {
        let db = connect(&config_of(pool)).await.unwrap();
        for _ in 0..100 {
            if db.pool().acquire().await.is_ok() {
                return db;
            }
        }
        panic!("the database does not answer");
    }

    #[sqlx::test]
    async fn a_session_has_its_limits(pool: PgPool) {
        let db = connected(&pool).await;
        for (name, expected) in SESSION {
            let value: String = sqlx::query_scalar("SELECT current_setting($1)")
                .bind(name)
                .fetch_one(db.pool())
                .await
                .unwrap();
            assert_eq!(value, expected, "{name}");
        }
    }

    #[sqlx::test]
    async fn processes_that_migrate_at_once_wait_for_each_other(pool: PgPool) {
        let sql = "CREATE TABLE note (id int); SELECT pg_sleep(0.2)";
        let steps = Migrator::with_migrations(vec![Migration::new(
            1,
            "note".into(),
            MigrationType::Simple,
            sqlx::SqlSafeStr::into_sql_str(sql),
            false,
        )]);
        let config = config_of(&pool);

        let all = futures::future::join_all((0..4).map(|_| migrate(&config, &steps))).await;

        all.into_iter().collect::<anyhow::Result<()>>().unwrap();
    }

    #[tokio::test]
    async fn a_database_that_is_away_hinders_no_start_and_is_not_ready() {
        let database_url = "postgres://nobody@127.0.0.1:1/nothing".to_owned().into();
        let config = PostgresConfig { database_url, database_connections_max: 2 };

        let db = connect(&config).await.unwrap();

        probe(db.clone())().await.unwrap_err();
        let fault = db.begin().await.unwrap_err();
        assert_eq!((fault.class(), fault.code()), (Class::Unavailable, StoreError::AWAY));
    }

    #[sqlx::test]
    async fn a_database_that_answers_is_ready(pool: PgPool) {
        let ready = probe(connected(&pool).await);
        ready().await.unwrap();
    }

    #[test]
    fn the_url_is_not_shown() {
        let database_url = "postgres://me:secret@host/db".to_owned().into();
        let config = PostgresConfig { database_url, database_connections_max: 2 };
        assert!(!format!("{config:?}").contains("secret"));
    }
}
