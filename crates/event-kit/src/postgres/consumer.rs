//! A member of a group of readers of the `PostgreSQL` log: leases on partitions, fenced commits.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use common::types::{Clock, SystemClock};
use futures::future::BoxFuture;
use postgres_kit::{Db, Listener, listen};
use sqlx::{FromRow, PgPool, types::Json};
use uuid::Uuid;

use super::bells::{bell_of_topic, bell_of_type};
use crate::{
    Consumer, Delivery, Headers, LogError, Mark, PARTITIONS, Record,
    log::{number_of, part_of},
};

/// How long nobody looks when nobody rings.
const LOOK: Duration = Duration::from_secs(1);
/// After a look a reader rests some times as long as the look took, so that on a busy machine many
/// events share one, and on an idle one nobody waits.
const REST_TIMES: u32 = 2;
const REST_MAX: Duration = Duration::from_millis(25);

/// Makes the rows of the group, none of them owned.
const JOIN: &str = "
    INSERT INTO log_group (consumer_group, topic, part)
    SELECT $1, topic, part
      FROM unnest($2::text[]) AS t (topic)
     CROSS JOIN generate_series(0, $3 - 1) AS p (part)
     ORDER BY topic, part
        ON CONFLICT DO NOTHING";

/// Says that we are here, renews our leases and counts the members. Losing this in a crash costs
/// nothing, so it does not wait for the disk.
const BEAT: &str = "
    WITH quick AS MATERIALIZED (
        SELECT set_config('synchronous_commit', 'off', true), now() + make_interval(secs => $4) AS until
    ), beat AS (
        INSERT INTO log_member (consumer_group, member, seen_until, types)
        SELECT $1, $2, until, $5
          FROM quick
            ON CONFLICT (consumer_group, member)
            DO UPDATE SET seen_until = excluded.seen_until, types = excluded.types
    ), kept AS (
        UPDATE log_group g
           SET lease_until = quick.until
          FROM quick
         WHERE g.consumer_group = $1 AND g.owner = $2 AND g.topic = ANY ($3)
        RETURNING g.topic, g.part, g.generation
    )
    SELECT (SELECT count(1) + 1
              FROM log_member
             WHERE consumer_group = $1 AND member <> $2 AND seen_until > now()),
           coalesce((SELECT array_agg(topic ORDER BY topic, part) FROM kept), '{}'),
           coalesce((SELECT array_agg(part ORDER BY topic, part) FROM kept), '{}'),
           coalesce((SELECT array_agg(generation ORDER BY topic, part) FROM kept), '{}')";

/// Takes free partitions. The generation that fences the former owner must survive a crash, so this
/// waits for the disk.
const TAKE: &str = "
    WITH free AS MATERIALIZED (
        SELECT topic, part
          FROM log_group
         WHERE consumer_group = $1
           AND topic = ANY ($3)
           AND (lease_until IS NULL OR lease_until < now())
         ORDER BY topic, part
         LIMIT $5
           FOR UPDATE SKIP LOCKED
    )
    UPDATE log_group g
       SET owner = $2, generation = g.generation + 1, lease_until = now() + make_interval(secs => $4)
      FROM free
     WHERE g.consumer_group = $1 AND g.topic = free.topic AND g.part = free.part
    RETURNING g.topic, g.part, g.generation, g.committed_offset";

const RELEASE: &str = "
    UPDATE log_group g
       SET owner = NULL, lease_until = NULL
      FROM unnest($3::text[], $4::smallint[]) AS r (topic, part)
     WHERE g.consumer_group = $1 AND g.owner = $2 AND g.topic = r.topic AND g.part = r.part";

