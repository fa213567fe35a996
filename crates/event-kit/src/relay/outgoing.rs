//! Rows of the outbox as records of the log.

use std::collections::BTreeMap;

use common::types::{Cell, OrderId};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::floor::Horizon;
use crate::{Envelope, Record, log::part_of, topic_of};

const PER_PARTITION: usize = 64;
const GLANCED_MAX: usize = 1_000;

/// A row on its way.
pub(super) struct Outgoing {
    pub(super) id: i64,
    pub(super) record: Record,
}

#[derive(FromRow)]
struct OutboxRow {
    id: i64,
    event_id: Uuid,
    source: String,
    key: String,
    seq: i64,
    part: i16,
    #[sqlx(rename = "type")]
    kind: String,
    payload: String,
    cell: Option<String>,
    epoch: i64,
    correlation: Option<Uuid>,
    causation: Option<Uuid>,
    trace: Option<String>,
    created_at: jiff_sqlx::Timestamp,
}

/// What a glance found.
pub(super) struct Glance {
    /// What is due, the oldest first.
    pub(super) due: Vec<Outgoing>,
    /// All that is there, due or not.
    pub(super) ids: Vec<i64>,
    /// The transactions at that time; nobody knows where nothing was found.
    pub(super) horizon: Option<Horizon>,
}

#[derive(FromRow)]
struct GlanceRow {
    #[sqlx(flatten)]
    row: OutboxRow,
    unpublished: bool,
    ended: i64,
    begun: i64,
}

/// The highest id of all.
pub(super) async fn highest(own: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM outbox").fetch_one(own).await
}

/// Marks what was published, and answers all that is not: the oldest of each partition first, without the
/// keys that rest.
pub(super) async fn mark_and_sweep(
    own: &mut PgConnection,
    told: &[i64],
    parts: &[i16],
    resting: &[&str],
    region: &str,
) -> sqlx::Result<Vec<Outgoing>> {
    let rows: Vec<OutboxRow> = sqlx::query_as(
        "WITH told AS (
             UPDATE outbox
                SET published_at = now()
              WHERE id = ANY ($4)
         )
         SELECT o.id, o.event_id, o.source, o.key, o.seq, o.part, o.type, o.payload::text AS payload, o.cell,
                o.epoch, o.correlation, o.causation, o.trace, o.created_at
           FROM unnest($1::smallint[]) AS p (part)
          CROSS JOIN LATERAL (
             SELECT id, event_id, source, key, seq, part, type, payload, cell, epoch, correlation, causation,
                    trace, created_at
               FROM outbox
              WHERE part = p.part AND published_at IS NULL AND key <> ALL ($2) AND id <> ALL ($4)
              ORDER BY id
              LIMIT $3
          ) o
          ORDER BY o.id",
    )
    .bind(parts)
    .bind(resting)
    .bind(i64::try_from(PER_PARTITION).unwrap_or(i64::MAX))
    .bind(told)
    .fetch_all(own)
    .await?;
    Ok(rows.into_iter().map(|row| row.outgoing(region)).collect())
}

/// Marks what was published, and answers what is behind an id, the oldest first, and what has come under
/// the ids that were missing. It follows ids alone and asks nowhere whether something is published: an index
/// of what is not is full of what was, while a transaction stays open.
pub(super) async fn mark_and_glance(
    own: &mut PgConnection,
    told: &[i64],
    (behind, missing): (i64, &[i64]),
    parts: &[i16],
    resting: &[&str],
    region: &str,
) -> sqlx::Result<Glance> {
    let rows: Vec<GlanceRow> = sqlx::query_as(
        "WITH told AS (
             UPDATE outbox
                SET published_at = now()
              WHERE id = ANY ($1)
         ), found AS (
             (SELECT *
                FROM outbox
               WHERE id > $2
               ORDER BY id
               LIMIT $3)
             UNION ALL
             SELECT *
               FROM outbox
              WHERE id = ANY ($4)
         )
         SELECT id, event_id, source, key, seq, part, type, payload::text AS payload, cell, epoch, correlation,
                causation, trace, created_at, published_at IS NULL AS unpublished,
                pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS ended,
                pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS begun
           FROM found",
    )
    .bind(told)
    .bind(behind)
    .bind(i64::try_from(GLANCED_MAX).unwrap_or(i64::MAX))
    .bind(missing)
    .fetch_all(own)
    .await?;

    let horizon =
        rows.first().map(|GlanceRow { ended, begun, .. }| Horizon { ended: *ended, begun: *begun });
    let (mut ids, mut due) = (Vec::with_capacity(rows.len()), Vec::new());
    for GlanceRow { row, unpublished, .. } in rows {
        ids.push(row.id);
        let ours = parts.contains(&row.part) && !resting.contains(&row.key.as_str());
        if ours && unpublished && !told.contains(&row.id) {
            due.push(row.outgoing(region));
        }
    }
    ids.sort_unstable();
    due.sort_unstable_by_key(|outgoing| outgoing.id);
    Ok(Glance { due, ids, horizon })
}

impl Glance {
    /// Whether there may be more behind it.
    pub(super) fn may_have_more(&self) -> bool {
        self.ids.len() >= GLANCED_MAX
    }
}

/// Whether a partition gave as much as it may.
pub(super) fn may_have_more(batch: &[Outgoing]) -> bool {
    let mut sizes = BTreeMap::<u16, usize>::new();
    for outgoing in batch {
        *sizes.entry(outgoing.record.part).or_default() += 1;
    }
    sizes.into_values().any(|size| size >= PER_PARTITION)
}

