//! Leases: one worker for each payment at a time (PAY-04), by the database's clock.
//!
//! A lease outlasts the two calls to the provider that are made under it.

use common::types::{OrderId, PaymentId};
use postgres_kit::{PgConnection, StoreError};

use super::{Held, Row, columns};
use crate::domain::Payment;

/// Locks a payment until the transaction ends. It is locked before its refunds, and those before the counter
/// of credit notes.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Held>, StoreError> {
    let row: Option<Row> = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM payment WHERE order_id = $1 FOR UPDATE"
    ))
    .bind(order.as_uuid())
    .fetch_optional(tx)
    .await?;
    row.map(Row::held).transpose()
}

/// Locks a payment by its own id until the transaction ends.
pub(crate) async fn lock_by_id(
    tx: &mut PgConnection,
    id: PaymentId,
) -> Result<Option<Payment>, StoreError> {
    let row: Option<Row> = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM payment WHERE payment_id = $1 FOR UPDATE"
    ))
    .bind(id.as_uuid())
    .fetch_optional(tx)
    .await?;
    row.map(Row::payment).transpose()
}

/// Takes the lease of a payment with a call under way, unless somebody has it.
pub(crate) async fn claim(
    db: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Held>, StoreError> {
    let row: Option<Row> = sqlx::query_as(concat!(
        "UPDATE payment
            SET lease_epoch = lease_epoch + 1, lease_until = now() + interval '12 s'
          WHERE order_id = $1 AND work IS NOT NULL AND (lease_until IS NULL OR lease_until < now())
         RETURNING ",
        columns!()
    ))
    .bind(order.as_uuid())
    .fetch_optional(db)
    .await?;
    row.map(Row::held).transpose()
}

/// Takes the leases of at most `limit` payments whose calls wait to be finished.
pub(crate) async fn claim_due(db: &mut PgConnection, limit: i64) -> Result<Vec<Held>, StoreError> {
    let rows: Vec<Row> = sqlx::query_as(concat!(
        "WITH due AS MATERIALIZED (
             SELECT order_id
               FROM payment
              WHERE work IS NOT NULL AND next_attempt_at <= now()
                AND (lease_until IS NULL OR lease_until < now())
              ORDER BY next_attempt_at
              LIMIT $1
                FOR UPDATE SKIP LOCKED
         )
         UPDATE payment
            SET lease_epoch = lease_epoch + 1, lease_until = now() + interval '12 s'
           FROM due
          WHERE payment.order_id = due.order_id
         RETURNING ",
        columns!()
    ))
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Row::held).collect()
}

/// Gives the lease back and waits for the next try: up to 0.5 s * 2^n, full jitter, 60 s at most, after
/// some ten minutes every five. Never gives up. How often it was tried, or nothing where the lease was
/// lost.
pub(crate) async fn postpone(
    db: &mut PgConnection,
    held: &Held,
) -> Result<Option<i32>, StoreError> {
    let attempts = sqlx::query_scalar(
        "UPDATE payment
            SET attempts = attempts + 1,
                lease_until = NULL,
                next_attempt_at = now() + make_interval(secs =>
                    CASE WHEN attempts < 20 THEN least(60, 0.5 * 2 ^ least(attempts, 8)) * random()
                         ELSE 300 END)
          WHERE order_id = $1 AND lease_epoch = $2
         RETURNING attempts",
    )
    .bind(held.payment.order().as_uuid())
    .bind(held.lease_epoch)
    .fetch_optional(db)
    .await?;
    Ok(attempts)
}

/// Gives the lease back at once: the worker goes on from here.
pub(crate) async fn release(tx: &mut PgConnection, held: &Held) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE payment
            SET lease_until = NULL, next_attempt_at = now()
          WHERE order_id = $1 AND lease_epoch = $2",
    )
    .bind(held.payment.order().as_uuid())
    .bind(held.lease_epoch)
    .execute(tx)
    .await?;
    Ok(())
}

/// Gives the lease back until a person has had time to look.
pub(crate) async fn rest(tx: &mut PgConnection, held: &Held) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE payment
            SET attempts = attempts + 1, lease_until = NULL,
                next_attempt_at = now() + interval '5 min'
          WHERE order_id = $1 AND lease_epoch = $2",
    )
    .bind(held.payment.order().as_uuid())
    .bind(held.lease_epoch)
    .execute(tx)
    .await?;
    Ok(())
}
