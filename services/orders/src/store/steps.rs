//! The `saga_step` table: what may have been asked of other services, and what they said.

use postgres_kit::{PgConnection, StoreError};

use crate::domain::{Call, Heard, Order, Progress};

/// Stores that `order` may make `calls` from now on, before the first of them is made.
pub(crate) async fn insert_asked(
    tx: &mut PgConnection,
    order: &Order,
    calls: &[Call],
) -> Result<(), StoreError> {
    if calls.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = calls.iter().map(|call| call.name()).collect();
    let generations: Vec<i32> = calls.iter().map(|call| call.generation(order)).collect();
    sqlx::query(
        "INSERT INTO saga_step (order_id, step, generation, call_key)
         SELECT $1, name, generation, $1::text || ':' || name || ':' || generation
           FROM unnest($2::text[], $3::int[]) AS asked (name, generation)
             ON CONFLICT DO NOTHING",
    )
    .bind(order.id.as_uuid())
    .bind(names)
    .bind(generations)
    .execute(tx)
    .await?;
    Ok(())
}

/// Stores definite answers; gives back those that were not known before.
pub(crate) async fn update_answered(
    tx: &mut PgConnection,
    order: &Order,
    heard: &Progress,
) -> Result<Progress, StoreError> {
    if heard.is_empty() {
        return Ok(Progress::new());
    }
    let names: Vec<&str> = heard.keys().map(|call| call.name()).collect();
    let generations: Vec<i32> = heard.keys().map(|call| call.generation(order)).collect();
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
    let rows: Vec<AnswerRow> = sqlx::query_as(
        "UPDATE saga_step s
            SET outcome = a.outcome, detail = a.detail, answered_at = now()
           FROM unnest($2::text[], $3::int[], $4::text[], $5::text[]) AS a (step, generation, outcome, detail)
          WHERE s.order_id = $1 AND s.step = a.step AND s.generation = a.generation AND s.outcome = 'ASKED'
         RETURNING s.step, s.outcome, s.detail",
    )
    .bind(order.id.as_uuid())
    .bind(names)
    .bind(generations)
    .bind(outcomes)
    .bind(details)
    .fetch_all(tx)
    .await?;
    Ok(progress(rows))
}

/// What was heard so far, of each call in the try that counts now.
pub(crate) async fn list_answered(
    db: &mut PgConnection,
    order: &Order,
) -> Result<Progress, StoreError> {
    let rows: Vec<AnswerRow> = sqlx::query_as(
        "SELECT step, outcome, detail
           FROM saga_step
          WHERE order_id = $1 AND outcome <> 'ASKED'
            AND generation = CASE WHEN step IN ('authorize', 'capture') THEN $2 ELSE 1 END",
    )
    .bind(order.id.as_uuid())
    .bind(order.generation)
    .fetch_all(db)
    .await?;
    Ok(progress(rows))
}

/// Step, outcome, and why it was refused.
type AnswerRow = (String, String, Option<String>);

fn progress(rows: Vec<AnswerRow>) -> Progress {
    let heard = rows.into_iter().filter_map(|(step, outcome, detail)| {
        let answer = match outcome.as_str() {
            "OK" => Heard::Done,
            _ => Heard::Refused(detail.unwrap_or_default()),
        };
        Call::parse(&step).map(|call| (call, answer))
    });
    heard.collect()
}
