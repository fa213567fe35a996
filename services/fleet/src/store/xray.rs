//! What happened to an order, from the tables `delivery_transition`, `courier_fact` and `incident`.

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

/// Lists the steps of the delivery, what was reported too early, and what a person has to look at.
pub(crate) async fn list(
    db: &mut PgConnection,
    order: OrderId,
) -> Result<Vec<XrayEntry>, StoreError> {
    let rows: Vec<EntryRow> = sqlx::query_as(
        "SELECT t.at, t.to_state AS what, t.actor, t.cause,
                jsonb_strip_nulls(jsonb_build_object('courier_id', t.courier_id::text)) AS detail,
                t.seq AS place
           FROM delivery d
           JOIN delivery_transition t USING (delivery_id)
          WHERE d.order_id = $1
          UNION ALL
         SELECT f.received_at, f.kind || ' waits for what comes before it', f.courier_id::text, NULL,
                jsonb_build_object('event_id', f.event_id::text, 'device_time', f.device_time::text), 1000
           FROM delivery d
           JOIN courier_fact f USING (delivery_id)
          WHERE d.order_id = $1 AND f.outcome = 'KEPT'
          UNION ALL
         SELECT i.at, 'incident', i.courier_id::text, i.code,
                jsonb_build_object('incident_id', i.incident_id::text), 2000
           FROM incident i
          WHERE i.order_id = $1 AND i.resolved_at IS NULL
          ORDER BY at, place",
    )
    .bind(order.as_uuid())
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(XrayEntry::from).collect())
}
