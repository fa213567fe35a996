//! What happened to an order, from the tables `notification` and `send_transition`.

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

/// Lists what was told and every step of its sending, the oldest first; no words and no addresses.
pub(crate) async fn list(
    db: &mut PgConnection,
    order: OrderId,
) -> Result<Vec<XrayEntry>, StoreError> {
    let rows: Vec<EntryRow> = sqlx::query_as(
        "SELECT n.created_at AS at, 'told' AS what, NULL AS actor, n.kind AS cause,
                jsonb_strip_nulls(jsonb_build_object('notification_id', n.notification_id::text,
                                                     'read_at', n.read_at::text)) AS detail, 0 AS place
           FROM notification n
          WHERE n.order_id = $1
          UNION ALL
         SELECT t.at, t.to_state, t.actor, t.cause,
                jsonb_build_object('channel', s.channel, 'template', s.template, 'event_id', s.event_id::text),
                t.seq
           FROM notification n
           JOIN send s USING (notification_id)
           JOIN send_transition t USING (send_id)
          WHERE n.order_id = $1
          ORDER BY at, place",
    )
    .bind(order.as_uuid())
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(XrayEntry::from).collect())
}
