//! The databases of a phase, made anew: who tells, who hears, and the log between them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::Parser;
use cloudeats::site::Site;
use event_kit::{EventLog, EventsConfig, KafkaLog, Log, PostgresLog, migrate_log};
use postgres_kit::{Db, PostgresConfig};
use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection};

use super::phase::{Carrier, Relay};
use crate::axis::pgbench;

const TELLER: &str = "bench_teller";
const HEARER: &str = "bench_hearer";
const LOG: &str = "bench_log";
static KIT: Migrator = sqlx::migrate!("../../crates/event-kit/migrations");

/// More than the 8 of a service: sixteen hands tell at once.
const CONNECTIONS: u32 = 20;
/// Events applied at the same time.
pub(super) const PARALLEL: &str = "8";
const OPEN_MAX: Duration = Duration::from_secs(20);
/// How long the log keeps events.
const KEEP_H: u32 = 24;

/// The peer's own index: ours is made for looking into one partition after the other.
const INDEX_OF_POLLING: &str =
    "CREATE INDEX outbox_polled ON outbox (id) WHERE published_at IS NULL";
const EFFECT: &str = "CREATE TABLE effect (key text NOT NULL, seq bigint NOT NULL)";

/// Where a phase takes place.
pub(super) struct Place {
    pub(super) teller: Db,
    pub(super) hearer: Db,
    pub(super) log: Log,
    pub(super) carrier: Arc<dyn EventLog>,
    /// The databases of the two services, where others may hold transactions open; the log's is ours alone.
    pub(super) urls: Vec<SecretString>,
    superuser: SecretString,
}

#[derive(clap::Parser)]
struct Events {
    #[command(flatten)]
    events: EventsConfig,
}

impl Place {
    /// The index of the peer is there only where the peer runs: each of our facts would pay for it.
    pub(super) async fn make(site: &Site, carrier: &Carrier, relay: Relay) -> anyhow::Result<Self> {
        let superuser = site.superuser_url("postgres")?;
        for database in [TELLER, HEARER, LOG] {
            pgbench::make(superuser.expose_secret(), database).await?;
        }
        let urls = vec![site.superuser_url(TELLER)?, site.superuser_url(HEARER)?];
        let index = if relay == Relay::Polling { INDEX_OF_POLLING } else { "" };
        let teller = open(site, TELLER, index).await?;
        let hearer = open(site, HEARER, EFFECT).await?;
        let carrier: Arc<dyn EventLog> = match carrier {
            Carrier::Postgres => {
                let url = site.superuser_url(LOG)?;
                migrate_log(url.expose_secret()).await?;
                Arc::new(PostgresLog::open(url.expose_secret(), KEEP_H)?)
            }
            Carrier::Kafka(bootstrap) => Arc::new(KafkaLog::plain(bootstrap)?),
        };
        let events = Events::try_parse_from(["bench", "--event-parallel-max", PARALLEL])?.events;
        let log = Log::new(Arc::clone(&carrier), events);
        let mut server = PgConnection::connect(superuser.expose_secret()).await?;
        pgbench::run(&mut server, "CHECKPOINT").await?;
        Ok(Self { teller, hearer, log, carrier, urls, superuser })
    }

    /// Effects that were stored more than once, and events that became dead letters.
    pub(super) async fn judge(&self) -> anyhow::Result<(i64, i64)> {
        Ok(sqlx::query_as(
            "SELECT (SELECT count(1) - count(DISTINCT (key, seq)) FROM effect),
                    (SELECT count(1) FROM dead_letter WHERE settled_at IS NULL)",
        )
        .fetch_one(self.hearer.pool())
        .await?)
    }

    /// Takes the databases away.
    pub(super) async fn remove(self) -> anyhow::Result<()> {
        self.teller.pool().close().await;
        self.hearer.pool().close().await;
        drop((self.log, self.carrier));
        let mut server = PgConnection::connect(self.superuser.expose_secret()).await?;
        for database in [TELLER, HEARER, LOG] {
            pgbench::run(&mut server, &format!("DROP DATABASE {database} WITH (FORCE)")).await?;
        }
        Ok(())
    }
}

/// Opens a database as a service does, with the tables of the kit and `more`.
async fn open(site: &Site, database: &str, more: &'static str) -> anyhow::Result<Db> {
    let database_url = site.superuser_url(database)?;
    let config = PostgresConfig { database_url, database_connections_max: CONNECTIONS };
    postgres_kit::migrate(&config, &KIT).await?;
    let db = postgres_kit::connect(&config).await?;
    sqlx::raw_sql(more).execute(db.pool()).await?;
    // One handshake after the other, so that nobody waits for one later.
    let (began, mut open) = (Instant::now(), Vec::new());
    while open.len() < CONNECTIONS as usize {
        ensure!(began.elapsed() < OPEN_MAX, "the pool of {database} does not fill");
        open.extend(db.pool().acquire().await.ok());
    }
    drop(open);
    Ok(db)
}