/// The partitions that hold something we have not read share the batch.
const FETCH: &str = "
    WITH waiting AS MATERIALIZED (
        SELECT w.topic, w.part, w.next_offset
          FROM unnest($1::text[], $2::smallint[], $3::bigint[]) AS w (topic, part, next_offset)
         CROSS JOIN LATERAL (
            SELECT
              FROM log_record
             WHERE topic = w.topic AND part = w.part AND record_offset >= w.next_offset
             ORDER BY record_offset
             LIMIT 1
         ) r
    )
    SELECT r.topic, r.part, r.record_offset, r.event_id, r.key, r.headers, r.body
      FROM waiting w
     CROSS JOIN LATERAL (
        SELECT topic, part, record_offset, event_id, key, headers, body
          FROM log_record
         WHERE topic = w.topic AND part = w.part AND record_offset >= w.next_offset
         ORDER BY record_offset
         LIMIT greatest(1, $4 / (SELECT count(1) FROM waiting))
     ) r";

/// What is read again after a crash is absorbed by positions, so this does not wait for the disk.
const COMMIT: &str = "
    WITH quick AS MATERIALIZED (
        SELECT set_config('synchronous_commit', 'off', true), now() + make_interval(secs => $3) AS until
    )
    UPDATE log_group g
       SET committed_offset = m.next_offset, lease_until = quick.until
      FROM unnest($4::text[], $5::smallint[], $6::bigint[], $7::bigint[])
           AS m (topic, part, generation, next_offset), quick
     WHERE g.consumer_group = $1 AND g.owner = $2
       AND g.topic = m.topic AND g.part = m.part AND g.generation = m.generation
    RETURNING g.topic, g.part";

const LAG: &str = "
    SELECT coalesce(sum(greatest(last.record_offset + 1 - g.committed_offset, 0)), 0)::bigint
      FROM log_group g
     CROSS JOIN LATERAL (
        SELECT record_offset
          FROM log_record
         WHERE topic = g.topic AND part = g.part
         ORDER BY record_offset DESC
         LIMIT 1
     ) last
     WHERE g.consumer_group = $1 AND g.owner = $2";

/// A partition that is ours.
#[derive(Debug, Clone, Copy)]
struct Lease {
    generation: i64,
    /// The offset of the first record not read yet.
    next: i64,
}

pub(super) struct PostgresConsumer {
    pool: PgPool,
    group: String,
    member: Uuid,
    topics: Vec<String>,
    /// The types that it hears; none: all of them.
    types: Option<Vec<String>>,
    lease: Duration,
    leases: BTreeMap<(String, u16), Lease>,
    bell: Listener,
    beat_at: Instant,
    /// When to look although nobody rings.
    look_at: Instant,
    /// Before this nobody looks, whoever rings.
    rested_at: Instant,
}

#[derive(FromRow)]
struct RecordRow {
    topic: String,
    part: i16,
    record_offset: i64,
    event_id: Uuid,
    key: String,
    headers: Json<Headers>,
    body: Vec<u8>,
}

impl PostgresConsumer {
    pub(super) async fn join(
        pool: PgPool,
        group: &str,
        topics: &[String],
        lease: Duration,
    ) -> Result<Self, LogError> {
        let join = sqlx::query(JOIN).bind(group).bind(topics).bind(i32::from(PARTITIONS));
        join.execute(&pool).await?;
        let now = Instant::now();
        Ok(Self {
            bell: listen(
                &Db::from_pool(pool.clone()),
                topics.iter().map(|topic| bell_of_topic(topic)),
            ),
            pool,
            group: group.to_owned(),
            member: SystemClock.new_id(),
            topics: topics.to_vec(),
            types: None,
            lease,
            leases: BTreeMap::new(),
            beat_at: now,
            look_at: now,
            rested_at: now,
        })
    }

