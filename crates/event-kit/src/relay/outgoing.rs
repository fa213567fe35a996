//! Rows of the outbox as records of the log.

use common::types::{Cell, OrderId};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{Envelope, Record, log::part_of, topic_of};

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

/// What is not published, the oldest of each partition first, without the keys that rest. Never `id >`
/// something: ids do not become visible in their order.
pub(super) async fn due(
    own: &mut PgConnection,
    parts: &[i16],
    resting: &[&str],
    per_partition: i64,
    region: &str,
) -> sqlx::Result<Vec<Outgoing>> {
    let rows: Vec<OutboxRow> = sqlx::query_as(
        "SELECT o.id, o.event_id, o.source, o.key, o.seq, o.part, o.type, o.payload::text AS payload, o.cell,
                o.epoch, o.correlation, o.causation, o.trace, o.created_at
           FROM unnest($1::smallint[]) AS p (part)
          CROSS JOIN LATERAL (
             SELECT id, event_id, source, key, seq, part, type, payload, cell, epoch, correlation, causation,
                    trace, created_at
               FROM outbox
              WHERE part = p.part AND published_at IS NULL AND key <> ALL ($2)
              ORDER BY id
              LIMIT $3
          ) o
          ORDER BY o.id",
    )
    .bind(parts)
    .bind(resting)
    .bind(per_partition)
    .fetch_all(own)
    .await?;
    Ok(rows.into_iter().map(|row| row.outgoing(region)).collect())
}

/// Remembers what was published.
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
