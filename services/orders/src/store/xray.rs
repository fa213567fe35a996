//! What happened to an order, from the tables that keep its steps.

use std::collections::BTreeMap;

use common::types::OrderId;
use postgres_kit::{PgConnection, StoreError};
use service_kit::xray::XrayEntry;
use sqlx::types::Json;

#[derive(sqlx::FromRow)]
struct EntryRow {
    at: jiff_sqlx::Timestamp,
    what: String,
    actor: Option<String>,
    cause: Option<String>,
    trace: Option<String>,
    detail: Json<BTreeMap<String, String>>,
}

impl From<EntryRow> for XrayEntry {
    fn from(row: EntryRow) -> Self {
        let EntryRow { at, what, actor, cause, trace, detail: Json(detail) } = row;
        Self { at: at.to_jiff(), what, actor, cause, trace, detail }
    }
}

/// A step and the facts that it told are of one transaction, and so of one time: the facts know the trace. What
/// operations did by hand stands before the steps that followed from it in the same transaction.
/// An order that has not ended shows last who has it and when it is looked at next.
const SAGA: &str = "
    SELECT t.at, t.to_state AS what, t.actor, t.cause,
           (SELECT split_part(b.trace, '-', 2)
              FROM outbox b
             WHERE b.key = $1::text AND b.created_at = t.at AND b.trace IS NOT NULL
             LIMIT 1) AS trace,
           jsonb_build_object('seq', t.seq::text) AS detail, t.seq * 10 AS place
      FROM order_transition t
     WHERE t.order_id = $1
     UNION ALL
    SELECT s.asked_at, s.step || ' may be asked', NULL, NULL, NULL,
           jsonb_build_object('key', s.call_key), 100001
      FROM saga_step s
     WHERE s.order_id = $1
     UNION ALL
    SELECT s.answered_at, s.step || ' ' || s.outcome, NULL, s.detail, NULL,
           jsonb_build_object('key', s.call_key), 1
      FROM saga_step s
     WHERE s.order_id = $1 AND s.answered_at IS NOT NULL
     UNION ALL
    SELECT a.asked_at, CASE a.act WHEN 'skip' THEN 'skip ' || a.step || ' asked for' ELSE a.act END,
           a.asked_by::text, a.reason, NULL,
           jsonb_build_object('act_id', a.act_id::text, 'order_state', a.order_state), 0
      FROM saga_act a
     WHERE a.order_id = $1
     UNION ALL
    SELECT a.agreed_at, 'skip ' || a.step, a.agreed_by::text, a.agreed_reason, NULL,
           jsonb_build_object('act_id', a.act_id::text), 0
      FROM saga_act a
     WHERE a.order_id = $1 AND a.agreed_at IS NOT NULL
     UNION ALL
    SELECT now(), CASE WHEN o.lease_until > now() THEN 'a worker has it' ELSE 'waits' END, NULL, NULL, NULL,
           jsonb_strip_nulls(jsonb_build_object(
               'attempts', o.attempts::text, 'generation', o.generation::text,
               'lease_owner', o.lease_owner::text, 'lease_until', o.lease_until::text,
               'next_attempt_at', o.next_attempt_at::text, 'alert_at', o.alert_at::text,
               'deadline_at', o.deadline_at::text)), 100002
      FROM orders o
     WHERE o.order_id = $1 AND o.ended_at IS NULL
     ORDER BY at, place";

const KITCHEN: &str = "
    SELECT s.at, s.to_state AS what, s.actor, NULL::text AS cause, NULL::text AS trace,
           jsonb_build_object('ticket_id', t.ticket_id::text) AS detail
      FROM ticket t
      JOIN ticket_transition s USING (ticket_id)
     WHERE t.order_id = $1
     ORDER BY s.seq";

const INCIDENTS: &str = "
    SELECT i.at, i.kind || ' ' || i.fact AS what, NULL::text AS actor, i.detail AS cause, NULL::text AS trace,
           jsonb_build_object('incident_id', i.incident_id::text, 'severity', i.severity,
                              'order_state', i.state) AS detail
      FROM incident i
     WHERE i.order_id = $1
     UNION ALL
    SELECT i.resolved_at, 'resolved ' || i.kind || ' ' || i.fact, i.resolved_by::text, i.note, NULL,
           jsonb_build_object('incident_id', i.incident_id::text)
      FROM incident i
     WHERE i.order_id = $1 AND i.resolved_at IS NOT NULL
     ORDER BY at";

/// Lists the steps of the order, what was asked of others and what they said, the oldest first.
pub(crate) async fn list_saga(
    db: &mut PgConnection,
    order: OrderId,
) -> Result<Vec<XrayEntry>, StoreError> {
    list(db, SAGA, order).await
}

/// Lists the steps of the order's ticket.
pub(crate) async fn list_kitchen(
    db: &mut PgConnection,
    order: OrderId,
) -> Result<Vec<XrayEntry>, StoreError> {
    list(db, KITCHEN, order).await
}

/// Lists what a person had to look at, and what they said about it.
pub(crate) async fn list_incidents(
    db: &mut PgConnection,
    order: OrderId,
) -> Result<Vec<XrayEntry>, StoreError> {
    list(db, INCIDENTS, order).await
}

async fn list(
    db: &mut PgConnection,
    sql: &'static str,
    order: OrderId,
) -> Result<Vec<XrayEntry>, StoreError> {
    let rows: Vec<EntryRow> = sqlx::query_as(sql).bind(order.as_uuid()).fetch_all(db).await?;
    Ok(rows.into_iter().map(XrayEntry::from).collect())
}
