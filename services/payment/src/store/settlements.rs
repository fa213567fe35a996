//! The tables `settlement_file` and `settlement_row`: the provider's daily files beside the books.

use common::types::{OrderId, Timestamp};
use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use sqlx::{Postgres, postgres::PgArguments, query::Query};
use uuid::Uuid;

use super::ledger::first_id_at;
use crate::domain::{SettledKind, SettledRow};

const PRUNED_AT_ONCE: i64 = 1_000;

/// A file that this process reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claimed {
    pub(crate) day: Date,
    /// Which reader of this file it is: with another one's number nothing is done to it.
    pub(crate) epoch: i64,
    /// How many bytes of it were read before.
    pub(crate) read_to: i64,
    /// Whether the file of the day before was not read.
    pub(crate) first: bool,
}

/// A line with which the books do not agree.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Differing {
    pub(crate) call_key: String,
    pub(crate) order_id: Option<Uuid>,
    pub(crate) kind: String,
    pub(crate) amount_minor: i64,
    pub(crate) currency: String,
    pub(crate) booked_minor: Option<i64>,
    pub(crate) booked_currency: Option<String>,
}

/// An act in the books that no file has a line for.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Unlisted {
    pub(crate) order_id: Uuid,
    pub(crate) what: String,
    pub(crate) booked_minor: Option<i64>,
}

/// Takes the lease of the next day's file, up to the day `until`, unless another process reads it. Where none
/// was read before, that is the file of `until`; a file that stayed away is passed over until it is its time.
pub(crate) async fn claim(
    db: &mut PgConnection,
    provider: &str,
    until: Date,
    now: Timestamp,
) -> Result<Option<Claimed>, StoreError> {
    let claimed: Option<(jiff_sqlx::Date, i64, i64, bool)> = sqlx::query_as(
        "WITH next AS (
             SELECT coalesce((SELECT min(day)
                                FROM settlement_file
                               WHERE provider = $1 AND done_at IS NULL
                                 AND (asked_again_at IS NULL OR asked_again_at <= $3)),
                             (SELECT max(day) + 1 FROM settlement_file WHERE provider = $1),
                             $2) AS day
         ), claimed AS (
             INSERT INTO settlement_file AS f (provider, day, lease_until, lease_epoch)
             SELECT $1, next.day, now() + interval '60 s', 1
               FROM next
              WHERE next.day <= $2
                 ON CONFLICT (provider, day)
                 DO UPDATE SET lease_until = now() + interval '60 s', lease_epoch = f.lease_epoch + 1
              WHERE f.done_at IS NULL AND (f.lease_until IS NULL OR f.lease_until < now())
             RETURNING day, lease_epoch, read_to
         )
         SELECT day, lease_epoch, read_to,
                NOT EXISTS (SELECT 1
                              FROM settlement_file f
                             WHERE f.provider = $1 AND f.day = claimed.day - 1 AND f.done_at IS NOT NULL)
           FROM claimed",
    )
    .bind(provider)
    .bind(until.to_sqlx())
    .bind(now.to_sqlx())
    .fetch_optional(db)
    .await?;
    Ok(claimed.map(|(day, epoch, read_to, first)| Claimed {
        day: day.to_jiff(),
        epoch,
        read_to,
        first,
    }))
}

/// Passes the file over until `at`; false where it is another reader's.
pub(crate) async fn postpone(
    db: &mut PgConnection,
    provider: &str,
    claimed: &Claimed,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let postponed = sqlx::query(
        "UPDATE settlement_file
            SET asked_again_at = $4
          WHERE provider = $1 AND day = $2 AND lease_epoch = $3 AND done_at IS NULL",
    );
    let postponed = postponed
        .bind(provider)
        .bind(claimed.day.to_sqlx())
        .bind(claimed.epoch)
        .bind(at.to_sqlx())
        .execute(db)
        .await?;
    Ok(postponed.rows_affected() > 0)
}

