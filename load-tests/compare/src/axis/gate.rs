//! The correctness gate of orders: where an answer was wrong, no number is right.

use std::collections::BTreeMap;

use common::types::StoreId;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::customer::Promised;
use super::records::{Backlog, Left, Records};

/// A confirmed order rests for hours; what is due sooner is not decided.
pub(super) const LEFT: [Left; 3] = [
    (
        "orders",
        "orders not decided",
        "SELECT count(*)
           FROM orders
          WHERE state NOT IN ('COMPLETED', 'COMPLETED_UNPAID', 'CANCELLED', 'REJECTED')
            AND next_attempt_at < now() + interval '30 min'",
    ),
    (
        "orders",
        "orders not shown in the projection",
        "SELECT count(*) FROM orders WHERE projected_version < version",
    ),
    (
        "notification",
        "messages not sent",
        "SELECT count(*) FROM send WHERE state IN ('QUEUED', 'SENDING')",
    ),
];

/// Ids that are asked for in one question.
const ASKED_AT_ONCE: usize = 50_000;

/// A set of orders: how many, and a sum of hashes, which differs where the orders do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub(super) struct Set {
    pub(super) count: i64,
    pub(super) digest: String,
}

/// What the records say after the last phase.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Evidence {
    pub(super) stock: Stock,
    pub(super) orders: Set,
    pub(super) reservations: Set,
    pub(super) payments: Set,
    /// Neither confirmed nor ended, or holding something for an order that is not confirmed, by what.
    pub(super) undecided: BTreeMap<String, i64>,
    pub(super) currencies_out_of_balance: i64,
    pub(super) payments_without_books: i64,
    pub(super) dead_letters: i64,
    pub(super) backlog: Backlog,
    pub(super) acknowledged: usize,
    pub(super) acknowledged_and_lost: i64,
    pub(super) acknowledged_twice: usize,
    pub(super) processes_ended: Vec<String>,
    /// Where there is a limit, it did the same work: its orders, reservations, payments and pairs of
    /// ledger lines.
    pub(super) limit: Option<[i64; 4]>,
}

/// The stock of the store.
#[derive(Debug, Clone, Default, Serialize, sqlx::FromRow)]
pub(super) struct Stock {
    pub(super) rows_below_zero_or_oversold: i64,
    pub(super) reserved: i64,
    pub(super) held_by_reservations: i64,
}

impl Evidence {
    /// The rules that are broken, with the numbers that show it; none where all is well.
    pub(super) fn violations(&self) -> Vec<String> {
        let Self { stock, orders, reservations, payments, .. } = self;
        let mut broken = Vec::new();
        let mut rule = |holds: bool, words: String| {
            if !holds {
                broken.push(words);
            }
        };
        let oversold = stock.rows_below_zero_or_oversold;
        rule(oversold == 0, format!("{oversold} rows of stock are below zero or oversold"));
        rule(
            stock.reserved == stock.held_by_reservations,
            format!(
                "{} are reserved, reservations hold {}",
                stock.reserved, stock.held_by_reservations
            ),
        );
        let counts = [orders.count, reservations.count, payments.count];
        rule(orders.count > 0, "no order was confirmed".to_owned());
        rule(
            orders == reservations && orders == payments,
            format!("orders, reservations and payments are not the same: {counts:?}"),
        );
        rule(self.undecided.is_empty(), format!("left in between: {:?}", self.undecided));
        let currencies = self.currencies_out_of_balance;
        rule(
            currencies == 0,
            format!("the ledger does not sum to zero in {currencies} currencies"),
        );
        let unbooked = self.payments_without_books;
        rule(unbooked == 0, format!("{unbooked} payments are not in the ledger"));
        rule(self.dead_letters == 0, format!("{} facts could not be applied", self.dead_letters));
        rule(self.backlog.is_empty(), format!("left to do: {:?}", self.backlog));
        let lost = self.acknowledged_and_lost;
        rule(lost == 0, format!("{lost} of {} acknowledged orders are lost", self.acknowledged));
        let twice = self.acknowledged_twice;
        rule(twice == 0, format!("{twice} orders were acknowledged twice"));
        let ended = &self.processes_ended;
        rule(ended.is_empty(), format!("processes ended in the middle: {ended:?}"));
        if let Some(limit) = self.limit {
            let [first, rest @ ..] = limit;
            let same = first > 0 && rest.iter().all(|count| *count == first);
            rule(same, format!("the limit did not do what it says: {limit:?}"));
        }
        broken
    }
}

