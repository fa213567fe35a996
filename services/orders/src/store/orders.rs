//! The `orders` table: the record of every order, and the leases of those who work on it.

use common::{
    mutants,
    types::{Cell, Currency, CustomerId, OrderId, StoreId, Timestamp},
};
use jiff_sqlx::ToSqlx;
use postgres_kit::{PgConnection, StoreError};
use sqlx::types::Json;
use uuid::Uuid;

use super::{
    line_doc::{AddressDoc, LineDoc},
    wrong,
};
use crate::domain::{
    Deadlines, Fulfilment, Narrowed, NewOrder, Order, Owner, State, Totals, Verdict, calls_of,
};

/// Seconds for which a worker has an order to itself, by the database's clock.
pub(super) const LEASE_S: f64 = 15.0;

const COLUMNS: &str =
    "order_id, number, customer_id, store_id, cell, fulfilment, state, cause, version, confirmed,
    items, subtotal_minor, tax_minor, delivery_fee_minor, tip_minor, total_minor, currency, address,
    payment_method_id, promise_at, created_at, deadline_at, generation, lease_epoch, attempts,
    (SELECT f.epoch FROM cell_fence f WHERE f.cell = orders.cell) AS cell_epoch";

#[derive(Debug, sqlx::FromRow)]
pub(super) struct OrderRow {
    order_id: Uuid,
    number: i64,
    customer_id: Uuid,
    store_id: Uuid,
    cell: String,
    fulfilment: String,
    state: String,
    cause: Option<String>,
    version: i64,
    confirmed: bool,
    items: Json<Vec<LineDoc>>,
    subtotal_minor: i64,
    tax_minor: i64,
    delivery_fee_minor: i64,
    tip_minor: i64,
    total_minor: i64,
    currency: String,
    address: Option<Json<AddressDoc>>,
    payment_method_id: String,
    promise_at: Option<jiff_sqlx::Timestamp>,
    created_at: jiff_sqlx::Timestamp,
    deadline_at: jiff_sqlx::Timestamp,
    generation: i32,
    lease_epoch: i64,
    attempts: i32,
    cell_epoch: i64,
}

impl TryFrom<OrderRow> for Order {
    type Error = StoreError;

    fn try_from(row: OrderRow) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt { table: "orders", id: row.order_id.to_string() };
        let currency = Currency::parse(&row.currency).map_err(|_| corrupt())?;
        Ok(Self {
            id: OrderId::from_uuid(row.order_id),
            number: row.number,
            customer: CustomerId::from_uuid(row.customer_id),
            store: StoreId::from_uuid(row.store_id),
            cell: Cell::parse(&row.cell).map_err(|_| corrupt())?,
            fulfilment: Fulfilment::parse(&row.fulfilment).ok_or_else(corrupt)?,
            state: State::parse(&row.state).ok_or_else(corrupt)?,
            cause: row.cause,
            version: row.version,
            confirmed: row.confirmed,
            lines: row.items.0.into_iter().map(Into::into).collect(),
            totals: Totals {
                subtotal_minor: row.subtotal_minor,
                tax_minor: row.tax_minor,
                delivery_fee_minor: row.delivery_fee_minor,
                tip_minor: row.tip_minor,
                total_minor: row.total_minor,
                currency,
            },
            address: row.address.map(|address| address.0.into()),
            payment_method: row.payment_method_id,
            promise_at: row.promise_at.map(jiff_sqlx::Timestamp::to_jiff),
            created_at: row.created_at.to_jiff(),
            deadline_at: row.deadline_at.to_jiff(),
            generation: row.generation,
            lease_epoch: row.lease_epoch,
            cell_epoch: row.cell_epoch,
            attempts: row.attempts,
        })
    }
}

/// An accepted order: how it starts, and who works on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    pub(crate) state: State,
    /// The worker that takes it at once; none: the first that is free.
    pub(crate) worker: Option<Uuid>,
    pub(crate) now: Timestamp,
    pub(crate) deadline_at: Timestamp,
}

