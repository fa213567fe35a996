//! The tables `refund`, `credit_note` and the calls of refunds.

mod row;

use common::types::{OrderId, StoreId, Timestamp};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub(crate) use row::FoundRefund;
use row::{Row, columns, lines};

use crate::domain::{Outcome, Refund, Step};

/// A refund with the lease under which it may be changed.
#[derive(Debug, Clone)]
pub(crate) struct HeldRefund {
    pub(crate) refund: Refund,
    pub(crate) lease_epoch: i64,
}

/// Inserts a refund with its first transition.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    refund: &Refund,
    cause: &str,
    actor: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let terms = &refund.terms;
    sqlx::query(
        "INSERT INTO refund (refund_id, order_id, number, amount_minor, currency, reason, liable, lines,
                             asked_by, state, cause, actor, call, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(refund.id)
    .bind(refund.order.as_uuid())
    .bind(refund.number)
    .bind(terms.amount_minor)
    .bind(terms.currency.as_str())
    .bind(terms.reason.name())
    .bind(terms.liable.name())
    .bind(lines(&terms.lines))
    .bind(terms.asked_by)
    .bind(refund.state.name())
    .bind(cause)
    .bind(actor)
    .bind(refund.call)
    .bind(now.to_sqlx())
    .execute(tx)
    .await?;
    Ok(())
}

/// Stores the call that is about to be made.
pub(crate) async fn insert_call(tx: &mut PgConnection, refund: &Refund) -> Result<(), StoreError> {
    let words = format!("{}/{}/{}", refund.id, refund.call, refund.terms.amount_minor);
    sqlx::query(
        "INSERT INTO payment_call (call_key, order_id, step, generation, amount_minor, fingerprint,
                                   refund_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(refund.key())
    .bind(refund.order.as_uuid())
    .bind(Step::Refund.name())
    .bind(refund.call)
    .bind(refund.terms.amount_minor)
    .bind(Sha256::digest(words).to_vec())
    .bind(refund.id)
    .execute(tx)
    .await?;
    Ok(())
}

/// Stores what came of a call.
pub(crate) async fn answer_call(
    tx: &mut PgConnection,
    key: &str,
    outcome: Outcome,
) -> Result<(), StoreError> {
    let answered = sqlx::query(
        "UPDATE payment_call SET outcome = $2, answered_at = now() WHERE call_key = $1",
    )
    .bind(key)
    .bind(outcome.name())
    .execute(tx)
    .await?;
    match answered.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::Stale { table: "payment_call" }),
    }
}

/// Replaces the standing of a refund that is locked or held. False: it was changed by somebody else.
pub(crate) async fn update(
    tx: &mut PgConnection,
    before: &HeldRefund,
    refund: &Refund,
    cause: &str,
    actor: &str,
) -> Result<bool, StoreError> {
    let updated = sqlx::query(
        "UPDATE refund
            SET state = $4, version = $5, cause = $6, actor = $7, approved_by = $8, call = $9,
                failures = $10, attempts = 0, lease_epoch = lease_epoch + 1, lease_until = NULL,
                next_attempt_at = now() + make_interval(secs =>
                    CASE WHEN $4 = 'FAILED' THEN least(300, 5 * 2 ^ $10) * (0.5 + random() / 2) ELSE 0 END)
          WHERE refund_id = $1 AND version = $2 AND lease_epoch = $3",
    )
    .bind(refund.id)
    .bind(before.refund.version)
    .bind(before.lease_epoch)
    .bind(refund.state.name())
    .bind(refund.version)
    .bind(cause)
    .bind(actor)
    .bind(refund.approved_by)
    .bind(refund.call)
    .bind(refund.failures)
    .execute(tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Finds a refund with when it was asked for and to whom it belongs.
pub(crate) async fn find(
    db: &mut PgConnection,
    id: Uuid,
) -> Result<Option<FoundRefund>, StoreError> {
    let row: Option<Row> = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM refund r
            JOIN payment p USING (order_id)
            LEFT JOIN credit_note n USING (refund_id)
           WHERE r.refund_id = $1"
    ))
    .bind(id)
    .fetch_optional(db)
    .await?;
    row.map(Row::found).transpose()
}

/// Locks a refund until the transaction ends; the payment is locked first.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    id: Uuid,
) -> Result<Option<HeldRefund>, StoreError> {
    let found: Option<Uuid> =
        sqlx::query_scalar("SELECT refund_id FROM refund WHERE refund_id = $1 FOR UPDATE")
            .bind(id)
            .fetch_optional(&mut *tx)
            .await?;
    match found {
        Some(id) => Ok(find(tx, id).await?.map(FoundRefund::held)),
        None => Ok(None),
    }
}

