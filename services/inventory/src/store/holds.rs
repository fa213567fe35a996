//! Reserving: the one hot path, for any number of orders in a handful of statements.
//!
//! Orders that wait at the same time share a transaction, and with it the locks and the commit. So stock
//! is locked before anything is written, and who gets nothing leaves nothing to undo.

use std::collections::{BTreeSet, HashMap};

use common::{
    mutants,
    types::{ItemId, OrderId, StoreId, Timestamp},
};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use uuid::Uuid;

use super::cells::EPOCH;
use crate::domain::{State, Survey, Wanted};

/// Locks the stock of all that is wanted, in the order of the items, and reads what has to be known. A
/// store is listed only where its cell is ours.
const SURVEY: &str = "
    WITH shelf AS MATERIALIZED (
        SELECT item_id, on_hand - reserved AS free
          FROM stock
         WHERE store_id = ANY ($1) AND item_id = ANY ($2)
         ORDER BY item_id
           FOR UPDATE
    ), known AS MATERIALIZED (
        SELECT order_id, state
          FROM reservation
         WHERE order_id = ANY ($3)
    ), place AS MATERIALIZED (
        SELECT s.store_id, s.catalogue
          FROM store s
          JOIN cell_fence f ON f.cell = s.cell AND f.epoch = $4
         WHERE s.store_id = ANY ($1)
    )
    SELECT array(SELECT item_id FROM shelf), array(SELECT free FROM shelf),
           array(SELECT order_id FROM known), array(SELECT state FROM known),
           array(SELECT store_id FROM place), array(SELECT catalogue FROM place)";

/// Holds, lines and stock in one statement; its counts must be what was asked for.
const HOLD: &str = "
    WITH head AS (
        INSERT INTO reservation (order_id, store_id, cell, state, cause, actor, expires_at, lapses,
               write_epoch, changed_at)
        SELECT u.order_id, u.store_id, u.cell, 'HELD', CASE WHEN u.lapses THEN 'cart' ELSE 'order' END,
               'orders', u.expires_at, u.lapses, $10, $11
          FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::boolean[])
               u (order_id, store_id, cell, expires_at, lapses)
         WHERE EXISTS (SELECT FROM cell_fence f WHERE f.cell = u.cell AND f.epoch = $10)
            ON CONFLICT DO NOTHING
        RETURNING order_id
    ), line AS (
        INSERT INTO reservation_line (order_id, item_id, qty, held_at)
        SELECT u.order_id, u.item_id, u.qty, $11
          FROM unnest($6::uuid[], $7::uuid[], $8::bigint[]) u (order_id, item_id, qty)
          JOIN head USING (order_id)
        RETURNING item_id, qty
    ), need AS (
        SELECT item_id, sum(qty)::bigint AS qty
          FROM line
         GROUP BY item_id
    ), held AS (
        UPDATE stock s
           SET reserved = s.reserved + need.qty, write_epoch = $10
          FROM need
         WHERE s.store_id = ANY ($9) AND s.item_id = need.item_id AND s.on_hand - s.reserved >= need.qty
        RETURNING s.item_id
    )
    SELECT (SELECT count(*) FROM head), (SELECT count(*) FROM line), (SELECT count(*) FROM held)";

/// What was read when the statement began, whatever others have written since.
const READ_BEFORE: &str = "
    (SELECT o.reserved FROM stock o WHERE o.store_id = s.store_id AND o.item_id = s.item_id) + need.qty";

/// The statement, or the mutant's, in which `right` is `wrong`.
fn statement(sql: &'static str, right: &str, wrong: &str) -> SqlStr {
    if mutants::on("read_then_write_stock") {
        return AssertSqlSafe(sql.replace(right, wrong)).into_sql_str();
    }
    sql.into_sql_str()
}

/// Reads what has to be known to decide, and locks the stock.
pub(crate) async fn survey(tx: &mut PgConnection, wanted: &[Wanted]) -> Result<Survey, StoreError> {
    type Row = (Vec<Uuid>, Vec<i64>, Vec<Uuid>, Vec<String>, Vec<Uuid>, Vec<i64>);
    let items: BTreeSet<Uuid> =
        wanted.iter().flat_map(|want| want.needs.keys()).map(|item| item.as_uuid()).collect();
    let items: Vec<Uuid> = items.into_iter().collect();
    let orders: Vec<Uuid> = wanted.iter().map(|want| want.order.as_uuid()).collect();
    let (items, free, known, states, stores, catalogues): Row =
        sqlx::query_as(statement(SURVEY, "FOR UPDATE", ""))
            .bind(stores_of(wanted.iter()))
            .bind(items)
            .bind(orders)
            .bind(EPOCH)
            .fetch_one(tx)
            .await?;

    let mut survey = Survey {
        free: items.into_iter().map(ItemId::from_uuid).zip(free).collect(),
        states: HashMap::with_capacity(known.len()),
        catalogues: stores.into_iter().map(StoreId::from_uuid).zip(catalogues).collect(),
    };
    for (order, state) in known.into_iter().zip(states) {
        let corrupt = || StoreError::Corrupt { table: "reservation", id: order.to_string() };
        let state = State::parse(&state).ok_or_else(corrupt)?;
        survey.states.insert(OrderId::from_uuid(order), state);
    }
    Ok(survey)
}

/// Stores holds that were decided under the survey's locks. `Stale`: another transaction was quicker
/// with one of the orders; nothing of this one may stay.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    held: &[&Wanted],
    now: Timestamp,
) -> Result<(), StoreError> {
    let (mut of, mut item, mut qty) = (Vec::new(), Vec::new(), Vec::new());
    for want in held {
        for (part, amount) in &want.needs {
            of.push(want.order.as_uuid());
            item.push(part.as_uuid());
            qty.push(*amount);
        }
    }
    let wanted = [held.len(), item.len(), item.iter().collect::<BTreeSet<_>>().len()];
    let orders: Vec<Uuid> = held.iter().map(|want| want.order.as_uuid()).collect();
    let stores: Vec<Uuid> = held.iter().map(|want| want.store.as_uuid()).collect();
    let cells: Vec<&str> = held.iter().map(|want| want.cell.as_str()).collect();
    let ends: Vec<jiff_sqlx::Timestamp> =
        held.iter().map(|want| want.expires_at.to_sqlx()).collect();
    let lapses: Vec<bool> = held.iter().map(|want| want.lapses).collect();
    let sql = statement(HOLD, "s.reserved + need.qty", READ_BEFORE);
    let (heads, lines, rows): (i64, i64, i64) = sqlx::query_as(sql)
        .bind(orders)
        .bind(stores)
        .bind(cells)
        .bind(ends)
        .bind(lapses)
        .bind(of)
        .bind(item)
        .bind(qty)
        .bind(stores_of(held.iter().copied()))
        .bind(EPOCH)
        .bind(now.to_sqlx())
        .fetch_one(tx)
        .await?;
    let done = [heads, lines, rows].map(|count| usize::try_from(count).unwrap_or_default());
    if done == wanted { Ok(()) } else { Err(StoreError::Stale { table: "reservation" }) }
}

fn stores_of<'a>(wanted: impl Iterator<Item = &'a Wanted>) -> Vec<Uuid> {
    let stores: BTreeSet<Uuid> = wanted.map(|want| want.store.as_uuid()).collect();
    stores.into_iter().collect()
}