/// Stores a new order, and that what it begins with may be asked of others. Its number is drawn from the
/// sequence and answered.
///
/// # Errors
/// [`StoreError::Stale`]: the order was there before and is in the archive, or its cell is nobody's.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    order: &NewOrder,
    body_sha: &[u8],
    start: Start,
) -> Result<Order, StoreError> {
    let lines: Vec<LineDoc> = order.lines.iter().map(Into::into).collect();
    let mut placed = placed(order, start);
    let calls = calls_of(&placed);
    let stored: Option<(i64, i64)> = sqlx::query_as(
        "WITH placed AS (
             INSERT INTO orders (order_id, customer_id, store_id, cell, fulfilment, state, items,
                                 subtotal_minor, tax_minor, delivery_fee_minor, tip_minor, total_minor,
                                 currency, address, payment_method_id, body_sha, promise_at, deadline_at,
                                 created_at, lease_owner, lease_epoch, lease_until, write_epoch)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
                    $20, CASE WHEN $20 IS NULL THEN 0 ELSE 1 END,
                    CASE WHEN $20 IS NULL THEN NULL ELSE now() + $21 * interval '1 s' END, f.epoch
               FROM cell_fence f
              WHERE f.cell = $4 AND NOT EXISTS (SELECT FROM order_past p WHERE p.order_id = $1)
             RETURNING order_id, number, write_epoch
         ), asked AS (
             INSERT INTO saga_step (order_id, step, generation, call_key)
             SELECT p.order_id, a.step, a.generation, p.order_id::text || ':' || a.step || ':' || a.generation
               FROM placed p, unnest($22::text[], $23::int[]) AS a (step, generation)
                 ON CONFLICT DO NOTHING
         )
         SELECT number, write_epoch FROM placed",
    )
    .bind(order.id.as_uuid())
    .bind(order.customer.as_uuid())
    .bind(order.store.as_uuid())
    .bind(order.cell.as_str())
    .bind(order.fulfilment.name())
    .bind(start.state.name())
    .bind(Json(lines))
    .bind(order.totals.subtotal_minor)
    .bind(order.totals.tax_minor)
    .bind(order.totals.delivery_fee_minor)
    .bind(order.totals.tip_minor)
    .bind(order.totals.total_minor)
    .bind(order.totals.currency.as_str())
    .bind(order.address.as_ref().map(|address| Json(AddressDoc::from(address))))
    .bind(&order.payment_method)
    .bind(body_sha)
    .bind(order.promise_at.to_sqlx())
    .bind(start.deadline_at.to_sqlx())
    .bind(start.now.to_sqlx())
    .bind(start.worker)
    .bind(LEASE_S)
    .bind(calls.iter().map(|call| call.name()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.generation(&placed)).collect::<Vec<_>>())
    .fetch_optional(tx)
    .await?;
    (placed.number, placed.cell_epoch) = stored.ok_or(StoreError::Stale { table: "order_past" })?;
    Ok(placed)
}

/// A new order, before it has a number.
fn placed(order: &NewOrder, start: Start) -> Order {
    Order {
        id: order.id,
        number: 0,
        customer: order.customer,
        store: order.store,
        cell: order.cell.clone(),
        fulfilment: order.fulfilment,
        state: start.state,
        cause: None,
        version: 1,
        confirmed: false,
        lines: order.lines.clone(),
        totals: order.totals,
        address: order.address.clone(),
        payment_method: order.payment_method.clone(),
        promise_at: Some(order.promise_at),
        created_at: start.now,
        deadline_at: start.deadline_at,
        generation: 1,
        lease_epoch: i64::from(start.worker.is_some()),
        cell_epoch: 0,
        attempts: 0,
    }
}

/// Finds one of the owner's orders.
pub(crate) async fn find(
    db: &mut PgConnection,
    owner: Owner<'_>,
    id: OrderId,
) -> Result<Option<Order>, StoreError> {
    one(db, owner, id, "").await
}

/// Finds one of the owner's orders and holds it until the transaction ends.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    owner: Owner<'_>,
    id: OrderId,
) -> Result<Option<Order>, StoreError> {
    one(tx, owner, id, "FOR UPDATE").await
}

