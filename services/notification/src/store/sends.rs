//! The table `send`.

use std::collections::{BTreeMap, HashSet};

use common::types::{OrderId, UserId};
use postgres_kit::{PgConnection, StoreError};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::{Facts, State, Template, Verdict};

/// A letter whose turn it is, under the lease of one attempt.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    pub(crate) id: Uuid,
    pub(crate) user: UserId,
    pub(crate) order: OrderId,
    pub(crate) event: Uuid,
    pub(crate) template: Template,
    pub(crate) facts: Facts,
    /// The number of this attempt, from 1.
    pub(crate) attempts: i32,
    lease_epoch: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    send_id: Uuid,
    user_id: Uuid,
    order_id: Uuid,
    event_id: Uuid,
    template: String,
    facts: Json<BTreeMap<String, String>>,
    attempts: i32,
    lease_epoch: i64,
}

impl TryFrom<Row> for Due {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt { table: "send", id: row.send_id.to_string() };
        Ok(Self {
            id: row.send_id,
            user: UserId::from_uuid(row.user_id),
            order: OrderId::from_uuid(row.order_id),
            event: row.event_id,
            template: Template::parse(&row.template).ok_or_else(corrupt)?,
            facts: Facts::from_map(row.facts.0),
            attempts: row.attempts,
            lease_epoch: row.lease_epoch,
        })
    }
}

/// Takes the leases of at most `limit` letters: those that wait, and those whose sender is gone.
pub(crate) async fn claim_due(db: &mut PgConnection, limit: i64) -> Result<Vec<Due>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(
        "WITH due AS MATERIALIZED (
             SELECT send_id
               FROM send
              WHERE state IN ('QUEUED', 'SENDING') AND next_attempt_at <= now()
              ORDER BY next_attempt_at
              LIMIT $1
                FOR UPDATE SKIP LOCKED
         )
         UPDATE send s
            SET version = s.version + CASE WHEN s.state = 'QUEUED' THEN 1 ELSE 0 END,
                state = $2, cause = 'due', attempts = s.attempts + 1,
                lease_epoch = s.lease_epoch + 1, next_attempt_at = now() + interval '30 s'
           FROM due, notification n
          WHERE s.send_id = due.send_id AND n.notification_id = s.notification_id
         RETURNING s.send_id, n.user_id, n.order_id, s.event_id, s.template, n.facts, s.attempts, s.lease_epoch",
    )
    .bind(limit)
    .bind(State::Sending.name())
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Due::try_from).collect()
}

/// Keeps what came of attempts; which of them still had their lease.
pub(crate) async fn record(
    tx: &mut PgConnection,
    verdicts: &[(Due, Verdict)],
) -> Result<HashSet<Uuid>, StoreError> {
    let recorded: Vec<Uuid> = sqlx::query_scalar(
        "UPDATE send s
            SET state = v.state, cause = v.cause, version = s.version + 1,
                next_attempt_at = now() + make_interval(secs => v.wait_s * (0.5 + random() / 2))
           FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::int[])
                AS v (send_id, lease_epoch, state, cause, wait_s)
          WHERE s.send_id = v.send_id AND s.lease_epoch = v.lease_epoch AND s.state = 'SENDING'
         RETURNING s.send_id",
    )
    .bind(verdicts.iter().map(|(due, _)| due.id).collect::<Vec<_>>())
    .bind(verdicts.iter().map(|(due, _)| due.lease_epoch).collect::<Vec<_>>())
    .bind(verdicts.iter().map(|(_, verdict)| verdict.state.name()).collect::<Vec<_>>())
    .bind(verdicts.iter().map(|(_, verdict)| verdict.cause).collect::<Vec<_>>())
    .bind(verdicts.iter().map(|(_, verdict)| verdict.wait_s).collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    Ok(recorded.into_iter().collect())
}
