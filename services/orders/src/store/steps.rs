//! The `saga_step` table: what may have been asked of other services, and what they said.

use common::types::OrderId;
use postgres_kit::{PgConnection, StoreError};

use crate::domain::{Call, Heard, Progress};

/// Stores that `calls` may be made from now on, before the first of them is.
pub(crate) async fn insert_asked(
    tx: &mut PgConnection,
    order: OrderId,
    calls: &[Call],
) -> Result<(), StoreError> {
    if calls.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = calls.iter().map(|call| call.name()).collect();
    sqlx::query(
        "INSERT INTO saga_step (order_id, step, generation, call_key)
         SELECT $1, name, 1, $1::text || ':' || name || ':1'
           FROM unnest($2::text[]) AS asked (name)
             ON CONFLICT DO NOTHING",
    )
    .bind(order.as_uuid())
    .bind(names)
    .execute(tx)
    .await?;
    Ok(())
}

/// Stores definite answers.
pub(crate) async fn update_answered(
    tx: &mut PgConnection,
    order: OrderId,
    heard: &Progress,
) -> Result<(), StoreError> {
    if heard.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = heard.keys().map(|call| call.name()).collect();
    let outcomes: Vec<&str> = heard
        .values()
        .map(|answer| if *answer == Heard::Done { "OK" } else { "REFUSED" })
        .collect();
    let details: Vec<Option<&str>> = heard
        .values()
        .map(|answer| match answer {
            Heard::Done => None,
            Heard::Refused(why) => Some(why.as_str()),
        })
        .collect();
    sqlx::query(
        "UPDATE saga_step s
            SET outcome = a.outcome, detail = a.detail, answered_at = now()
           FROM unnest($2::text[], $3::text[], $4::text[]) AS a (step, outcome, detail)
          WHERE s.order_id = $1 AND s.step = a.step AND s.generation = 1 AND s.outcome = 'ASKED'",
    )
    .bind(order.as_uuid())
    .bind(names)
    .bind(outcomes)
    .bind(details)
    .execute(tx)
    .await?;
    Ok(())
}

/// What was heard so far.
pub(crate) async fn list_answered(
    db: &mut PgConnection,
    order: OrderId,
) -> Result<Progress, StoreError> {
    let rows: Vec<(String, String, Option<String>)> = sqlx::query_as(
        "SELECT step, outcome, detail
           FROM saga_step
          WHERE order_id = $1 AND outcome <> 'ASKED'",
    )
    .bind(order.as_uuid())
    .fetch_all(db)
    .await?;
    let heard = rows.into_iter().filter_map(|(step, outcome, detail)| {
        let answer = match outcome.as_str() {
            "OK" => Heard::Done,
            _ => Heard::Refused(detail.unwrap_or_default()),
        };
        Call::parse(&step).map(|call| (call, answer))
    });
    Ok(heard.collect())
}