async fn one(
    db: &mut PgConnection,
    owner: Owner<'_>,
    id: OrderId,
    lock: &'static str,
) -> Result<Option<Order>, StoreError> {
    let row: Option<OrderRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}
           FROM orders
          WHERE order_id = $1
            AND ($2::uuid IS NULL OR customer_id = $2)
            AND ($3::uuid[] IS NULL OR store_id = ANY ($3))
         {lock}"
    )))
    .bind(id.as_uuid())
    .bind(owner.customer().map(CustomerId::as_uuid))
    .bind(owner.stores().map(uuids))
    .fetch_optional(db)
    .await?;
    row.map(Order::try_from).transpose()
}

/// Lists the owner's orders, newest first, after the one created at `after`.
pub(crate) async fn list(
    db: &mut PgConnection,
    owner: Owner<'_>,
    narrowed: Narrowed,
    after: Option<(Timestamp, OrderId)>,
    limit: i64,
) -> Result<Vec<Order>, StoreError> {
    let rows: Vec<OrderRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}
           FROM orders
          WHERE ($1::uuid IS NULL OR customer_id = $1)
            AND ($2::uuid[] IS NULL OR store_id = ANY ($2))
            AND ($3::uuid IS NULL OR store_id = $3)
            AND ($4::text IS NULL OR state = $4)
            AND ($5::timestamptz IS NULL OR created_at >= $5)
            AND ($6::timestamptz IS NULL OR created_at < $6)
            AND ($7::timestamptz IS NULL OR (created_at, order_id) < ($7, $8))
          ORDER BY created_at DESC, order_id DESC
          LIMIT $9"
    )))
    .bind(owner.customer().map(CustomerId::as_uuid))
    .bind(owner.stores().map(uuids))
    .bind(narrowed.store.map(StoreId::as_uuid))
    .bind(narrowed.state.map(State::name))
    .bind(narrowed.from.map(ToSqlx::to_sqlx))
    .bind(narrowed.to.map(ToSqlx::to_sqlx))
    .bind(after.map(|(at, _)| at.to_sqlx()))
    .bind(after.map(|(_, id)| id.as_uuid()))
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Order::try_from).collect()
}

/// Lists the owner's orders under way, oldest first: what the projection shows, from the record.
pub(crate) async fn list_active(
    db: &mut PgConnection,
    owner: Owner<'_>,
    limit: i64,
) -> Result<Vec<Order>, StoreError> {
    let rows: Vec<OrderRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}
           FROM orders
          WHERE state NOT IN ('COMPLETED', 'COMPLETED_UNPAID', 'CANCELLED', 'REJECTED')
            AND ($1::uuid IS NULL OR customer_id = $1)
            AND ($2::uuid[] IS NULL OR store_id = ANY ($2))
          ORDER BY created_at, order_id
          LIMIT $3"
    )))
    .bind(owner.customer().map(CustomerId::as_uuid))
    .bind(owner.stores().map(uuids))
    .bind(limit)
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Order::try_from).collect()
}

pub(super) fn uuids(stores: &[StoreId]) -> Vec<Uuid> {
    stores.iter().map(|store| store.as_uuid()).collect()
}

/// A due order, claimed, and what time it is for it by the database's clock.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub(crate) order: Order,
    /// Its deadline has passed.
    pub(crate) late: bool,
    /// A person is to be told that it waits.
    pub(crate) overdue: bool,
}

#[derive(Debug, sqlx::FromRow)]
struct ClaimedRow {
    #[sqlx(flatten)]
    order: OrderRow,
    late: bool,
    overdue: bool,
}

