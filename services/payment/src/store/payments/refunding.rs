//! What a payment has given back, and has been asked to.

use common::types::OrderId;
use postgres_kit::{PgConnection, StoreError};

/// Promises a part of what was taken, and numbers the refund. `None`: so much is not left.
pub(crate) async fn promise_refund(
    tx: &mut PgConnection,
    order: OrderId,
    amount_minor: i64,
) -> Result<Option<i32>, StoreError> {
    let number = sqlx::query_scalar(
        "UPDATE payment
            SET refunding_minor = refunding_minor + $2, refunds = refunds + 1
          WHERE order_id = $1 AND refunded_minor + refunding_minor + $2 <= captured_minor
         RETURNING refunds",
    )
    .bind(order.as_uuid())
    .bind(amount_minor)
    .fetch_optional(tx)
    .await?;
    Ok(number)
}

/// Numbers the next call for a refund.
pub(crate) async fn next_refund_call(
    tx: &mut PgConnection,
    order: OrderId,
) -> Result<i32, StoreError> {
    let number = sqlx::query_scalar(
        "UPDATE payment
            SET refund_calls = refund_calls + 1
          WHERE order_id = $1
         RETURNING refund_calls",
    )
    .bind(order.as_uuid())
    .fetch_optional(tx)
    .await?;
    number.ok_or(StoreError::Stale { table: "payment" })
}

/// What was promised was given back.
pub(crate) async fn settle_refund(
    tx: &mut PgConnection,
    order: OrderId,
    amount_minor: i64,
) -> Result<(), StoreError> {
    let settled = sqlx::query(
        "UPDATE payment
            SET refunding_minor = refunding_minor - $2, refunded_minor = refunded_minor + $2
          WHERE order_id = $1",
    );
    one(&settled.bind(order.as_uuid()).bind(amount_minor).execute(tx).await?)
}

/// What was promised is not given back after all.
pub(crate) async fn withdraw_refund(
    tx: &mut PgConnection,
    order: OrderId,
    amount_minor: i64,
) -> Result<(), StoreError> {
    let withdrawn = sqlx::query(
        "UPDATE payment SET refunding_minor = refunding_minor - $2 WHERE order_id = $1",
    );
    one(&withdrawn.bind(order.as_uuid()).bind(amount_minor).execute(tx).await?)
}

fn one(done: &sqlx::postgres::PgQueryResult) -> Result<(), StoreError> {
    if done.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Stale { table: "payment" }) }
}