    /// Renews, takes up to a fair share, gives back what is beyond it.
    async fn beat(&mut self) -> Result<(), LogError> {
        let (members, topics, parts, generations): (i64, Vec<String>, Vec<i16>, Vec<i64>) =
            sqlx::query_as(BEAT)
                .bind(&self.group)
                .bind(self.member)
                .bind(&self.topics)
                .bind(self.lease.as_secs_f64())
                .bind(&self.types)
                .fetch_one(&self.pool)
                .await?;
        let kept: BTreeMap<(String, u16), i64> =
            topics.into_iter().zip(parts.into_iter().map(part_of)).zip(generations).collect();
        self.leases.retain(|place, lease| kept.get(place) == Some(&lease.generation));

        let members = usize::try_from(members).unwrap_or(1).max(1);
        let share = (self.topics.len() * usize::from(PARTITIONS)).div_ceil(members);
        if self.leases.len() < share {
            self.take(share - self.leases.len()).await?;
        } else {
            let beyond: Vec<_> = self.leases.keys().skip(share).cloned().collect();
            self.release(&beyond).await?;
        }
        self.beat_at = Instant::now() + self.lease / 5;
        Ok(())
    }

    async fn take(&mut self, most: usize) -> Result<(), LogError> {
        let taken: Vec<(String, i16, i64, i64)> = sqlx::query_as(TAKE)
            .bind(&self.group)
            .bind(self.member)
            .bind(&self.topics)
            .bind(self.lease.as_secs_f64())
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await?;
        if !taken.is_empty() {
            self.look_at = Instant::now();
        }
        for (topic, part, generation, next) in taken {
            self.leases.insert((topic, part_of(part)), Lease { generation, next });
        }
        Ok(())
    }

    async fn release(&mut self, places: &[(String, u16)]) -> Result<(), LogError> {
        if places.is_empty() {
            return Ok(());
        }
        let (topics, parts): (Vec<&str>, Vec<i16>) =
            places.iter().map(|(topic, part)| (topic.as_str(), number_of(*part))).unzip();
        sqlx::query(RELEASE)
            .bind(&self.group)
            .bind(self.member)
            .bind(topics)
            .bind(parts)
            .execute(&self.pool)
            .await?;
        for place in places {
            self.leases.remove(place);
        }
        Ok(())
    }

    async fn fetch(&mut self, most: usize) -> Result<Vec<Delivery>, LogError> {
        let wanted: Vec<(&str, i16, i64)> = self
            .leases
            .iter()
            .map(|((topic, part), lease)| (topic.as_str(), number_of(*part), lease.next))
            .collect();
        let began = Instant::now();
        let rows: Vec<RecordRow> = sqlx::query_as(FETCH)
            .bind(wanted.iter().map(|(topic, _, _)| *topic).collect::<Vec<_>>())
            .bind(wanted.iter().map(|(_, part, _)| *part).collect::<Vec<_>>())
            .bind(wanted.iter().map(|(_, _, next)| *next).collect::<Vec<_>>())
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await?;
        let now = Instant::now();
        (self.look_at, self.rested_at) = if may_have_more(&rows, most) {
            (now, now)
        } else {
            (now + LOOK, now + REST_MAX.min((now - began) * REST_TIMES))
        };
        Ok(rows.into_iter().filter_map(|row| self.deliver(row)).collect())
    }

    fn deliver(&mut self, row: RecordRow) -> Option<Delivery> {
        let place = (row.topic, part_of(row.part));
        let lease = self.leases.get_mut(&place)?;
        lease.next = row.record_offset + 1;
        let generation = lease.generation;
        let (topic, part) = place;
        let (id, key, Json(headers), body) = (row.event_id, row.key, row.headers, row.body);
        let record = Record { topic, part, id, key, headers, body };
        Some(Delivery { record, offset: row.record_offset, lease: generation })
    }

    async fn poll_once(&mut self, most: usize, wait: Duration) -> Result<Vec<Delivery>, LogError> {
        let until = Instant::now() + wait;
        loop {
            if self.beat_at <= Instant::now() {
                self.beat().await?;
            }
            if most > 0 && self.look_at <= Instant::now() {
                tokio::time::sleep_until(self.rested_at.into()).await;
                let found = self.fetch(most).await?;
                if !found.is_empty() {
                    return Ok(found);
                }
            }
            let now = Instant::now();
            if now >= until {
                return Ok(Vec::new());
            }
            let pause = until.min(self.beat_at).min(self.look_at.max(now)) - now;
            if most == 0 {
                tokio::time::sleep(pause.max(Duration::from_millis(1))).await;
            } else if self.rung_within(pause).await {
                self.look_at = Instant::now();
            }
        }
    }

