//! The tables `payment` and `payment_call`.

mod claim;
mod refunding;
mod row;
mod write;

use common::types::{CustomerId, OrderId, PaymentId, Timestamp};
use postgres_kit::{PgConnection, StoreError};

use crate::domain::Payment;

pub(crate) use claim::{claim, claim_due, lock, lock_by_id, postpone, release, rest};
pub(crate) use refunding::{next_refund_call, promise_refund, settle_refund, withdraw_refund};
use row::{Row, columns};
pub(crate) use write::{open, save};

/// A payment with the lease under which it may be changed.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) payment: Payment,
    pub(crate) lease_epoch: i64,
}

/// A payment as it was read, with when it began.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) payment: Payment,
    pub(crate) created_at: Timestamp,
}

/// Finds the payment of an order.
pub(crate) async fn find(
    db: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Payment>, StoreError> {
    let row: Option<Row> =
        sqlx::query_as(concat!("SELECT ", columns!(), " FROM payment WHERE order_id = $1"))
            .bind(order.as_uuid())
            .fetch_optional(db)
            .await?;
    row.map(Row::payment).transpose()
}

/// Finds the payment that a call to the provider belongs to.
pub(crate) async fn find_by_key(
    db: &mut PgConnection,
    key: &str,
) -> Result<Option<Payment>, StoreError> {
    let row: Option<Row> = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM payment WHERE order_id = (SELECT c.order_id FROM payment_call c WHERE c.call_key = $1)"
    ))
    .bind(key)
    .fetch_optional(db)
    .await?;
    row.map(Row::payment).transpose()
}

/// Finds a customer's payment.
pub(crate) async fn find_of_customer(
    db: &mut PgConnection,
    customer: CustomerId,
    id: PaymentId,
) -> Result<Option<Found>, StoreError> {
    let row: Option<Row> = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM payment WHERE payment_id = $1 AND customer_id = $2"
    ))
    .bind(id.as_uuid())
    .bind(customer.as_uuid())
    .fetch_optional(db)
    .await?;
    row.map(Row::found).transpose()
}

/// Finds the payment of a customer's order.
pub(crate) async fn find_of_order(
    db: &mut PgConnection,
    customer: CustomerId,
    order: OrderId,
) -> Result<Option<Found>, StoreError> {
    let row: Option<Row> = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM payment WHERE order_id = $1 AND customer_id = $2"
    ))
    .bind(order.as_uuid())
    .bind(customer.as_uuid())
    .fetch_optional(db)
    .await?;
    row.map(Row::found).transpose()
}
