//! The peer: a relay that looks every 100 ms and publishes inside a transaction, as tutorials have it.

use std::time::Duration;

use event_kit::{Envelope, EventLog, Record, topic_of};
use postgres_kit::Db;
use sqlx::FromRow;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const PERIOD: Duration = Duration::from_millis(100);
const BATCH: usize = 100;

#[derive(FromRow)]
struct Row {
    id: i64,
    event_id: Uuid,
    source: String,
    key: String,
    seq: i64,
    part: i16,
    #[sqlx(rename = "type")]
    kind: String,
    payload: String,
}

/// Carries facts from the outbox to the log until stopped.
pub(super) async fn relay(db: Db, log: &dyn EventLog, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        while publish_some(&db, log).await.is_ok_and(|published| published == BATCH) {}
        stop.run_until_cancelled(tokio::time::sleep(PERIOD)).await;
    }
}

async fn publish_some(db: &Db, log: &dyn EventLog) -> anyhow::Result<usize> {
    let mut tx = db.begin().await?;
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, event_id, source, key, seq, part, type, payload::text AS payload
           FROM outbox
          WHERE published_at IS NULL
          ORDER BY id
          LIMIT 100
            FOR UPDATE SKIP LOCKED",
    )
    .fetch_all(&mut *tx)
    .await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let records = rows.into_iter().map(record).collect::<anyhow::Result<Vec<Record>>>()?;
    for answer in log.publish(&records).await? {
        answer?;
    }
    sqlx::query("UPDATE outbox SET published_at = now() WHERE id = ANY ($1)")
        .bind(&ids)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(ids.len())
}

fn record(row: Row) -> anyhow::Result<Record> {
    let envelope = Envelope {
        id: row.event_id,
        kind: row.kind,
        source: row.source,
        region: "us-east-1".to_owned(),
        key: row.key,
        seq: row.seq,
        epoch: 0,
        at: "2026-01-01T00:00:00Z".parse()?,
        order: None,
        cause: None,
        cell: None,
        trace: None,
    };
    Ok(Record {
        topic: topic_of(&envelope.source),
        part: u16::try_from(row.part)?,
        id: envelope.id,
        headers: envelope.to_headers(),
        key: envelope.key,
        body: row.payload.into_bytes(),
    })
}