/// Whether somebody has begun to read the file of a day.
pub(crate) async fn is_begun(
    db: &mut PgConnection,
    provider: &str,
    day: Date,
) -> Result<bool, StoreError> {
    let begun = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM settlement_file WHERE provider = $1 AND day = $2)",
    );
    Ok(begun.bind(provider).bind(day.to_sqlx()).fetch_one(db).await?)
}

/// Extends the lease; false where it is another reader's.
pub(crate) async fn extend(
    db: &mut PgConnection,
    provider: &str,
    claimed: &Claimed,
) -> Result<bool, StoreError> {
    let extended = sqlx::query(
        "UPDATE settlement_file
            SET lease_until = now() + interval '60 s'
          WHERE provider = $1 AND day = $2 AND lease_epoch = $3 AND done_at IS NULL",
    );
    held(extended, db, provider, claimed).await
}

/// Keeps lines of a file, how far it was read, and the lease; false, and nothing kept, where that is another
/// reader's. A line that is there stays as it is.
pub(crate) async fn keep(
    db: &mut PgConnection,
    provider: &str,
    claimed: &Claimed,
    rows: &[SettledRow],
    read_to: i64,
) -> Result<bool, StoreError> {
    let acts: Vec<_> = rows.iter().map(SettledRow::act).collect();
    let (orders, whats): (Vec<_>, Vec<_>) = acts
        .into_iter()
        .map(|act| act.map_or((None, None), |(order, what)| (Some(order.as_uuid()), Some(what))))
        .unzip();
    let held: i64 = sqlx::query_scalar(
        "WITH held AS (
             UPDATE settlement_file
                SET read_to = $3, lease_until = now() + interval '60 s'
              WHERE provider = $1 AND day = $2 AND lease_epoch = $10 AND done_at IS NULL
             RETURNING 1
         ), kept AS (
             INSERT INTO settlement_row (provider, call_key, day, kind, order_id, what, amount_minor, currency)
             SELECT $1, r.call_key, $2, r.kind, r.order_id, r.what, r.amount_minor, r.currency
               FROM unnest($4::text[], $5::text[], $6::uuid[], $7::text[], $8::bigint[], $9::text[])
                    AS r (call_key, kind, order_id, what, amount_minor, currency)
              WHERE EXISTS (SELECT 1 FROM held)
                 ON CONFLICT DO NOTHING
         )
         SELECT count(*) FROM held",
    )
    .bind(provider)
    .bind(claimed.day.to_sqlx())
    .bind(read_to)
    .bind(rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.kind.name()).collect::<Vec<_>>())
    .bind(orders)
    .bind(whats)
    .bind(rows.iter().map(|row| row.amount_minor).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.currency.as_str()).collect::<Vec<_>>())
    .bind(claimed.epoch)
    .fetch_one(db)
    .await?;
    Ok(held > 0)
}

/// How many lines of a day's file are kept.
pub(crate) async fn count(
    db: &mut PgConnection,
    provider: &str,
    day: Date,
) -> Result<i64, StoreError> {
    let count =
        sqlx::query_scalar("SELECT count(*) FROM settlement_row WHERE provider = $1 AND day = $2");
    Ok(count.bind(provider).bind(day.to_sqlx()).fetch_one(db).await?)
}

/// Forgets some of what was read of a file that is not whole, and keeps the lease; returns how many lines. The
/// next reader begins at its beginning.
pub(crate) async fn restart(
    db: &mut PgConnection,
    provider: &str,
    claimed: &Claimed,
) -> Result<u64, StoreError> {
    let gone = sqlx::query(
        "WITH held AS (
             UPDATE settlement_file
                SET read_to = 0, lease_until = now() + interval '60 s'
              WHERE provider = $1 AND day = $2 AND lease_epoch = $3 AND done_at IS NULL
             RETURNING provider, day
         ), part AS MATERIALIZED (
             SELECT r.provider, r.call_key, r.day
               FROM settlement_row r
               JOIN held USING (provider, day)
              LIMIT $4
         )
         DELETE FROM settlement_row r
          USING part
          WHERE r.provider = part.provider AND r.call_key = part.call_key AND r.day = part.day",
    );
    let gone = gone
        .bind(provider)
        .bind(claimed.day.to_sqlx())
        .bind(claimed.epoch)
        .bind(PRUNED_AT_ONCE)
        .execute(db)
        .await?;
    Ok(gone.rows_affected())
}