/// Claims at most `limit` due orders for `worker`; the row lock is taken in a materialised CTE, so that
/// no plan ever takes more (PostgreSQL bug 15715).
pub(crate) async fn claim_due(
    db: &mut PgConnection,
    worker: Uuid,
    limit: i64,
) -> Result<Vec<Claimed>, StoreError> {
    let rows: Vec<ClaimedRow> = sqlx::query_as(
        "WITH due AS MATERIALIZED (
             SELECT order_id AS due_id
               FROM orders
              WHERE state NOT IN ('COMPLETED', 'COMPLETED_UNPAID', 'CANCELLED', 'REJECTED')
                AND next_attempt_at <= now()
                AND (lease_until IS NULL OR (lease_until < now() AND NOT $4))
              ORDER BY next_attempt_at
              LIMIT $2
                FOR UPDATE SKIP LOCKED
         )
         UPDATE orders o
            SET lease_owner = $1, lease_epoch = o.lease_epoch + 1,
                lease_until = now() + $3 * interval '1 s'
           FROM due
          WHERE o.order_id = due.due_id
         RETURNING o.order_id, o.number, o.customer_id, o.store_id, o.cell, o.fulfilment, o.state,
                   o.cause, o.version, o.confirmed, o.items, o.subtotal_minor, o.tax_minor,
                   o.delivery_fee_minor, o.tip_minor, o.total_minor, o.currency, o.address,
                   o.payment_method_id, o.promise_at, o.created_at, o.deadline_at, o.generation,
                   o.lease_epoch, o.attempts,
                   (SELECT f.epoch FROM cell_fence f WHERE f.cell = o.cell) AS cell_epoch,
                   o.deadline_at < now() AS late, coalesce(o.alert_at < now(), false) AS overdue",
    )
    .bind(worker)
    .bind(limit)
    .bind(LEASE_S)
    .bind(mutants::on("no_lease_expiry"))
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let ClaimedRow { order, late, overdue } = row;
            Ok(Claimed { order: order.try_into()?, late, overdue })
        })
        .collect()
}

/// Takes a leased order through the states of `verdict`. `None`: lease, version or fence no longer
/// hold, so the work is somebody else's.
pub(crate) async fn advance(
    tx: &mut PgConnection,
    order: &Order,
    verdict: &Verdict,
    next_attempt_at: Timestamp,
    deadlines: Deadlines,
) -> Result<Option<i64>, StoreError> {
    let states: Vec<&str> = verdict.states.iter().map(|state| state.name()).collect();
    let version: Option<i64> =
        sqlx::query_scalar("SELECT order_advance($1, $2, $3, $4, $5, $6, $7, $8, $9)")
            .bind(order.id.as_uuid())
            .bind(order.lease_epoch)
            .bind(order.version)
            .bind(order.cell_epoch)
            .bind(&states)
            .bind(verdict.cause.as_deref())
            .bind(next_attempt_at.to_sqlx())
            .bind(deadlines.act_at.to_sqlx())
            .bind(deadlines.alert_at.map(ToSqlx::to_sqlx))
            .fetch_one(&mut *tx)
            .await?;
    if version.is_none() && mutants::on("no_lease_fence") {
        return wrong::write_all_the_same(tx, order, &states).await.map(Some);
    }
    if mutants::on("skip_state") {
        wrong::forget_a_state(tx, order).await?;
    }
    Ok(version)
}

/// A step from outside (customer, kitchen, courier, support): takes the order over from any worker, through
/// all of `verdict`'s states.
///
/// # Errors
/// [`StoreError::Stale`]: somebody was faster.
pub(crate) async fn take_over(
    tx: &mut PgConnection,
    order: &mut Order,
    verdict: &Verdict,
    next_attempt_at: Timestamp,
    deadlines: Deadlines,
) -> Result<(), StoreError> {
    end_lease(tx, order).await?;
    let version = advance(tx, order, verdict, next_attempt_at, deadlines).await?;
    order.take(verdict);
    order.version = version.ok_or(StoreError::Stale { table: "orders" })?;
    order.deadline_at = deadlines.act_at;
    Ok(())
}

/// Takes an order away from any worker, whose writes are lost from now on.
async fn end_lease(tx: &mut PgConnection, order: &mut Order) -> Result<(), StoreError> {
    let taken = sqlx::query(
        "UPDATE orders
            SET lease_epoch = lease_epoch + 1, lease_until = NULL, lease_owner = NULL
          WHERE order_id = $1 AND version = $2",
    )
    .bind(order.id.as_uuid())
    .bind(order.version)
    .execute(tx)
    .await?;
    if taken.rows_affected() != 1 {
        return Err(StoreError::Stale { table: "orders" });
    }
    order.lease_epoch += 1;
    Ok(())
}