/// The refund that a call was made for, whether or not it is its last.
pub(crate) async fn find_of_call(
    tx: &mut PgConnection,
    key: &str,
) -> Result<Option<Uuid>, StoreError> {
    let found: Option<Option<Uuid>> =
        sqlx::query_scalar("SELECT refund_id FROM payment_call WHERE call_key = $1")
            .bind(key)
            .fetch_optional(tx)
            .await?;
    Ok(found.flatten())
}

/// Whether the provider has refused for good to give something of this order back.
pub(crate) async fn is_left_to_a_person(
    db: &mut PgConnection,
    order: OrderId,
) -> Result<bool, StoreError> {
    let found = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM refund WHERE order_id = $1 AND state = 'MANUAL')",
    );
    Ok(found.bind(order.as_uuid()).fetch_one(db).await?)
}

/// Takes the leases of at most `limit` refunds whose calls wait to be made; of one order, one at a time.
pub(crate) async fn claim_due(
    db: &mut PgConnection,
    order: Option<OrderId>,
    limit: i64,
) -> Result<Vec<HeldRefund>, StoreError> {
    let claimed: Vec<Uuid> = sqlx::query_scalar(
        "WITH due AS MATERIALIZED (
             SELECT r.refund_id
               FROM refund r
              WHERE r.state IN ('SUBMITTING', 'FAILED') AND r.next_attempt_at <= now()
                AND (r.lease_until IS NULL OR r.lease_until < now())
                AND ($1::uuid IS NULL OR r.order_id = $1)
                AND NOT EXISTS (
                    SELECT 1
                      FROM refund earlier
                     WHERE earlier.order_id = r.order_id AND earlier.number < r.number
                       AND earlier.state = 'SUBMITTING')
              ORDER BY r.next_attempt_at
              LIMIT $2
                FOR UPDATE SKIP LOCKED
         )
         UPDATE refund
            SET lease_epoch = lease_epoch + 1, lease_until = now() + interval '12 s'
           FROM due
          WHERE refund.refund_id = due.refund_id
         RETURNING refund.refund_id",
    )
    .bind(order.map(OrderId::as_uuid))
    .bind(limit)
    .fetch_all(&mut *db)
    .await?;
    let mut held = Vec::with_capacity(claimed.len());
    for id in claimed {
        held.extend(find(db, id).await?.map(FoundRefund::held));
    }
    Ok(held)
}

/// Gives the lease back and waits for the next try, as payments do.
pub(crate) async fn postpone(
    db: &mut PgConnection,
    held: &HeldRefund,
) -> Result<Option<i32>, StoreError> {
    let attempts = sqlx::query_scalar(
        "UPDATE refund
            SET attempts = attempts + 1,
                lease_until = NULL,
                next_attempt_at = now() + make_interval(secs =>
                    CASE WHEN attempts < 20 THEN least(60, 0.5 * 2 ^ least(attempts, 8)) * random()
                         ELSE 300 END)
          WHERE refund_id = $1 AND lease_epoch = $2
         RETURNING attempts",
    )
    .bind(held.refund.id)
    .bind(held.lease_epoch)
    .fetch_optional(db)
    .await?;
    Ok(attempts)
}

/// Writes the credit note of a refund under the store's next number.
pub(crate) async fn insert_credit_note(
    tx: &mut PgConnection,
    store: StoreId,
    refund: &Refund,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let number = sqlx::query_scalar(
        "WITH counter AS (
             INSERT INTO credit_note_counter (store_id, last) VALUES ($1, 1)
                 ON CONFLICT (store_id) DO UPDATE SET last = credit_note_counter.last + 1
             RETURNING last
         )
         INSERT INTO credit_note (store_id, number, refund_id, order_id, amount_minor, currency, lines, at)
         SELECT $1, counter.last, $2, $3, $4, $5, $6, $7
           FROM counter
         RETURNING number",
    )
    .bind(store.as_uuid())
    .bind(refund.id)
    .bind(refund.order.as_uuid())
    .bind(refund.terms.amount_minor)
    .bind(refund.terms.currency.as_str())
    .bind(lines(&refund.terms.lines))
    .bind(now.to_sqlx())
    .fetch_one(tx)
    .await?;
    Ok(number)
}