/// Gives the lease back, if it is still this reader's.
pub(crate) async fn release(
    db: &mut PgConnection,
    provider: &str,
    claimed: &Claimed,
) -> Result<(), StoreError> {
    let released = sqlx::query(
        "UPDATE settlement_file
            SET lease_until = NULL
          WHERE provider = $1 AND day = $2 AND lease_epoch = $3",
    );
    held(released, db, provider, claimed).await?;
    Ok(())
}

/// Says that the file was compared to its end; false where another reader has it.
pub(crate) async fn finish(
    db: &mut PgConnection,
    provider: &str,
    claimed: &Claimed,
) -> Result<bool, StoreError> {
    let finished = sqlx::query(
        "UPDATE settlement_file
            SET done_at = now()
          WHERE provider = $1 AND day = $2 AND lease_epoch = $3 AND done_at IS NULL",
    );
    held(finished, db, provider, claimed).await
}

/// Whether a statement about the reader's file did anything.
async fn held(
    statement: Query<'_, Postgres, PgArguments>,
    db: &mut PgConnection,
    provider: &str,
    claimed: &Claimed,
) -> Result<bool, StoreError> {
    let statement = statement.bind(provider.to_owned());
    let outcome = statement.bind(claimed.day.to_sqlx()).bind(claimed.epoch).execute(db).await?;
    Ok(outcome.rows_affected() > 0)
}

/// The last of the next `limit` lines of a day, by key, after `after`; none where that was the last.
pub(crate) async fn end_of_page(
    db: &mut PgConnection,
    provider: &str,
    day: Date,
    after: &str,
    limit: i64,
) -> Result<Option<String>, StoreError> {
    let end = sqlx::query_scalar(
        "SELECT max(call_key)
           FROM (SELECT call_key
                   FROM settlement_row
                  WHERE provider = $1 AND day = $2 AND call_key > $3
                  ORDER BY call_key
                  LIMIT $4) page",
    );
    Ok(end.bind(provider).bind(day.to_sqlx()).bind(after).bind(limit).fetch_one(db).await?)
}

/// The lines of a day with which the books do not agree, by key, after the first key and up to the second.
pub(crate) async fn list_differing(
    db: &mut PgConnection,
    provider: &str,
    day: Date,
    (after, to): (&str, &str),
) -> Result<Vec<Differing>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT call_key, order_id, kind, amount_minor, currency, booked_minor, booked_currency
           FROM settlement_beside_books
          WHERE provider = $1 AND day = $2 AND call_key > $3 AND call_key <= $4 AND NOT agrees
          ORDER BY call_key",
    )
    .bind(provider)
    .bind(day.to_sqlx())
    .bind(after)
    .bind(to)
    .fetch_all(db)
    .await?;
    Ok(rows)
}

/// The last of the next `limit` acts in the books of a window of time, after `after`; none where that was the last.
pub(crate) async fn end_of_acts(
    db: &mut PgConnection,
    (from, to): (Timestamp, Timestamp),
    after: Option<Uuid>,
    limit: i64,
) -> Result<Option<Uuid>, StoreError> {
    let end = sqlx::query_scalar(
        "SELECT tx_id
           FROM (SELECT tx_id
                   FROM ledger_tx
                  WHERE tx_id >= greatest($1, $3) AND ($3 IS NULL OR tx_id > $3) AND tx_id < $2
                  ORDER BY tx_id
                  LIMIT $4) page
          ORDER BY tx_id DESC
          LIMIT 1",
    )
    .bind(first_id_at(from))
    .bind(first_id_at(to))
    .bind(after)
    .bind(limit)
    .fetch_optional(db)
    .await?;
    Ok(end)
}