/// Marks what was published.
pub(super) async fn mark(own: &mut PgConnection, told: &[i64]) -> sqlx::Result<()> {
    sqlx::query("UPDATE outbox SET published_at = now() WHERE id = ANY ($1)")
        .bind(told)
        .execute(own)
        .await?;
    Ok(())
}

impl OutboxRow {
    fn outgoing(self, region: &str) -> Outgoing {
        let envelope = Envelope {
            id: self.event_id,
            kind: self.kind,
            source: self.source,
            region: region.to_owned(),
            key: self.key,
            seq: self.seq,
            epoch: self.epoch,
            at: self.created_at.to_jiff(),
            order: self.correlation.map(OrderId::from_uuid),
            cause: self.causation,
            cell: self.cell.and_then(|name| Cell::parse(&name).ok()),
            trace: self.trace,
        };
        let record = Record {
            topic: topic_of(&envelope.source),
            part: part_of(self.part),
            id: envelope.id,
            headers: envelope.to_headers(),
            key: envelope.key,
            body: self.payload.into_bytes(),
        };
        Outgoing { id: self.id, record }
    }
}

#[cfg(test)]
mod live {
    use std::time::Duration;

    use common::types::Event;
    use postgres_kit::Db;
    use serde::{Deserialize, Serialize};
    use sqlx::PgPool;

    use super::*;
    use crate::{
        PARTITIONS, outbox,
        relay::floor::{Floor, Look},
    };

    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct Rung(String);

    impl Event for Rung {
        const TYPE: &'static str = "com.cloudeats.tower.rung.v1";

        fn key(&self) -> String {
            self.0.clone()
        }
    }

    async fn tell(db: &Db, bell: &str) {
        let mut tx = db.begin().await.unwrap();
        outbox::stage(&mut tx, &Rung(bell.to_owned())).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// One that has swept, will not for as long as a test may take, and sees what comes.
    fn floor() -> Floor {
        let now = std::time::Instant::now();
        let mut floor = Floor::new(0, now);
        floor.swept(now, now + Duration::from_mins(10), false);
        floor
    }

    fn missing(floor: &Floor) -> Vec<i64> {
        match floor.next_look(std::time::Instant::now()) {
            Look::Sweep => panic!("it sweeps"),
            Look::Glance { missing, .. } => missing,
        }
    }

    /// Glances as a relay does that has published `told`, and answers with the bells that are due.
    async fn glance(own: &mut PgConnection, floor: &mut Floor, told: &[i64]) -> Vec<(i64, String)> {
        let Look::Glance { behind, missing } = floor.next_look(std::time::Instant::now()) else {
            panic!("it sweeps")
        };
        let parts: Vec<i16> = (0..PARTITIONS.cast_signed()).collect();
        let place = (behind, missing.as_slice());
        let glance = mark_and_glance(own, told, place, &parts, &["resting"], "eu-west-1");
        let glance = glance.await.unwrap();
        if let Some(horizon) = glance.horizon {
            floor.glanced(&glance.ids, horizon);
        }
        glance.due.into_iter().map(|outgoing| (outgoing.id, outgoing.record.key)).collect()
    }

    fn due(id: i64, bell: &str) -> (i64, String) {
        (id, bell.to_owned())
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_glance_finds_what_is_committed_late_and_forgets_what_is_undone(pool: PgPool) {
        let db = Db::from_pool(pool.clone());
        let (mut own, mut floor) = (pool.acquire().await.unwrap(), floor());
        let (mut late, mut undone) = (db.begin().await.unwrap(), db.begin().await.unwrap());
        outbox::stage(&mut late, &Rung("late".to_owned())).await.unwrap();
        outbox::stage(&mut undone, &Rung("undone".to_owned())).await.unwrap();
        tell(&db, "first").await;

        assert_eq!(glance(&mut own, &mut floor, &[]).await, [due(3, "first")]);
        assert_eq!(missing(&floor), [1, 2]);
        undone.rollback().await;
        late.commit().await.unwrap();
        assert_eq!(glance(&mut own, &mut floor, &[3]).await, [due(1, "late")]);

        // Others of the server may have begun before, and hide for a while that it was undone.
        let mut told = vec![1];
        while missing(&floor).contains(&2) {
            assert!(told.len() < 500, "it is never forgotten");
            tokio::time::sleep(Duration::from_millis(20)).await;
            tell(&db, "next").await;
            let next = glance(&mut own, &mut floor, &told).await;
            assert_eq!(next.len(), 1);
            told.extend(next.into_iter().map(|(id, _)| id));
        }
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_glance_passes_what_rests_and_what_was_told(pool: PgPool) {
        let db = Db::from_pool(pool.clone());
        let (mut own, mut floor) = (pool.acquire().await.unwrap(), floor());
        for bell in ["great", "resting", "small"] {
            tell(&db, bell).await;
        }

        assert_eq!(glance(&mut own, &mut floor, &[1]).await, [due(3, "small")]);
        assert_eq!(glance(&mut own, &mut floor, &[3]).await, []);
        let unmarked: Vec<i64> =
            sqlx::query_scalar("SELECT id FROM outbox WHERE published_at IS NULL")
                .fetch_all(&pool)
                .await
                .unwrap();
        assert_eq!(unmarked, [2]);
    }
}
