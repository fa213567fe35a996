//! What happened to an order, from the tables `reservation_transition` and `stock_movement`.

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

/// Lists the steps of the reservation and what moved because of it, the oldest first.
pub(crate) async fn list(
    db: &mut PgConnection,
    order: OrderId,
) -> Result<Vec<XrayEntry>, StoreError> {
    let rows: Vec<EntryRow> = sqlx::query_as(
        "SELECT t.at, t.to_state AS what, t.actor, t.cause,
                CASE t.to_state
                    WHEN 'HELD' THEN COALESCE((SELECT jsonb_object_agg('item ' || l.item_id, l.qty::text)
                                                 FROM reservation_line l
                                                WHERE l.order_id = t.order_id), '{}')
                    ELSE '{}'
                END AS detail, t.seq AS place
           FROM reservation_transition t
          WHERE t.order_id = $1
          UNION ALL
         SELECT m.at, m.kind, m.actor, NULL,
                jsonb_build_object('item_id', m.item_id::text, 'quantity', m.qty::text), 1000
           FROM reservation r
           JOIN reservation_line l USING (order_id)
           JOIN stock_movement m ON m.store_id = r.store_id AND m.item_id = l.item_id
          WHERE r.order_id = $1
            AND m.order_id = r.order_id
            AND m.at >= (SELECT min(f.at) FROM reservation_transition f WHERE f.order_id = $1)
          ORDER BY at, place",
    )
    .bind(order.as_uuid())
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(XrayEntry::from).collect())
}