    /// Whether it rang, as far as one can say: rather once too often than once too seldom.
    async fn rung_within(&self, pause: Duration) -> bool {
        let began = Instant::now();
        self.bell.woken_within(pause).await;
        began.elapsed() < pause
    }

    async fn commit_marks(&mut self, marks: &[Mark]) -> Result<Vec<Mark>, LogError> {
        let taken: Vec<(String, i16)> = sqlx::query_as(COMMIT)
            .bind(&self.group)
            .bind(self.member)
            .bind(self.lease.as_secs_f64())
            .bind(marks.iter().map(|mark| mark.topic.as_str()).collect::<Vec<_>>())
            .bind(marks.iter().map(|mark| number_of(mark.part)).collect::<Vec<_>>())
            .bind(marks.iter().map(|mark| mark.lease).collect::<Vec<_>>())
            .bind(marks.iter().map(|mark| mark.next).collect::<Vec<_>>())
            .fetch_all(&self.pool)
            .await?;
        let taken = |mark: &&Mark| {
            taken.iter().any(|(topic, part)| *topic == mark.topic && part_of(*part) == mark.part)
        };
        Ok(marks.iter().filter(|mark| !taken(mark)).cloned().collect())
    }
}

/// Whether a partition gave all that it was asked for: its equal part of the batch.
fn may_have_more(rows: &[RecordRow], most: usize) -> bool {
    let mut sizes = BTreeMap::<(&str, i16), usize>::new();
    for row in rows {
        *sizes.entry((&row.topic, row.part)).or_default() += 1;
    }
    let share = most.checked_div(sizes.len()).unwrap_or(most).max(1);
    sizes.into_values().any(|size| size >= share)
}

impl Consumer for PostgresConsumer {
    fn hear(&mut self, types: &[&str]) {
        // Those who do not know yet what is heard here ring for the whole topic.
        let of_topics = self.topics.iter().map(|topic| bell_of_topic(topic));
        let of_types = types.iter().map(|kind| bell_of_type(kind));
        self.bell = listen(&Db::from_pool(self.pool.clone()), of_topics.chain(of_types));
        self.types = Some(types.iter().map(|&kind| kind.to_owned()).collect());
    }

    fn poll(
        &mut self,
        most: usize,
        wait: Duration,
    ) -> BoxFuture<'_, Result<Vec<Delivery>, LogError>> {
        Box::pin(self.poll_once(most, wait))
    }

    fn commit<'a>(&'a mut self, marks: &'a [Mark]) -> BoxFuture<'a, Result<Vec<Mark>, LogError>> {
        Box::pin(self.commit_marks(marks))
    }

    fn seek<'a>(
        &'a mut self,
        topic: &'a str,
        part: u16,
        offset: i64,
    ) -> BoxFuture<'a, Result<(), LogError>> {
        let lease = self.leases.get_mut(&(topic.to_owned(), part));
        let found = lease.map(|lease| lease.next = offset).ok_or(LogError::NotOurs);
        self.look_at = Instant::now();
        Box::pin(std::future::ready(found))
    }

    fn lag(&mut self) -> BoxFuture<'_, Result<i64, LogError>> {
        let lag = sqlx::query_scalar(LAG).bind(&self.group).bind(self.member);
        Box::pin(async { Ok(lag.fetch_one(&self.pool).await?) })
    }

    fn close(mut self: Box<Self>) -> BoxFuture<'static, Result<(), LogError>> {
        Box::pin(async move {
            let all: Vec<_> = self.leases.keys().cloned().collect();
            self.release(&all).await?;
            sqlx::query("DELETE FROM log_member WHERE consumer_group = $1 AND member = $2")
                .bind(&self.group)
                .bind(self.member)
                .execute(&self.pool)
                .await?;
            Ok(())
        })
    }
}
