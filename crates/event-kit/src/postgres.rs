//! The log in `PostgreSQL`, a database of its own.

mod bells;
mod consumer;

use std::{str::FromStr, time::Duration};

use futures::future::BoxFuture;
use sqlx::{
    ConnectOptions, Connection, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
    types::Json,
};
use uuid::Uuid;

use self::{bells::Bells, consumer::PostgresConsumer};
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

/// Gives the records of a batch the offsets behind the last record of their partition. Who appends to the
/// same partition meanwhile wants the same offsets and waits at the primary key, so that they are dense and
/// visible in their order; sorted, so that two never wait for each other. Nothing is counted up in a row:
/// its old versions would pile up wherever a transaction stays open, and each batch would wade through them.
/// A row of `log_partition` says that there is such a partition, and where it goes on when it is empty.
const APPEND: &str = "
    WITH batch AS MATERIALIZED (
        SELECT topic, part, event_id, key, headers, body,
               row_number() OVER (PARTITION BY topic, part ORDER BY n) AS place
          FROM unnest($1::text[], $2::smallint[], $3::uuid[], $4::text[], $5::jsonb[], $6::bytea[])
               WITH ORDINALITY AS b (topic, part, event_id, key, headers, body, n)
    ), place AS MATERIALIZED (
        SELECT b.topic, b.part, p.next_offset IS NULL AS is_new,
               greatest(p.next_offset, last.record_offset + 1, 0) AS next_offset
          FROM batch b
          LEFT JOIN LATERAL (
             SELECT next_offset
               FROM log_partition
              WHERE topic = b.topic AND part = b.part
              LIMIT 1
          ) p ON true
          LEFT JOIN LATERAL (
             SELECT record_offset
               FROM log_record
              WHERE topic = b.topic AND part = b.part
              ORDER BY record_offset DESC
              LIMIT 1
          ) last ON true
         WHERE b.place = 1
    ), made AS (
        INSERT INTO log_partition (topic, part)
        SELECT topic, part
          FROM place
         WHERE is_new
         ORDER BY topic, part
            ON CONFLICT DO NOTHING
    )
    INSERT INTO log_record (topic, part, record_offset, event_id, key, headers, body)
    SELECT b.topic, b.part, p.next_offset + b.place - 1, b.event_id, b.key, b.headers, b.body
      FROM batch b
      JOIN place p USING (topic, part)
     ORDER BY b.topic, b.part, b.place";

/// How often a batch is appended anew behind what another one appended meanwhile.
const APPENDS_MAX: u32 = 5;