/// The acts booked in a window of time that no file has a line for, oldest first, after the first act and up to
/// the second.
pub(crate) async fn list_unlisted(
    db: &mut PgConnection,
    provider: &str,
    from: Timestamp,
    (after, to): (Option<Uuid>, Uuid),
) -> Result<Vec<Unlisted>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT t.order_id, t.what,
                (SELECT abs(sum(l.amount_minor))::bigint
                   FROM ledger_line l
                  WHERE l.tx_id = t.tx_id
                    AND l.account = CASE split_part(t.what, ':', 1)
                                    WHEN 'capture' THEN 'receivable' WHEN 'refund' THEN 'payable' ELSE 'hold' END
                                    || ':provider:' || $1) AS booked_minor
           FROM ledger_tx t
          WHERE t.tx_id >= greatest($2, $4) AND ($4 IS NULL OR t.tx_id > $4) AND t.tx_id <= $3
            AND t.order_id IS NOT NULL
            AND split_part(t.what, ':', 1) IN ('authorize', 'capture', 'void', 'refund')
            AND NOT EXISTS (
                SELECT 1
                  FROM settlement_row r
                 WHERE r.provider = $1 AND r.call_key = t.order_id::text || ':' || t.what)
          ORDER BY t.tx_id",
    )
    .bind(provider)
    .bind(first_id_at(from))
    .bind(to)
    .bind(after)
    .fetch_all(db)
    .await?;
    Ok(rows)
}

/// Closes the breaks that a file showed and that are none any more; returns how many.
pub(crate) async fn heal(
    db: &mut PgConnection,
    provider: &str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let healed = sqlx::query(
        "UPDATE recon_break k
            SET resolved_at = $2, resolution = 'healed: file and books agree'
          WHERE k.provider = $1 AND k.resolved_at IS NULL AND k.file_day IS NOT NULL
            AND (EXISTS (SELECT 1
                           FROM settlement_beside_books r
                          WHERE r.provider = k.provider AND r.call_key = k.call_key AND r.agrees)
                 OR (k.kind = 'file-missing'
                     AND EXISTS (SELECT 1
                                   FROM settlement_file f
                                  WHERE f.provider = k.provider AND f.day = k.file_day AND f.done_at IS NOT NULL)))",
    )
    .bind(provider)
    .bind(now.to_sqlx())
    .execute(db)
    .await?;
    Ok(healed.rows_affected())
}

/// Removes some of the lines of a provider's files older than `before`; returns how many.
pub(crate) async fn prune(
    db: &mut PgConnection,
    provider: &str,
    before: Date,
) -> Result<u64, StoreError> {
    let gone = sqlx::query(
        "WITH old AS MATERIALIZED (
             SELECT provider, call_key, day
               FROM settlement_row
              WHERE provider = $3 AND day < $1
              LIMIT $2
                FOR UPDATE SKIP LOCKED
         )
         DELETE FROM settlement_row r
          USING old
          WHERE r.provider = old.provider AND r.call_key = old.call_key AND r.day = old.day",
    )
    .bind(before.to_sqlx())
    .bind(PRUNED_AT_ONCE)
    .bind(provider)
    .execute(db)
    .await?;
    Ok(gone.rows_affected())
}

impl Differing {
    pub(crate) fn order(&self) -> Option<OrderId> {
        self.order_id.map(OrderId::from_uuid)
    }

    /// What the file says, in a few words.
    pub(crate) fn theirs(&self) -> String {
        let kind = SettledKind::parse(&self.kind).map_or("something", SettledKind::name);
        format!("{kind} in {}", self.currency)
    }
}
