//! The log in `PostgreSQL`, a database of its own.

mod consumer;

use std::{collections::BTreeSet, str::FromStr, time::Duration};

use futures::future::BoxFuture;
use sqlx::{
    ConnectOptions, Connection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
    types::Json,
};
use uuid::Uuid;

use self::consumer::PostgresConsumer;
use crate::{
    Consumer, EventLog, LogError, Record,
    log::{Answers, number_of},
};

static LOG_MIGRATIONS: Migrator = sqlx::migrate!("./log");

const SESSION: [(&str, &str); 7] = [
    ("statement_timeout", "10s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "5s"),
    ("synchronous_commit", "on"),
    // Plans are kept; those made while the tables are empty are to be good when they are full.
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];
const CONNECTIONS_MAX: u32 = 4;
const LEASE: Duration = Duration::from_secs(10);
const PRUNED_AT_ONCE: i64 = 1_000;

/// Gives the records of a batch their offsets under the row locks of their partitions, taken in sorted
/// order, and appends them.
const APPEND: &str = "
    WITH batch AS (
        SELECT topic, part, event_id, key, headers, body,
               row_number() OVER (PARTITION BY topic, part ORDER BY n) AS place,
               count(1) OVER (PARTITION BY topic, part) AS size
          FROM unnest($1::text[], $2::smallint[], $3::uuid[], $4::text[], $5::jsonb[], $6::bytea[])
               WITH ORDINALITY AS b (topic, part, event_id, key, headers, body, n)
    ), ends AS (
        INSERT INTO log_partition AS p (topic, part, next_offset)
        SELECT topic, part, size
          FROM batch
         WHERE place = 1
         ORDER BY topic, part
            ON CONFLICT (topic, part) DO UPDATE SET next_offset = p.next_offset + excluded.next_offset
        RETURNING topic, part, next_offset
    )
    INSERT INTO log_record (topic, part, record_offset, event_id, key, headers, body)
    SELECT b.topic, b.part, e.next_offset - b.size + b.place - 1, b.event_id, b.key, b.headers, b.body
      FROM batch b
      JOIN ends e USING (topic, part)";

/// NOTIFY holds one lock for the whole cluster until its transaction is on disk, so it has a transaction
/// to itself that does not wait for the disk.
const RING: &str = "
    SELECT set_config('synchronous_commit', 'off', true), pg_notify(channel, '')
      FROM unnest($1::text[]) AS t (channel)";

/// The channel that wakes those who read a topic, and nobody else.
fn bell_of(topic: &str) -> String {
    format!("event_log:{topic}")
}

/// The log in `PostgreSQL`.
#[derive(Debug, Clone)]
pub struct PostgresLog {
    pool: PgPool,
    keep_h: u32,
    lease: Duration,
}

/// Makes the tables of the log in its database.
///
/// # Errors
/// The database is away or a step failed.
pub async fn migrate_log(url: &str) -> anyhow::Result<()> {
    let mut connection = PgConnectOptions::from_str(url)?.connect().await?;
    LOG_MIGRATIONS.run(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

impl PostgresLog {
    /// Opens the log, which keeps records for `keep_h` hours; it need not be there yet.
    ///
    /// # Errors
    /// The URL cannot be read.
    pub fn open(url: &str, keep_h: u32) -> anyhow::Result<Self> {
        let options = PgConnectOptions::from_str(url)?.disable_statement_logging().options(SESSION);
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(Duration::from_secs(2))
            .test_before_acquire(false)
            .connect_lazy_with(options);
        Ok(Self { pool, keep_h, lease: LEASE })
    }

    /// Lets a partition of a silent consumer go to another one after `lease` instead of 10 s.
    #[must_use]
    pub fn with_lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    async fn append(&self, batch: &[Record]) -> Result<Answers, LogError> {
        let topics: Vec<&str> = batch.iter().map(|record| record.topic.as_str()).collect();
        let parts: Vec<i16> = batch.iter().map(|record| number_of(record.part)).collect();
        let ids: Vec<Uuid> = batch.iter().map(|record| record.id).collect();
        let keys: Vec<&str> = batch.iter().map(|record| record.key.as_str()).collect();
        let headers: Vec<_> = batch.iter().map(|record| Json(&record.headers)).collect();
        let bodies: Vec<&[u8]> = batch.iter().map(|record| record.body.as_slice()).collect();
        sqlx::query(APPEND)
            .bind(topics)
            .bind(parts)
            .bind(ids)
            .bind(keys)
            .bind(headers)
            .bind(bodies)
            .execute(&self.pool)
            .await?;
        // A bell that does not ring is heard a second later.
        let bells: BTreeSet<String> = batch.iter().map(|record| bell_of(&record.topic)).collect();
        let rung = sqlx::query(RING).bind(Vec::from_iter(bells)).execute(&self.pool).await;
        rung.inspect_err(|error| tracing::debug!(%error, "the bell did not ring")).ok();
        Ok(batch.iter().map(|_| Ok(())).collect())
    }

    /// Forgets what is old, a part of each partition at a time. A partition whose oldest record is young is
    /// not read any further.
    async fn prune_old(&self) -> Result<u64, LogError> {
        let pruned = sqlx::query(
            "WITH old AS MATERIALIZED (
                 SELECT p.topic, p.part, old.record_offset
                   FROM log_partition p
                  CROSS JOIN LATERAL (
                     SELECT at
                       FROM log_record
                      WHERE topic = p.topic AND part = p.part
                      ORDER BY record_offset
                      LIMIT 1
                  ) oldest
                  CROSS JOIN LATERAL (
                     SELECT record_offset, at
                       FROM log_record
                      WHERE topic = p.topic AND part = p.part
                      ORDER BY record_offset
                      LIMIT $2
                  ) old
                  WHERE oldest.at < now() - make_interval(hours => $1)
                    AND old.at < now() - make_interval(hours => $1)
             )
             DELETE FROM log_record
              USING old
              WHERE log_record.topic = old.topic
                AND log_record.part = old.part
                AND log_record.record_offset = old.record_offset",
        );
        let keep_h = i32::try_from(self.keep_h).unwrap_or(i32::MAX);
        let pruned = pruned.bind(keep_h).bind(PRUNED_AT_ONCE).execute(&self.pool).await?;
        sqlx::query("DELETE FROM log_member WHERE seen_until < now() - interval '1 hour'")
            .execute(&self.pool)
            .await?;
        Ok(pruned.rows_affected())
    }
}

impl EventLog for PostgresLog {
    fn publish<'a>(&'a self, batch: &'a [Record]) -> BoxFuture<'a, Result<Answers, LogError>> {
        Box::pin(self.append(batch))
    }

    fn consumer<'a>(
        &'a self,
        group: &'a str,
        topics: &'a [String],
    ) -> BoxFuture<'a, Result<Box<dyn Consumer>, LogError>> {
        Box::pin(async move {
            let consumer =
                PostgresConsumer::join(self.pool.clone(), group, topics, self.lease).await?;
            Ok(Box::new(consumer) as Box<dyn Consumer>)
        })
    }

    fn prune(&self) -> BoxFuture<'_, Result<u64, LogError>> {
        Box::pin(self.prune_old())
    }
}
