//! The tables `ledger_tx` and `ledger_line`. What a payment does is written with the payment.

use common::types::{Currency, OrderId, Timestamp};
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use crate::domain::Posting;

/// Writes an act into the books.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    id: Uuid,
    order: OrderId,
    posting: &Posting,
) -> Result<(), StoreError> {
    let lines = &posting.lines;
    sqlx::query(
        "WITH booked AS (
             INSERT INTO ledger_tx (tx_id, order_id, what, lines) VALUES ($1, $2, $3, $4)
             RETURNING tx_id
         )
         INSERT INTO ledger_line (tx_id, line, account, amount_minor, currency)
         SELECT booked.tx_id, l.line, l.account, l.amount_minor, $7
           FROM booked, unnest($5::text[], $6::bigint[]) WITH ORDINALITY AS l (account, amount_minor, line)",
    )
    .bind(id)
    .bind(order.as_uuid())
    .bind(&posting.what)
    .bind(i16::try_from(lines.len()).unwrap_or(i16::MAX))
    .bind(lines.iter().map(|line| line.account.as_str()).collect::<Vec<_>>())
    .bind(lines.iter().map(|line| line.amount_minor).collect::<Vec<_>>())
    .bind(posting.currency.as_str())
    .execute(tx)
    .await?;
    Ok(())
}

/// The calls whose acts were booked in a window of time, as keys, a page at a time; only those that moved
/// money.
///
/// Acts are found by the time in their ids (UUIDv7), which needs no other index.
pub(crate) async fn calls_booked(
    db: &mut PgConnection,
    from: Timestamp,
    to: Timestamp,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<(Uuid, String)>, StoreError> {
    let booked = sqlx::query_as(
        "SELECT tx_id, order_id::text || ':' || what
           FROM ledger_tx
          WHERE tx_id >= greatest($1, $3) AND ($3 IS NULL OR tx_id > $3) AND tx_id < $2
            AND split_part(what, ':', 1) IN ('authorize', 'capture', 'void', 'refund')
          ORDER BY tx_id
          LIMIT $4",
    )
    .bind(first_id_at(from))
    .bind(first_id_at(to))
    .bind(after)
    .bind(limit)
    .fetch_all(db)
    .await?;
    Ok(booked)
}

/// The least UUIDv7 of a moment (RFC 9562).
pub(super) fn first_id_at(at: Timestamp) -> Uuid {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or_default();
    Uuid::from_u128((u128::from(millis) << 80) | 0x7000_8000_0000_0000_0000)
}

/// An act in the books.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: Uuid,
    pub(crate) order: Option<OrderId>,
    pub(crate) what: String,
    pub(crate) at: Timestamp,
    pub(crate) lines: Vec<EntryLine>,
}

#[derive(Debug, Clone)]
pub(crate) struct EntryLine {
    pub(crate) account: String,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Currency,
}

/// What stands on an account in one currency.
#[derive(Debug, Clone)]
pub(crate) struct Balance {
    pub(crate) account: String,
    pub(crate) currency: Currency,
    pub(crate) sum_minor: i64,
}

#[derive(sqlx::FromRow)]
struct LineRow {
    tx_id: Uuid,
    order_id: Option<Uuid>,
    what: String,
    at: jiff_sqlx::Timestamp,
    account: String,
    amount_minor: i64,
    currency: String,
}

/// At most `limit` acts older than `before`, newest first, of one order or of all.
pub(crate) async fn list_entries(
    db: &mut PgConnection,
    order: Option<OrderId>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<LineRow> = sqlx::query_as(
        "WITH page AS MATERIALIZED (
             SELECT tx_id, order_id, what, at
               FROM ledger_tx
              WHERE ($1::uuid IS NULL OR order_id = $1) AND ($2::uuid IS NULL OR tx_id < $2)
              ORDER BY tx_id DESC
              LIMIT $3
         )
         SELECT page.tx_id, page.order_id, page.what, page.at, l.account, l.amount_minor, l.currency
           FROM page
           JOIN ledger_line l USING (tx_id)
          ORDER BY page.tx_id DESC, l.line",
    )
    .bind(order.map(OrderId::as_uuid))
    .bind(before)
    .bind(limit)
    .fetch_all(db)
    .await?;

    let mut entries: Vec<Entry> = Vec::new();
    for row in rows {
        let currency = currency(&row.currency, "ledger_line", row.tx_id)?;
        let line = EntryLine { account: row.account, amount_minor: row.amount_minor, currency };
        match entries.last_mut() {
            Some(entry) if entry.id == row.tx_id => entry.lines.push(line),
            _ => entries.push(Entry {
                id: row.tx_id,
                order: row.order_id.map(OrderId::from_uuid),
                what: row.what,
                at: row.at.to_jiff(),
                lines: vec![line],
            }),
        }
    }
    Ok(entries)
}

/// At most `limit` balances of accounts that come after `after`, by account and currency.
pub(crate) async fn list_balances(
    db: &mut PgConnection,
    after: Option<(String, Currency)>,
    limit: i64,
) -> Result<Vec<Balance>, StoreError> {
    let (account, code) = after.unzip();
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT account, currency, sum(amount_minor)::bigint
           FROM ledger_line
          WHERE $1::text IS NULL OR (account, currency) > ($1, $2)
          GROUP BY account, currency
          ORDER BY account, currency
          LIMIT $3",
    )
    .bind(account)
    .bind(code.as_ref().map(Currency::as_str))
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|(account, code, sum_minor)| {
            let currency = currency(&code, "ledger_line", &account)?;
            Ok(Balance { account, currency, sum_minor })
        })
        .collect()
}

fn currency(
    code: &str,
    table: &'static str,
    id: impl std::fmt::Display,
) -> Result<Currency, StoreError> {
    Currency::parse(code).map_err(|_| StoreError::Corrupt { table, id: id.to_string() })
}