/// Takes an order away from any worker, to be tried at once as if for the first time.
///
/// # Errors
/// [`StoreError::Stale`]: its cell is another's by now.
pub(crate) async fn make_due(tx: &mut PgConnection, order: &mut Order) -> Result<(), StoreError> {
    end_lease(tx, order).await?;
    let made = sqlx::query(
        "UPDATE orders
            SET attempts = 0, next_attempt_at = now()
          WHERE order_id = $1
            AND EXISTS (SELECT FROM cell_fence f WHERE f.cell = orders.cell AND f.epoch = $2)",
    )
    .bind(order.id.as_uuid())
    .bind(order.cell_epoch)
    .execute(tx)
    .await?;
    if made.rows_affected() != 1 {
        return Err(StoreError::Stale { table: "orders" });
    }
    order.attempts = 0;
    Ok(())
}

/// Gives an order other deadlines in the state in which it is, away from any worker.
pub(crate) async fn update_deadlines(
    tx: &mut PgConnection,
    order: &mut Order,
    deadlines: Deadlines,
) -> Result<(), StoreError> {
    end_lease(tx, order).await?;
    sqlx::query(
        "UPDATE orders
            SET deadline_at = $2, alert_at = $3,
                next_attempt_at = CASE WHEN next_attempt_at > now() THEN least($2, $3)
                                       ELSE next_attempt_at END
          WHERE order_id = $1",
    )
    .bind(order.id.as_uuid())
    .bind(deadlines.act_at.to_sqlx())
    .bind(deadlines.alert_at.map(ToSqlx::to_sqlx))
    .execute(tx)
    .await?;
    order.deadline_at = deadlines.act_at;
    Ok(())
}

/// Notes that a person was told about a leased order. False: the lease was lost.
pub(crate) async fn note_alert(
    tx: &mut PgConnection,
    order: &Order,
    deadlines: Deadlines,
) -> Result<bool, StoreError> {
    let noted = sqlx::query(
        "UPDATE orders
            SET deadline_at = $2, alert_at = $3
          WHERE order_id = $1 AND lease_epoch = $4 AND version = $5
            AND EXISTS (SELECT FROM cell_fence f WHERE f.cell = orders.cell AND f.epoch = $6)",
    )
    .bind(order.id.as_uuid())
    .bind(deadlines.act_at.to_sqlx())
    .bind(deadlines.alert_at.map(ToSqlx::to_sqlx))
    .bind(order.lease_epoch)
    .bind(order.version)
    .bind(order.cell_epoch)
    .execute(tx)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// Gives a leased order back, to be tried again after `wait_ms` or when its first deadline passes,
/// whichever comes first. False: lease, version or fence no longer hold, and nothing is to be done.
pub(crate) async fn give_back(
    tx: &mut PgConnection,
    order: &Order,
    wait_ms: Option<i64>,
) -> Result<bool, StoreError> {
    let given = sqlx::query(
        "UPDATE orders
            SET lease_until = NULL, lease_owner = NULL,
                attempts = CASE WHEN $3::bigint IS NULL THEN attempts ELSE attempts + 1 END,
                next_attempt_at = CASE
                    WHEN $3 IS NULL THEN greatest(least(deadline_at, alert_at), now() + interval '1 min')
                    WHEN deadline_at > now() THEN least(now() + $3 * interval '1 ms', deadline_at)
                    ELSE now() + $3 * interval '1 ms' END
          WHERE order_id = $1 AND lease_epoch = $2 AND version = $4
            AND EXISTS (SELECT FROM cell_fence f WHERE f.cell = orders.cell AND f.epoch = $5)",
    )
    .bind(order.id.as_uuid())
    .bind(order.lease_epoch)
    .bind(wait_ms)
    .bind(order.version)
    .bind(order.cell_epoch)
    .execute(tx)
    .await?;
    Ok(given.rows_affected() == 1)
}

#[derive(Debug, sqlx::FromRow)]
struct UnprojectedRow {
    #[sqlx(flatten)]
    order: OrderRow,
    ended_at: Option<jiff_sqlx::Timestamp>,
}

/// Lists orders whose newest version the projection does not show, each with its end. An order that is
/// about to be decided has a second for it, and so is mostly shown once.
pub(crate) async fn list_unprojected(
    db: &mut PgConnection,
    limit: usize,
) -> Result<Vec<(Order, Option<Timestamp>)>, StoreError> {
    let rows: Vec<UnprojectedRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
        "SELECT {COLUMNS}, ended_at
           FROM orders
          WHERE projected_version < version
            AND (confirmed OR ended_at IS NOT NULL OR created_at < now() - interval '1 s')
          LIMIT $1"
    )))
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| Ok((row.order.try_into()?, row.ended_at.map(jiff_sqlx::Timestamp::to_jiff))))
        .collect()
}

