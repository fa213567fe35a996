//! How far the projection shows the `orders` table.

use common::types::OrderId;
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

/// How far an order has been shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    pub(crate) order: OrderId,
    pub(crate) version: i64,
}

/// Remembers how far orders have been shown.
pub(crate) async fn update_shown(db: &mut PgConnection, shown: &[Shown]) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = shown.iter().map(|one| one.order.as_uuid()).collect();
    let versions: Vec<i64> = shown.iter().map(|one| one.version).collect();
    sqlx::query(
        "UPDATE orders o
            SET projected_version = s.version
           FROM unnest($1::uuid[], $2::bigint[]) AS s (order_id, version)
          WHERE o.order_id = s.order_id AND o.projected_version < s.version",
    )
    .bind(ids)
    .bind(versions)
    .execute(db)
    .await?;
    Ok(())
}
