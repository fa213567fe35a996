//! The tables `recon_walk` and `recon_break`, and our calls to compare.

use std::collections::HashMap;

use common::types::{OrderId, PaymentId, Timestamp};
use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use uuid::Uuid;

use crate::domain::{Difference, Known, Outcome};

/// Where the provider's books and ours differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Break {
    pub(crate) id: Uuid,
    pub(crate) provider: String,
    pub(crate) difference: Difference,
    pub(crate) call_key: String,
    pub(crate) order: Option<OrderId>,
    pub(crate) payment: Option<PaymentId>,
    pub(crate) ours: String,
    pub(crate) ours_minor: Option<i64>,
    pub(crate) theirs: String,
    pub(crate) theirs_minor: Option<i64>,
    pub(crate) found_at: Timestamp,
    /// In which day's file it was seen, where it was.
    pub(crate) file_day: Option<Date>,
    pub(crate) resolved: Option<Resolved>,
}

/// How a person has settled it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) at: Timestamp,
    pub(crate) by: Option<Uuid>,
    pub(crate) how: String,
}

#[derive(sqlx::FromRow)]
struct BreakRow {
    break_id: Uuid,
    provider: String,
    kind: String,
    call_key: String,
    order_id: Option<Uuid>,
    payment_id: Option<Uuid>,
    ours: String,
    ours_minor: Option<i64>,
    theirs: String,
    theirs_minor: Option<i64>,
    found_at: jiff_sqlx::Timestamp,
    file_day: Option<jiff_sqlx::Date>,
    resolved_at: Option<jiff_sqlx::Timestamp>,
    resolved_by: Option<Uuid>,
    resolution: Option<String>,
}

/// Begins a walk, unless another process is walking; answers how far the last one came, and the database's time: a
/// walk beyond that would never be made again. A provider that was never walked is walked from `first`.
pub(crate) async fn claim_walk(
    db: &mut PgConnection,
    provider: &str,
    first: Timestamp,
) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
    let walk: Option<(jiff_sqlx::Timestamp, jiff_sqlx::Timestamp)> = sqlx::query_as(
        "INSERT INTO recon_walk AS w (provider, walked_to, lease_until)
         VALUES ($1, $2, now() + interval '60 s')
             ON CONFLICT (provider) DO UPDATE SET lease_until = now() + interval '60 s'
          WHERE w.lease_until IS NULL OR w.lease_until < now()
         RETURNING walked_to, now()",
    )
    .bind(provider)
    .bind(first.to_sqlx())
    .fetch_optional(db)
    .await?;
    Ok(walk.map(|(walked_to, now)| (walked_to.to_jiff(), now.to_jiff())))
}

/// Keeps how far the walk has come, and the lease.
pub(crate) async fn keep_walk(
    db: &mut PgConnection,
    provider: &str,
    walked_to: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE recon_walk
            SET walked_to = greatest(walked_to, $2), lease_until = now() + interval '60 s'
          WHERE provider = $1",
    )
    .bind(provider)
    .bind(walked_to.to_sqlx())
    .execute(db)
    .await?;
    Ok(())
}

/// Ends the walk.
pub(crate) async fn end_walk(db: &mut PgConnection, provider: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE recon_walk SET lease_until = NULL WHERE provider = $1")
        .bind(provider)
        .execute(db)
        .await?;
    Ok(())
}

/// Our calls with these keys.
pub(crate) async fn known(
    db: &mut PgConnection,
    keys: &[String],
) -> Result<HashMap<String, Known>, StoreError> {
    let rows: Vec<(String, Uuid, String, i64)> = sqlx::query_as(
        "SELECT call_key, order_id, outcome, amount_minor
           FROM payment_call
          WHERE call_key = ANY ($1)",
    )
    .bind(keys)
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|(key, order, outcome, amount_minor)| {
            let corrupt = || StoreError::Corrupt { table: "payment_call", id: key.clone() };
            let outcome = Outcome::parse(&outcome).ok_or_else(corrupt)?;
            let order = OrderId::from_uuid(order);
            Ok((key, Known { order, outcome, amount_minor }))
        })
        .collect()
}

