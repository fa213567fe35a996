//! The `order_transition` table: every step that an order took. Written by its trigger alone.

use common::types::{OrderId, Timestamp};
use postgres_kit::{PgConnection, StoreError};

use crate::domain::State;

/// A step that an order took.
#[derive(Debug, Clone)]
pub(crate) struct Transition {
    pub(crate) seq: i64,
    pub(crate) to: State,
    pub(crate) cause: Option<String>,
    pub(crate) at: Timestamp,
}

/// Lists the steps after number `after`.
pub(crate) async fn list(
    db: &mut PgConnection,
    order: OrderId,
    after: i64,
) -> Result<Vec<Transition>, StoreError> {
    let rows: Vec<(i64, String, Option<String>, jiff_sqlx::Timestamp)> = sqlx::query_as(
        "SELECT seq, to_state, cause, at
           FROM order_transition
          WHERE order_id = $1 AND seq > $2
          ORDER BY seq",
    )
    .bind(order.as_uuid())
    .bind(after)
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|(seq, to, cause, at)| {
            let corrupt =
                || StoreError::Corrupt { table: "order_transition", id: format!("{order}/{seq}") };
            Ok(Transition {
                seq,
                to: State::parse(&to).ok_or_else(corrupt)?,
                cause,
                at: at.to_jiff(),
            })
        })
        .collect()
}
