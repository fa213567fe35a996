//! The `saga_act` table: what operations did to sagas by hand. It outlives the order that it is about.

use common::types::{OrderId, Timestamp};
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use crate::domain::{Call, Order, SECOND_PERSON_WITHIN_S};

const COLUMNS: &str = "act_id, order_id, act, step, order_state, asked_by, reason, asked_at,
    asked_at + $1 * interval '1 s' AS lapses_at, agreed_by, agreed_at";

/// An act, as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) id: Uuid,
    pub(crate) order: OrderId,
    pub(crate) act: String,
    pub(crate) step: Option<String>,
    /// The state in which the order was.
    pub(crate) order_state: String,
    pub(crate) asked_by: Uuid,
    pub(crate) reason: String,
    pub(crate) asked_at: Timestamp,
    /// Until when a second person may agree, where one is needed.
    pub(crate) lapses_at: Timestamp,
    pub(crate) agreed: Option<(Uuid, Timestamp)>,
}

#[derive(Debug, sqlx::FromRow)]
struct ActRow {
    act_id: Uuid,
    order_id: Uuid,
    act: String,
    step: Option<String>,
    order_state: String,
    asked_by: Uuid,
    reason: String,
    asked_at: jiff_sqlx::Timestamp,
    lapses_at: jiff_sqlx::Timestamp,
    agreed_by: Option<Uuid>,
    agreed_at: Option<jiff_sqlx::Timestamp>,
}

impl From<ActRow> for Stored {
    fn from(row: ActRow) -> Self {
        Self {
            id: row.act_id,
            order: OrderId::from_uuid(row.order_id),
            act: row.act,
            step: row.step,
            order_state: row.order_state,
            asked_by: row.asked_by,
            reason: row.reason,
            asked_at: row.asked_at.to_jiff(),
            lapses_at: row.lapses_at.to_jiff(),
            agreed: row.agreed_by.zip(row.agreed_at.map(jiff_sqlx::Timestamp::to_jiff)),
        }
    }
}

/// What is to be written down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct New<'a> {
    pub(crate) id: Uuid,
    pub(crate) act: &'static str,
    /// The step that is skipped.
    pub(crate) step: Option<Call>,
    pub(crate) by: Uuid,
    pub(crate) reason: &'a str,
}

/// Writes down what was done to a held order, or asked for.
///
/// # Errors
/// [`StoreError::Stale`]: the order's cell is another's by now.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    order: &Order,
    new: New<'_>,
) -> Result<Stored, StoreError> {
    let row: Option<ActRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "INSERT INTO saga_act (act_id, order_id, store_id, cell, act, step, generation, order_state, asked_by,
                               reason, write_epoch)
         SELECT $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, f.epoch
           FROM cell_fence f
          WHERE f.cell = $5 AND f.epoch = $12
         RETURNING {COLUMNS}"
    )))
    .bind(within_s())
    .bind(new.id)
    .bind(order.id.as_uuid())
    .bind(order.store.as_uuid())
    .bind(order.cell.as_str())
    .bind(new.act)
    .bind(new.step.map(Call::name))
    .bind(new.step.map(|step| step.generation(order)))
    .bind(order.state.name())
    .bind(new.by)
    .bind(new.reason)
    .bind(order.cell_epoch)
    .fetch_optional(tx)
    .await?;
    row.map(Into::into).ok_or(StoreError::Stale { table: "cell_fence" })
}

/// The wish to skip a step of a held order to which a second person may still agree.
pub(crate) async fn find_wish(
    tx: &mut PgConnection,
    order: &Order,
    step: Call,
) -> Result<Option<Stored>, StoreError> {
    let row: Option<ActRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}
           FROM saga_act
          WHERE order_id = $2 AND act = 'skip' AND step = $3 AND generation = $4
            AND agreed_at IS NULL AND asked_at > now() - $1 * interval '1 s'
          ORDER BY asked_at DESC
          LIMIT 1"
    )))
    .bind(within_s())
    .bind(order.id.as_uuid())
    .bind(step.name())
    .bind(step.generation(order))
    .fetch_optional(tx)
    .await?;
    Ok(row.map(Into::into))
}

/// Writes down that a second person agreed.
pub(crate) async fn update_agreed(
    tx: &mut PgConnection,
    id: Uuid,
    by: Uuid,
    reason: &str,
) -> Result<Stored, StoreError> {
    let row: ActRow = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "UPDATE saga_act
            SET agreed_by = $3, agreed_reason = $4, agreed_at = now()
          WHERE act_id = $2 AND agreed_at IS NULL
         RETURNING {COLUMNS}"
    )))
    .bind(within_s())
    .bind(id)
    .bind(by)
    .bind(reason)
    .fetch_one(tx)
    .await?;
    Ok(row.into())
}

#[expect(clippy::cast_precision_loss, reason = "a quarter of an hour")]
const fn within_s() -> f64 {
    SECOND_PERSON_WITHIN_S as f64
}
