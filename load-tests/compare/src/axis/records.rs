//! What the databases say.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use cloudeats::site::{CHECKER, EVENT_LOG, Service, Site};
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};
use tokio::time::Instant;

/// Work that follows an order may take so long after the last one.
const DRAIN_MAX: Duration = Duration::from_mins(2);
const LOOK: Duration = Duration::from_millis(250);
/// PostgreSQL tells its counters with a delay of up to a second.
const COUNTED: Duration = Duration::from_millis(1_200);

const OUTBOX: &str = "SELECT count(*) FROM outbox WHERE published_at IS NULL";
const UNHEARD: &str = "
    SELECT coalesce(sum(last.record_offset + 1 - g.committed_offset), 0)::bigint
      FROM log_group g
     CROSS JOIN LATERAL (
        SELECT record_offset
          FROM log_record
         WHERE topic = g.topic AND part = g.part
         ORDER BY record_offset DESC
         LIMIT 1
     ) last";

/// A question after what is left to do: the database, what it is, and how it is counted.
pub(super) type Left = (&'static str, &'static str, &'static str);

/// Connections into databases that may only read, and one that may do all.
pub(super) struct Records {
    readers: BTreeMap<&'static str, PgConnection>,
    superuser: PgConnection,
    left: &'static [Left],
}

/// What is left to do, by what it is; empty where all is done.
pub(super) type Backlog = BTreeMap<String, i64>;

/// Counters of the cluster.
#[derive(Debug, Clone)]
pub(super) struct Counters {
    commits: BTreeMap<String, i64>,
    wal_bytes: i64,
    wal_syncs: i64,
}

impl Records {
    /// The databases of these services and the event log. `left` asks after work beyond their facts.
    pub(super) async fn open(
        site: &Site,
        services: &[Service],
        left: &'static [Left],
    ) -> anyhow::Result<Self> {
        let mut readers = BTreeMap::new();
        let owned = services.iter().filter(|service| service.has_database);
        for database in owned.map(|service| service.name).chain([EVENT_LOG]) {
            let url = site.database_url(database, CHECKER)?;
            let connected = PgConnection::connect(url.expose_secret()).await;
            let connected = connected.with_context(|| format!("`{database}` cannot be read"))?;
            readers.insert(database, connected);
        }
        let superuser = PgConnection::connect(site.superuser_url("postgres")?.expose_secret());
        Ok(Self { readers, superuser: superuser.await?, left })
    }

    /// A connection for reading.
    pub(super) fn of(&mut self, database: &str) -> anyhow::Result<&mut PgConnection> {
        self.readers.get_mut(database).with_context(|| format!("no database `{database}`"))
    }

    /// Waits until everything that was brought about is done; answers what is not after two minutes.
    pub(super) async fn drain(&mut self) -> anyhow::Result<Backlog> {
        let begun = Instant::now();
        loop {
            let backlog = self.backlog().await?;
            if backlog.is_empty() || begun.elapsed() > DRAIN_MAX {
                return Ok(backlog);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn backlog(&mut self) -> anyhow::Result<Backlog> {
        let mut questions: Vec<(&'static str, String, &'static str)> = self
            .of_services()
            .map(|database| (database, format!("unpublished facts of {database}"), OUTBOX))
            .collect();
        questions.push((EVENT_LOG, "facts not heard".to_owned(), UNHEARD));
        let more =
            self.left.iter().map(|(database, what, how)| (*database, (*what).to_owned(), *how));
        questions.extend(more);

        let mut backlog = Backlog::new();
        for (database, what, question) in questions {
            let left: i64 = sqlx::query_scalar(question).fetch_one(self.of(database)?).await?;
            if left != 0 {
                backlog.insert(what, left);
            }
        }
        Ok(backlog)
    }

    /// Letters that no listener could read or apply.
    pub(super) async fn dead_letters(&mut self) -> anyhow::Result<i64> {
        let mut all = 0;
        for database in self.of_services().collect::<Vec<_>>() {
            let open = "SELECT count(*) FROM dead_letter WHERE settled_at IS NULL";
            let open: i64 = sqlx::query_scalar(open).fetch_one(self.of(database)?).await?;
            all += open;
        }
        Ok(all)
    }

    fn of_services(&self) -> impl Iterator<Item = &'static str> {
        self.readers.keys().copied().filter(|database| *database != EVENT_LOG)
    }

    /// Writes out what is dirty, so that no phase pays for the one before.
    pub(super) async fn checkpoint(&mut self) -> anyhow::Result<()> {
        sqlx::raw_sql("CHECKPOINT").execute(&mut self.superuser).await?;
        Ok(())
    }

    pub(super) async fn counters(&mut self) -> anyhow::Result<Counters> {
        tokio::time::sleep(COUNTED).await;
        let commits = "SELECT datname, xact_commit FROM pg_stat_database WHERE datname = ANY ($1)";
        let databases: Vec<&str> = self.readers.keys().copied().collect();
        let commits: Vec<(String, i64)> =
            sqlx::query_as(commits).bind(databases).fetch_all(&mut self.superuser).await?;
        let wal = "SELECT (pg_current_wal_lsn() - '0/0')::bigint";
        Ok(Counters {
            commits: commits.into_iter().collect(),
            wal_bytes: sqlx::query_scalar(wal).fetch_one(&mut self.superuser).await?,
            wal_syncs: sqlx::query_scalar("SELECT wal_sync FROM pg_stat_wal")
                .fetch_one(&mut self.superuser)
                .await?,
        })
    }

    /// Our version, that of PostgreSQL, and those settings on which durability and speed depend.
    pub(super) async fn versions(&mut self) -> anyhow::Result<BTreeMap<String, String>> {
        const SETTINGS: &str = "
            SELECT name, current_setting(name)
              FROM pg_settings
             WHERE name IN ('server_version', 'fsync', 'synchronous_commit', 'full_page_writes',
                            'shared_buffers', 'max_wal_size', 'wal_sync_method')";
        let settings: Vec<(String, String)> =
            sqlx::query_as(SETTINGS).fetch_all(&mut self.superuser).await?;
        let settings =
            settings.into_iter().map(|(name, value)| (format!("postgres.{name}"), value));
        let ours = ("compare".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        Ok(settings.chain([ours]).collect())
    }
}

impl Counters {
    /// Commits since `earlier`, those of readers too, in the databases of our services and their log.
    pub(super) fn commits_since(&self, earlier: &Self) -> BTreeMap<String, u64> {
        let since = |(database, now): (&String, &i64)| {
            let then = earlier.commits.get(database).copied().unwrap_or(0);
            (database.clone(), u64::try_from(now - then).unwrap_or(0))
        };
        self.commits.iter().map(since).collect()
    }

    /// How often the log was forced to the disk since `earlier`; many commits share one.
    pub(super) fn syncs_since(&self, earlier: &Self) -> u64 {
        u64::try_from(self.wal_syncs - earlier.wal_syncs).unwrap_or(0)
    }

    pub(super) fn wal_since(&self, earlier: &Self) -> u64 {
        u64::try_from(self.wal_bytes - earlier.wal_bytes).unwrap_or(0)
    }
}