/// Collects what the records of our services say about the store; `backlog` is what was left to do.
pub(super) async fn collect(
    records: &mut Records,
    store: StoreId,
    promised: &Promised,
    backlog: Backlog,
) -> anyhow::Result<Evidence> {
    let store = store.as_uuid();
    let mut undecided = BTreeMap::new();
    for (database, table, states) in [
        ("orders", "orders", "'CONFIRMED', 'REJECTED', 'CANCELLED'"),
        ("inventory", "reservation", "'CONFIRMED', 'RELEASED'"),
        ("payment", "payment", "'AUTHORIZED', 'VOIDED', 'DECLINED'"),
    ] {
        let others = format!(
            "SELECT state, count(*) FROM {table} WHERE store_id = $1 AND state NOT IN ({states}) GROUP BY state"
        );
        let others: Vec<(String, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(others))
            .bind(store)
            .fetch_all(records.of(database)?)
            .await?;
        undecided
            .extend(others.into_iter().map(|(state, count)| (format!("{table} {state}"), count)));
    }
    let mut once = promised.confirmed.clone();
    once.sort_unstable();
    once.dedup();
    let orders = records.of("orders")?;
    let confirmed_and_lost = lost(orders, &once, true).await?;
    let taken_and_lost = lost(orders, &promised.taken, false).await?;
    Ok(Evidence {
        orders: set(orders, "orders", "CONFIRMED", store).await?,
        stock: stock(records.of("inventory")?, store).await?,
        reservations: set(records.of("inventory")?, "reservation", "CONFIRMED", store).await?,
        payments: set(records.of("payment")?, "payment", "AUTHORIZED", store).await?,
        undecided,
        currencies_out_of_balance: count(records.of("payment")?, UNBALANCED, store).await?,
        payments_without_books: count(records.of("payment")?, UNBOOKED, store).await?,
        dead_letters: records.dead_letters().await?,
        backlog,
        acknowledged: promised.confirmed.len(),
        acknowledged_and_lost: confirmed_and_lost + taken_and_lost,
        acknowledged_twice: promised.confirmed.len() - once.len(),
        processes_ended: Vec::new(),
        limit: None,
    })
}

const UNBALANCED: &str = "
    SELECT count(*)
      FROM (SELECT currency FROM ledger_line GROUP BY currency HAVING sum(amount_minor) <> 0) unbalanced
     WHERE $1 IS NOT NULL";
const UNBOOKED: &str = "
    SELECT count(*)
      FROM payment p
     WHERE p.store_id = $1 AND p.state = 'AUTHORIZED'
       AND NOT EXISTS (SELECT FROM ledger_tx t WHERE t.order_id = p.order_id)";

async fn count(db: &mut PgConnection, question: &'static str, store: Uuid) -> sqlx::Result<i64> {
    sqlx::query_scalar(question).bind(store).fetch_one(db).await
}

async fn stock(db: &mut PgConnection, store: Uuid) -> sqlx::Result<Stock> {
    let question = "
        SELECT (SELECT count(*) FROM stock
                 WHERE store_id = $1 AND (on_hand < 0 OR reserved < 0 OR reserved > on_hand))
               AS rows_below_zero_or_oversold,
               (SELECT coalesce(sum(reserved), 0)::bigint FROM stock WHERE store_id = $1) AS reserved,
               (SELECT coalesce(sum(l.qty), 0)::bigint
                  FROM reservation r
                  JOIN reservation_line l USING (order_id)
                 WHERE r.store_id = $1 AND r.state IN ('HELD', 'CONFIRMED')) AS held_by_reservations";
    sqlx::query_as(question).bind(store).fetch_one(db).await
}

