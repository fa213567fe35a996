//! The `order_archive` table: orders that ended long ago, by month.

use common::types::{CustomerId, OrderId, StoreId, Timestamp};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};

use super::orders::{OrderRow, uuids};
use crate::domain::{Narrowed, Order, Owner, State};

/// As the row of an order, whose lease is over.
const COLUMNS: &str =
    "order_id, number, customer_id, store_id, cell, fulfilment, state, cause, version, confirmed,
    items, subtotal_minor, tax_minor, delivery_fee_minor, tip_minor, total_minor, currency, address,
    payment_method_id, promise_at, created_at, deadline_at, generation, 0::bigint AS lease_epoch, attempts,
    write_epoch AS cell_epoch";

/// Moves at most `limit` orders that ended more than `hours` ago, and whose end the projection shows; answers
/// how many.
pub(crate) async fn move_ended(
    tx: &mut PgConnection,
    hours: f64,
    limit: i64,
) -> Result<u64, StoreError> {
    let months: Vec<jiff_sqlx::Timestamp> = sqlx::query_scalar(
        "SELECT DISTINCT date_trunc('month', created_at, 'UTC')
           FROM (SELECT created_at
                   FROM orders
                  WHERE ended_at < now() - $1 * interval '1 h'
                  ORDER BY ended_at
                  LIMIT $2) AS ended",
    )
    .bind(hours)
    .bind(limit)
    .fetch_all(&mut *tx)
    .await?;
    for month in months {
        sqlx::query("SELECT order_archive_month($1)").bind(month).execute(&mut *tx).await?;
    }
    let moved = sqlx::query(
        "WITH ended AS MATERIALIZED (
             SELECT order_id
               FROM orders
              WHERE ended_at < now() - $1 * interval '1 h' AND projected_version >= version
              ORDER BY ended_at
              LIMIT $2
                FOR UPDATE SKIP LOCKED
         ), gone AS (
             DELETE FROM orders o
              USING ended
              WHERE o.order_id = ended.order_id
             RETURNING o.*
         ), past AS (
             INSERT INTO order_past (order_id, created_at)
             SELECT order_id, created_at
               FROM gone
         )
         INSERT INTO order_archive (
             order_id, number, customer_id, store_id, cell, fulfilment, state, cause, version, confirmed, items,
             subtotal_minor, tax_minor, delivery_fee_minor, tip_minor, total_minor, currency, address,
             payment_method_id, body_sha, promise_at, deadline_at, generation, attempts, write_epoch, created_at,
             ended_at)
         SELECT order_id, number, customer_id, store_id, cell, fulfilment, state, cause, version, confirmed, items,
                subtotal_minor, tax_minor, delivery_fee_minor, tip_minor, total_minor, currency, address,
                payment_method_id, body_sha, promise_at, deadline_at, generation, attempts, write_epoch, created_at,
                ended_at
           FROM gone",
    )
    .bind(hours)
    .bind(limit)
    .execute(tx)
    .await?;
    Ok(moved.rows_affected())
}

/// Finds one of the owner's orders that ended long ago.
pub(crate) async fn find(
    db: &mut PgConnection,
    owner: Owner<'_>,
    id: OrderId,
) -> Result<Option<Order>, StoreError> {
    let placed: Option<jiff_sqlx::Timestamp> =
        sqlx::query_scalar("SELECT created_at FROM order_past WHERE order_id = $1")
            .bind(id.as_uuid())
            .fetch_optional(&mut *db)
            .await?;
    let Some(placed) = placed else { return Ok(None) };
    let row: Option<OrderRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}
           FROM order_archive
          WHERE order_id = $1 AND created_at = $2
            AND ($3::uuid IS NULL OR customer_id = $3)
            AND ($4::uuid[] IS NULL OR store_id = ANY ($4))"
    )))
    .bind(id.as_uuid())
    .bind(placed)
    .bind(owner.customer().map(CustomerId::as_uuid))
    .bind(owner.stores().map(uuids))
    .fetch_optional(db)
    .await?;
    row.map(Order::try_from).transpose()
}

/// Lists the owner's orders that ended long ago, newest first, after the one created at `after`.
pub(crate) async fn list(
    db: &mut PgConnection,
    owner: Owner<'_>,
    narrowed: Narrowed,
    after: Option<(Timestamp, OrderId)>,
    limit: i64,
) -> Result<Vec<Order>, StoreError> {
    let rows: Vec<OrderRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}
           FROM order_archive
          WHERE ($1::uuid IS NULL OR customer_id = $1)
            AND ($2::uuid[] IS NULL OR store_id = ANY ($2))
            AND ($3::uuid IS NULL OR store_id = $3)
            AND ($4::text IS NULL OR state = $4)
            AND ($5::timestamptz IS NULL OR created_at >= $5)
            AND ($6::timestamptz IS NULL OR created_at < $6)
            AND ($7::timestamptz IS NULL OR (created_at <= $7 AND (created_at, order_id) < ($7, $8)))
          ORDER BY created_at DESC, order_id DESC
          LIMIT $9"
    )))
    .bind(owner.customer().map(CustomerId::as_uuid))
    .bind(owner.stores().map(uuids))
    .bind(narrowed.store.map(StoreId::as_uuid))
    .bind(narrowed.state.map(State::name))
    .bind(narrowed.from.map(ToSqlx::to_sqlx))
    .bind(narrowed.to.map(ToSqlx::to_sqlx))
    .bind(after.map(|(at, _)| at.to_sqlx()))
    .bind(after.map(|(_, id)| id.as_uuid()))
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Order::try_from).collect()
}
