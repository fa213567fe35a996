//! What happened to an order, from the tables `payment_transition`, `payment_call`, `ledger_tx` and
//! `refund_transition`.

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
    detail: Json<BTreeMap<String, String>>,
}

impl From<EntryRow> for XrayEntry {
    fn from(row: EntryRow) -> Self {
        let EntryRow { at, what, actor, cause, detail: Json(detail) } = row;
        Self { at: at.to_jiff(), what, actor, cause, trace: None, detail }
    }
}

/// Lists the steps of the payment and its refunds, calls to the provider and bookings, the oldest first.
pub(crate) async fn list(
    db: &mut PgConnection,
    order: OrderId,
) -> Result<Vec<XrayEntry>, StoreError> {
    let rows: Vec<EntryRow> = sqlx::query_as(
        "SELECT t.at, t.to_state AS what, t.actor, t.cause, '{}'::jsonb AS detail, t.seq + 100 AS place
           FROM payment_transition t
          WHERE t.order_id = $1
          UNION ALL
         SELECT c.asked_at, c.step || ' asked', NULL, NULL,
                jsonb_build_object('key', c.call_key, 'amount_minor', c.amount_minor::text), 1
           FROM payment_call c
          WHERE c.order_id = $1
          UNION ALL
         SELECT c.answered_at, c.step || ' ' || c.outcome, NULL, NULL,
                jsonb_strip_nulls(jsonb_build_object('key', c.call_key, 'provider_ref', c.provider_ref)), 2
           FROM payment_call c
          WHERE c.order_id = $1 AND c.answered_at IS NOT NULL
          UNION ALL
         SELECT b.at, 'booked ' || b.what, NULL, NULL,
                (SELECT jsonb_object_agg(l.line || ' ' || l.account, l.amount_minor || ' ' || l.currency)
                   FROM ledger_line l
                  WHERE l.tx_id = b.tx_id), 1000
           FROM ledger_tx b
          WHERE b.order_id = $1
          UNION ALL
         SELECT s.at, 'refund ' || s.to_state, s.actor, s.cause,
                jsonb_build_object('refund_id', r.refund_id::text, 'amount_minor', r.amount_minor::text),
                s.seq + 2000
           FROM refund r
           JOIN refund_transition s USING (refund_id)
          WHERE r.order_id = $1
          ORDER BY at, place",
    )
    .bind(order.as_uuid())
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(XrayEntry::from).collect())
}