/// The generation of an authorization, by the provider's name for it.
pub(crate) async fn generation_of(
    tx: &mut PgConnection,
    order: OrderId,
    reference: Uuid,
) -> Result<Option<i32>, StoreError> {
    let found = sqlx::query_scalar(
        "SELECT generation
           FROM payment_call
          WHERE order_id = $1 AND step = 'authorize' AND provider_ref = $2",
    )
    .bind(order.as_uuid())
    .bind(reference.to_string())
    .fetch_optional(tx)
    .await?;
    Ok(found)
}

/// Inserts a break. False: it was found before.
pub(crate) async fn insert(tx: &mut PgConnection, found: &Break) -> Result<bool, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO recon_break (break_id, provider, kind, call_key, order_id, payment_id, ours, ours_minor,
                                  theirs, theirs_minor, found_at, file_day)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
             ON CONFLICT (provider, kind, call_key) DO NOTHING",
    )
    .bind(found.id)
    .bind(&found.provider)
    .bind(found.difference.name())
    .bind(&found.call_key)
    .bind(found.order.map(OrderId::as_uuid))
    .bind(found.payment.map(PaymentId::as_uuid))
    .bind(&found.ours)
    .bind(found.ours_minor)
    .bind(&found.theirs)
    .bind(found.theirs_minor)
    .bind(found.found_at.to_sqlx())
    .bind(found.file_day.map(ToSqlx::to_sqlx))
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// How many breaks wait for somebody.
pub(crate) async fn count_open(db: &mut PgConnection) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar("SELECT count(*) FROM recon_break WHERE resolved_at IS NULL");
    Ok(count.fetch_one(db).await?)
}

/// At most `limit` breaks older than `before`, newest first; only open ones, or only those resolved.
pub(crate) async fn list(
    db: &mut PgConnection,
    open: bool,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Break>, StoreError> {
    let rows: Vec<BreakRow> = sqlx::query_as(
        "SELECT break_id, provider, kind, call_key, order_id, payment_id, ours, ours_minor, theirs,
                theirs_minor, found_at, file_day, resolved_at, resolved_by, resolution
           FROM recon_break
          WHERE (resolved_at IS NULL) = $1 AND ($2::uuid IS NULL OR break_id < $2)
          ORDER BY break_id DESC
          LIMIT $3",
    )
    .bind(open)
    .bind(before)
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(BreakRow::read).collect()
}

/// Finds a break and holds it until the transaction ends.
pub(crate) async fn lock(tx: &mut PgConnection, id: Uuid) -> Result<Option<Break>, StoreError> {
    let row: Option<BreakRow> = sqlx::query_as(
        "SELECT break_id, provider, kind, call_key, order_id, payment_id, ours, ours_minor, theirs,
                theirs_minor, found_at, file_day, resolved_at, resolved_by, resolution
           FROM recon_break
          WHERE break_id = $1
            FOR UPDATE",
    )
    .bind(id)
    .fetch_optional(tx)
    .await?;
    row.map(BreakRow::read).transpose()
}

/// Stores how a break was settled.
pub(crate) async fn resolve(
    tx: &mut PgConnection,
    id: Uuid,
    resolved: &Resolved,
) -> Result<(), StoreError> {
    let updated = sqlx::query(
        "UPDATE recon_break
            SET resolved_at = $2, resolved_by = $3, resolution = $4
          WHERE break_id = $1 AND resolved_at IS NULL",
    )
    .bind(id)
    .bind(resolved.at.to_sqlx())
    .bind(resolved.by)
    .bind(&resolved.how)
    .execute(tx)
    .await?;
    match updated.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::Stale { table: "recon_break" }),
    }
}

impl BreakRow {
    fn read(self) -> Result<Break, StoreError> {
        let id = self.break_id;
        let corrupt = || StoreError::Corrupt { table: "recon_break", id: id.to_string() };
        Ok(Break {
            id,
            provider: self.provider,
            difference: Difference::parse(&self.kind).ok_or_else(corrupt)?,
            call_key: self.call_key,
            order: self.order_id.map(OrderId::from_uuid),
            payment: self.payment_id.map(PaymentId::from_uuid),
            ours: self.ours,
            ours_minor: self.ours_minor,
            theirs: self.theirs,
            theirs_minor: self.theirs_minor,
            found_at: self.found_at.to_jiff(),
            file_day: self.file_day.map(jiff_sqlx::Date::to_jiff),
            resolved: self.resolved_at.zip(self.resolution).map(|(at, how)| Resolved {
                at: at.to_jiff(),
                by: self.resolved_by,
                how,
            }),
        })
    }
}
