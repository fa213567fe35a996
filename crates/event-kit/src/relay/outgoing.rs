//! Rows of the outbox as records of the log.

use std::collections::BTreeMap;

use common::types::{Cell, OrderId};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{Envelope, Record, log::part_of, topic_of};

const PER_PARTITION: usize = 64;

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

/// Marks what was published, and answers what is not, behind the id `from`: the oldest of each partition
/// first, without the keys that rest.
pub(super) async fn mark_and_look(
    own: &mut PgConnection,
    told: &[i64],
    parts: &[i16],
    resting: &[&str],
    from: i64,
    region: &str,
) -> sqlx::Result<Vec<Outgoing>> {
    let rows: Vec<OutboxRow> = sqlx::query_as(
        "WITH told AS (
             UPDATE outbox
                SET published_at = now()
              WHERE id = ANY ($4) AND published_at IS NULL
         )
         SELECT o.id, o.event_id, o.source, o.key, o.seq, o.part, o.type, o.payload::text AS payload, o.cell,
                o.epoch, o.correlation, o.causation, o.trace, o.created_at
           FROM unnest($1::smallint[]) AS p (part)
          CROSS JOIN LATERAL (
             SELECT id, event_id, source, key, seq, part, type, payload, cell, epoch, correlation, causation,
                    trace, created_at
               FROM outbox
              WHERE part = p.part AND id > $5 AND published_at IS NULL AND key <> ALL ($2) AND id <> ALL ($4)
              ORDER BY id
              LIMIT $3
          ) o
          ORDER BY o.id",
    )
    .bind(parts)
    .bind(resting)
    .bind(i64::try_from(PER_PARTITION).unwrap_or(i64::MAX))
    .bind(told)
    .bind(from)
    .fetch_all(own)
    .await?;
    Ok(rows.into_iter().map(|row| row.outgoing(region)).collect())
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
    sqlx::query(
        "UPDATE outbox SET published_at = now() WHERE id = ANY ($1) AND published_at IS NULL",
    )
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