/// Whether another one has taken the offsets.
fn is_overtaken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// The log in `PostgreSQL`.
#[derive(Debug, Clone)]
pub struct PostgresLog {
    pool: PgPool,
    keep_h: u32,
    lease: Duration,
    bells: Bells,
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
        Ok(Self { pool, keep_h, lease: LEASE, bells: Bells::default() })
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
        for left in (0..APPENDS_MAX).rev() {
            let appended = sqlx::query(APPEND)
                .bind(&topics)
                .bind(&parts)
                .bind(&ids)
                .bind(&keys)
                .bind(&headers)
                .bind(&bodies)
                .execute(&self.pool)
                .await;
            match appended {
                Ok(_) => break,
                Err(error) if left > 0 && is_overtaken(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.bells.ring(&self.pool, batch).await;
        Ok(batch.iter().map(|_| Ok(())).collect())
    }

    /// Forgets what is old, a part of each partition at a time. A partition whose oldest record is young is
    /// not read any further. The last record stays: the next one takes its place behind it.
    async fn prune_old(&self) -> Result<u64, LogError> {
        let pruned = sqlx::query(
            "WITH stale AS MATERIALIZED (
                 SELECT p.topic, p.part
                   FROM log_partition p
                  CROSS JOIN LATERAL (
                     SELECT at
                       FROM log_record
                      WHERE topic = p.topic AND part = p.part
                      ORDER BY record_offset
                      LIMIT 1
                  ) oldest
                  WHERE oldest.at < now() - make_interval(hours => $1)
             ), old AS MATERIALIZED (
                 SELECT s.topic, s.part, old.record_offset
                   FROM stale s
                  CROSS JOIN LATERAL (
                     SELECT record_offset
                       FROM log_record
                      WHERE topic = s.topic AND part = s.part
                      ORDER BY record_offset DESC
                      LIMIT 1
                  ) last
                  CROSS JOIN LATERAL (
                     SELECT record_offset, at
                       FROM log_record
                      WHERE topic = s.topic AND part = s.part
                      ORDER BY record_offset
                      LIMIT $2
                  ) old
                  WHERE old.at < now() - make_interval(hours => $1)
                    AND old.record_offset < last.record_offset
                  ORDER BY s.topic, s.part, old.record_offset
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

    fn awaits(&self, batch: &[Record]) -> bool {
        self.bells.awaits(batch)
    }

    fn prune(&self) -> BoxFuture<'_, Result<u64, LogError>> {
        Box::pin(self.prune_old())
    }
}

#[cfg(test)]
mod live {
    use common::types::{Clock, SystemClock};
    use futures::future::join;
    use sqlx::Executor;

    use super::*;
    use crate::Headers;

    /// As releases append that count offsets up in `log_partition`.
    const COUNT_UP: &str = "
        WITH ends AS (
            INSERT INTO log_partition AS p (topic, part, next_offset)
            VALUES ('bell', 3, 2)
                ON CONFLICT (topic, part) DO UPDATE SET next_offset = p.next_offset + excluded.next_offset
            RETURNING next_offset
        )
        INSERT INTO log_record (topic, part, record_offset, event_id, key, headers, body)
        SELECT 'bell', 3, next_offset - 2 + n, gen_random_uuid(), 'key', '{}', ''
          FROM ends, generate_series(0, 1) n";

    fn log_in(pool: &PgPool) -> PostgresLog {
        PostgresLog { pool: pool.clone(), keep_h: 24, lease: LEASE, bells: Bells::default() }
    }

    fn record(topic: &str, part: u16, note: &str) -> Record {
        let (topic, key, body) = (topic.to_owned(), "key".to_owned(), note.as_bytes().to_vec());
        Record { topic, part, id: SystemClock.new_id(), key, headers: Headers::new(), body }
    }

    async fn append(log: &PostgresLog, batch: &[Record]) {
        assert!(log.append(batch).await.unwrap().iter().all(Result::is_ok));
    }

    async fn offsets(pool: &PgPool, topic: &str, part: u16) -> Vec<(i64, String)> {
        sqlx::query_as(
            "SELECT record_offset, convert_from(body, 'UTF8')
               FROM log_record
              WHERE topic = $1 AND part = $2
              ORDER BY record_offset",
        )
        .bind(topic)
        .bind(number_of(part))
        .fetch_all(pool)
        .await
        .unwrap()
    }

    fn numbers(offsets: &[(i64, String)]) -> Vec<i64> {
        offsets.iter().map(|(offset, _)| *offset).collect()
    }

    #[sqlx::test(migrator = "LOG_MIGRATIONS")]
    async fn those_who_append_at_once_never_leave_a_gap_nor_wait_for_each_other(pool: PgPool) {
        let log = log_in(&pool);
        let tell = async |who: &str, parts: [u16; 3]| {
            for n in 0..40 {
                let batch = parts.map(|part| record("bell", part, &format!("{who}{n:02}")));
                append(&log, &batch).await;
            }
        };

        join(tell("a", [1, 2, 3]), tell("b", [3, 2, 1])).await;

        for part in 1..=3 {
            let offsets = offsets(&pool, "bell", part).await;
            assert_eq!(numbers(&offsets), (0..80).collect::<Vec<_>>());
            for who in ["a", "b"] {
                let told = offsets.iter().filter(|(_, note)| note.starts_with(who));
                assert!(told.map(|(_, note)| note).is_sorted());
            }
        }
    }

    #[sqlx::test(migrator = "LOG_MIGRATIONS")]
    async fn only_what_a_member_hears_is_awaited(pool: PgPool) {
        let told = |kind: &str| {
            let headers = Headers::from([("ce_type".to_owned(), kind.to_owned())]);
            [Record { headers, ..record("bell", 1, kind) }]
        };
        let topics = ["bell".to_owned()];
        let mut member = log_in(&pool).consumer("tower", &topics).await.unwrap();
        member.hear(&["rung"]);
        member.poll(1, Duration::ZERO).await.unwrap();

        let log = log_in(&pool);
        append(&log, &told("cast")).await;
        assert!(log.awaits(&told("rung")) && !log.awaits(&told("cast")));

        // As members of earlier releases: they say nothing.
        let mut other = log_in(&pool).consumer("belfry", &topics).await.unwrap();
        other.poll(1, Duration::ZERO).await.unwrap();
        let log = log_in(&pool);
        append(&log, &told("cast")).await;
        assert!(log.awaits(&told("cast")));
    }

    #[sqlx::test(migrator = "LOG_MIGRATIONS")]
    async fn a_batch_keeps_its_order_in_each_partition(pool: PgPool) {
        let batch = [("b", 1, "0"), ("a", 1, "1"), ("b", 1, "2"), ("b", 2, "3"), ("b", 1, "4")]
            .map(|(topic, part, note)| record(topic, part, note));

        append(&log_in(&pool), &batch).await;

        let expected = [(0, "0"), (1, "2"), (2, "4")].map(|(n, note)| (n, note.to_owned()));
        assert_eq!(offsets(&pool, "b", 1).await, expected);
        assert_eq!(offsets(&pool, "b", 2).await, [(0, "3".to_owned())]);
        assert_eq!(offsets(&pool, "a", 1).await, [(0, "1".to_owned())]);
    }

    #[sqlx::test(migrator = "LOG_MIGRATIONS")]
    async fn offsets_go_on_when_old_records_are_gone(pool: PgPool) {
        let log = log_in(&pool);
        for note in ["0", "1", "2"] {
            append(&log, &[record("bell", 3, note)]).await;
        }
        let age = "UPDATE log_record SET at = now() - interval '25 h'";
        pool.execute(age).await.unwrap();

        assert_eq!(log.prune_old().await.unwrap(), 2);
        append(&log, &[record("bell", 3, "3")]).await;
        assert_eq!(numbers(&offsets(&pool, "bell", 3).await), [2, 3]);

        pool.execute("DELETE FROM log_record; UPDATE log_partition SET next_offset = 40")
            .await
            .unwrap();
        append(&log, &[record("bell", 3, "40")]).await;
        assert_eq!(numbers(&offsets(&pool, "bell", 3).await), [40]);
    }

    #[sqlx::test(migrator = "LOG_MIGRATIONS")]
    async fn a_release_that_counts_offsets_up_and_one_that_does_not_take_turns(pool: PgPool) {
        let log = log_in(&pool);
        for _ in 0..3 {
            pool.execute(COUNT_UP).await.unwrap();
            append(&log, &["a", "b", "c"].map(|note| record("bell", 3, note))).await;
        }

        assert_eq!(numbers(&offsets(&pool, "bell", 3).await), (0..15).collect::<Vec<_>>());
    }

    #[sqlx::test(migrator = "LOG_MIGRATIONS")]
    async fn under_an_open_transaction_appending_leaves_no_old_versions_of_rows(pool: PgPool) {
        let log = log_in(&pool);
        let mut open = pool.acquire().await.unwrap();
        open.execute("BEGIN; SELECT pg_current_xact_id()").await.unwrap();

        for n in 0..100 {
            let batch: Vec<_> = (0..16).map(|part| record("bell", part, &n.to_string())).collect();
            append(&log, &batch).await;
        }

        let pages = "SELECT pg_relation_size('log_partition') / 8192";
        let pages: i64 = sqlx::query_scalar(pages).fetch_one(&pool).await.unwrap();
        assert_eq!(pages, 1);
        open.execute("ROLLBACK").await.unwrap();
    }
}