async fn set(db: &mut PgConnection, table: &str, state: &str, store: Uuid) -> sqlx::Result<Set> {
    let question = format!(
        "SELECT count(*) AS count,
                coalesce(sum(hashtextextended(order_id::text, 0)::numeric), 0)::text AS digest
           FROM {table}
          WHERE store_id = $1 AND state = $2"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(question)).bind(store).bind(state).fetch_one(db).await
}

/// How many of these orders are not there, or not confirmed where that was said.
async fn lost(db: &mut PgConnection, orders: &[Uuid], confirmed: bool) -> sqlx::Result<i64> {
    let question = "
        SELECT count(*)
          FROM unnest($1::uuid[]) AS promised (order_id)
         WHERE NOT EXISTS (SELECT FROM orders o
                            WHERE o.order_id = promised.order_id AND (o.confirmed OR NOT $2))";
    let mut all = 0;
    for some in orders.chunks(ASKED_AT_ONCE) {
        let lost: i64 =
            sqlx::query_scalar(question).bind(some).bind(confirmed).fetch_one(&mut *db).await?;
        all += lost;
    }
    Ok(all)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two orders, and nothing to object to.
    pub(in crate::axis) fn sound() -> Evidence {
        let set = Set { count: 2, digest: "7".to_owned() };
        Evidence {
            stock: Stock { rows_below_zero_or_oversold: 0, reserved: 2, held_by_reservations: 2 },
            orders: set.clone(),
            reservations: set.clone(),
            payments: set,
            acknowledged: 2,
            limit: Some([5; 4]),
            ..Evidence::default()
        }
    }

    #[test]
    fn nothing_is_said_where_all_is_well() {
        assert_eq!(sound().violations(), Vec::<String>::new());
    }

    #[test]
    fn every_rule_is_looked_at() {
        let breaks: [fn(&mut Evidence); 14] = [
            |it| it.stock.rows_below_zero_or_oversold = 1,
            |it| it.stock.reserved = 3,
            |it| it.orders.count = 3,
            |it| it.reservations.digest = "8".to_owned(),
            |it| it.payments.count = 1,
            |it| it.undecided = [("orders RESERVING".to_owned(), 1)].into(),
            |it| it.currencies_out_of_balance = 1,
            |it| it.payments_without_books = 1,
            |it| it.dead_letters = 1,
            |it| it.backlog = [("facts not heard".to_owned(), 1)].into(),
            |it| it.acknowledged_and_lost = 1,
            |it| it.acknowledged_twice = 1,
            |it| it.processes_ended = vec!["orders".to_owned()],
            |it| it.limit = Some([5, 5, 4, 5]),
        ];
        for (number, break_it) in breaks.into_iter().enumerate() {
            let mut evidence = sound();
            break_it(&mut evidence);
            assert_eq!(evidence.violations().len(), 1, "break {number}");
        }
    }

    #[test]
    fn no_orders_at_all_are_no_proof() {
        assert!(!Evidence { limit: Some([5; 4]), ..Evidence::default() }.violations().is_empty());
    }
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use super::*;
    use crate::axis::orders::saga::{INVENTORY, ORDERS};

    const STORE: Uuid = Uuid::from_u128(1);

    #[sqlx::test(migrator = "INVENTORY")]
    async fn a_server_that_oversells_is_seen(db: PgPool) {
        sqlx::raw_sql(
            "ALTER TABLE stock DROP CONSTRAINT stock_never_oversold;
             ALTER TABLE stock DROP CONSTRAINT stock_item_id_fkey;
             INSERT INTO stock (store_id, item_id, cell, on_hand, reserved, write_epoch)
             VALUES ('00000000-0000-0000-0000-000000000001', gen_random_uuid(), 'east-a', 1, 2, 1)",
        )
        .execute(&db)
        .await
        .unwrap();

        let found = stock(&mut db.acquire().await.unwrap(), STORE).await.unwrap();

        let violations = Evidence { stock: found, ..tests::sound() }.violations();
        assert_eq!(violations.len(), 2, "{violations:?}");
    }

    #[sqlx::test(migrator = "ORDERS")]
    async fn a_promise_that_nobody_remembers_is_lost(db: PgPool) {
        let mut db = db.acquire().await.unwrap();
        let promised = [Uuid::from_u128(7), Uuid::from_u128(8)];

        assert_eq!(lost(&mut db, &promised, true).await.unwrap(), 2);
        assert_eq!(lost(&mut db, &promised, false).await.unwrap(), 2);
        assert_eq!(set(&mut db, "orders", "CONFIRMED", STORE).await.unwrap().count, 0);
    }
}