#[cfg(test)]
mod live {
    use common::types::Timestamp;
    use sqlx::PgPool;

    use crate::{
        bench::Bench,
        domain::{Deadlines, LEGAL, Order, Owner, State, TICKET_LEGAL, Verdict},
    };

    /// A confirmed order as a worker read it, and the write that it is about to make.
    async fn a_worker_with_an_order(bench: &Bench) -> (Order, Verdict, Deadlines) {
        let id = bench.a_confirmed_order().await;
        let mut db = bench.db.acquire().await.unwrap();
        let order = super::find(&mut db, Owner::Everyone, id).await.unwrap().unwrap();
        let verdict = Verdict { states: vec![State::Preparing], cause: None };
        (order, verdict, Deadlines { alert_at: None, act_at: Timestamp::MAX })
    }

    /// RELIABILITY 7.2: a worker that wakes up late writes zero rows, whatever it was that changed.
    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_write_is_lost_where_lease_version_or_cell_epoch_is_another_by_now(db: PgPool) {
        let bench = Bench::new(db).await;
        let (order, verdict, deadlines) = a_worker_with_an_order(&bench).await;
        let changes = [
            "UPDATE orders SET lease_epoch = lease_epoch + 1",
            "UPDATE orders SET cause = 'x', version = version + 1",
            "UPDATE cell_fence SET epoch = epoch + 1",
        ];
        for change in changes {
            let mut tx = bench.db.acquire().await.unwrap();
            sqlx::raw_sql("BEGIN").execute(&mut *tx).await.unwrap();
            sqlx::query(change).execute(&mut *tx).await.unwrap();

            let moved =
                super::advance(&mut tx, &order, &verdict, Timestamp::MAX, deadlines).await.unwrap();
            let given = super::give_back(&mut tx, &order, Some(500)).await.unwrap();
            let alerted = super::note_alert(&mut tx, &order, deadlines).await.unwrap();

            assert_eq!((moved, given, alerted), (None, false, false), "{change}");
            sqlx::raw_sql("ROLLBACK").execute(&mut *tx).await.unwrap();
        }
        let mut tx = bench.db.acquire().await.unwrap();
        let moved = super::advance(&mut tx, &order, &verdict, Timestamp::MAX, deadlines).await;
        assert_eq!(moved.unwrap(), Some(order.version + 1));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_database_allows_exactly_the_transitions_of_the_domain(db: PgPool) {
        let names = |pairs: Vec<(&'static str, &'static str)>| {
            let mut pairs: Vec<_> =
                pairs.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
            pairs.sort();
            pairs
        };
        let orders =
            LEGAL.iter().flat_map(|(from, to)| to.iter().map(|to| (from.name(), to.name())));
        let tickets =
            TICKET_LEGAL.iter().flat_map(|(from, to)| to.iter().map(|to| (from.name(), to.name())));
        for (table, expected) in
            [("order_legal", names(orders.collect())), ("ticket_legal", names(tickets.collect()))]
        {
            let sql = format!("SELECT from_state, to_state FROM {table} ORDER BY 1, 2");
            let mut rows: Vec<(String, String)> =
                sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(&db).await.unwrap();
            rows.sort();
            assert_eq!(rows, expected, "{table}");
        }
    }
}
