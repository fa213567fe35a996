//! Wrong behaviours of the store, each for one mutant.

use std::time::Duration;

use postgres_kit::{PgConnection, StoreError};

use super::orders::LEASE_S;
use crate::domain::Order;

/// What gives `no_lease_fence` its chance: now and then a worker rests longer than it has the order.
pub(crate) async fn outlast_the_lease() {
    if rand::random_ratio(1, 60) {
        tokio::time::sleep(Duration::from_secs_f64(LEASE_S + 3.0)).await;
    }
}

/// The wrong behaviour of `no_lease_fence`: whoever had the order once goes on as if it were still his, and writes his
/// steps over those of whoever has it now.
pub(super) async fn write_all_the_same(
    tx: &mut PgConnection,
    order: &Order,
    states: &[&str],
) -> Result<i64, StoreError> {
    sqlx::query("DELETE FROM order_transition WHERE order_id = $1 AND seq > $2")
        .bind(order.id.as_uuid())
        .bind(order.version)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO order_transition (order_id, seq, from_state, to_state, actor)
         SELECT $1, $2 + s.n, coalesce(lag(s.state) OVER (ORDER BY s.n), $3), s.state, 'machine'
           FROM unnest($4::text[]) WITH ORDINALITY AS s (state, n)",
    )
    .bind(order.id.as_uuid())
    .bind(order.version)
    .bind(order.state.name())
    .bind(states)
    .execute(&mut *tx)
    .await?;
    Ok(order.version + i64::try_from(states.len()).unwrap_or(i64::MAX))
}

/// The wrong behaviour of `skip_state`: the history lacks a step, as if the order had not taken it.
pub(super) async fn forget_a_state(tx: &mut PgConnection, order: &Order) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM order_transition WHERE order_id = $1 AND to_state = 'AUTHORIZED'")
        .bind(order.id.as_uuid())
        .execute(tx)
        .await?;
    Ok(())
}
