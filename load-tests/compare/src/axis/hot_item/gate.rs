//! The correctness gate: what was acknowledged is held, and nothing else.

use std::collections::HashSet;

use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use super::shelf::Shelf;
use crate::axis::records::{Backlog, Records};

/// Ids that are asked for in one question.
const ASKED_AT_ONCE: usize = 50_000;
const INVENTORY: &str = "inventory";

/// What the records say after the last phase.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Evidence {
    #[serde(flatten)]
    pub(super) stock: Stock,
    /// Orders of which it was said that one is held for them.
    pub(super) acknowledged: i64,
    pub(super) acknowledged_and_lost: i64,
    pub(super) acknowledged_twice: i64,
    /// Still without a decision, however often they were asked for.
    pub(super) undecided: usize,
    /// Not answered while the service was killed; decided later.
    pub(super) unanswered_at_the_kill: u64,
    pub(super) dead_letters: i64,
    pub(super) backlog: Backlog,
    /// In the rounds; the one that was killed on purpose is not among them.
    pub(super) processes_ended: Vec<String>,
}

/// The stock of the store.
#[derive(Debug, Clone, Default, Serialize, sqlx::FromRow)]
pub(super) struct Stock {
    pub(super) rows_below_zero_or_oversold: i64,
    pub(super) reserved: i64,
    pub(super) held_by_reservations: i64,
    pub(super) reservations: i64,
    pub(super) told: i64,
    pub(super) steps_missing: i64,
}

impl Evidence {
    /// The rules that are broken, with the numbers that show it; none where all is well.
    pub(super) fn violations(&self) -> Vec<String> {
        let Self { stock, acknowledged, .. } = self;
        let mut broken = Vec::new();
        let mut rule = |holds: bool, words: String| {
            if !holds {
                broken.push(words);
            }
        };
        let oversold = stock.rows_below_zero_or_oversold;
        rule(oversold == 0, format!("{oversold} rows of stock are below zero or oversold"));
        rule(*acknowledged > 0, "nothing was reserved".to_owned());
        let [reserved, held] = [stock.reserved, stock.held_by_reservations];
        rule(
            reserved == *acknowledged,
            format!("{reserved} are reserved, {acknowledged} were acknowledged"),
        );
        rule(reserved == held, format!("{reserved} are reserved, reservations hold {held}"));
        let [orders, told] = [stock.reservations, stock.told];
        rule(orders == told, format!("{orders} reservations, {told} were told"));
        let missing = stock.steps_missing;
        rule(missing == 0, format!("{missing} reservations have no first step"));
        let lost = self.acknowledged_and_lost;
        rule(lost == 0, format!("{lost} of {acknowledged} acknowledged reservations are lost"));
        let twice = self.acknowledged_twice;
        rule(twice == 0, format!("{twice} orders were acknowledged twice"));
        rule(self.undecided == 0, format!("{} orders were never decided", self.undecided));
        rule(self.dead_letters == 0, format!("{} facts could not be applied", self.dead_letters));
        rule(self.backlog.is_empty(), format!("left to do: {:?}", self.backlog));
        let ended = &self.processes_ended;
        rule(ended.is_empty(), format!("processes ended in the middle: {ended:?}"));
        broken
    }
}

/// Collects what the records say about the store; `backlog` is what was left to do.
pub(super) async fn collect(
    records: &mut Records,
    shelf: &Shelf,
    backlog: Backlog,
) -> anyhow::Result<Evidence> {
    let promised = shelf.promises.all();
    let held: Vec<Uuid> = promised.held.iter().map(|order| order.as_uuid()).collect();
    let once: HashSet<&Uuid> = held.iter().collect();
    let twice = held.len() - once.len();
    let db = records.of(INVENTORY)?;
    Ok(Evidence {
        stock: stock(db, shelf.store.as_uuid()).await?,
        acknowledged: i64::try_from(held.len())?,
        acknowledged_and_lost: lost(db, &held).await?,
        acknowledged_twice: i64::try_from(twice)?,
        undecided: promised.unknown.len(),
        unanswered_at_the_kill: 0,
        dead_letters: records.dead_letters().await?,
        backlog,
        processes_ended: Vec::new(),
    })
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
                 WHERE r.store_id = $1 AND r.state IN ('HELD', 'CONFIRMED')) AS held_by_reservations,
               (SELECT count(*) FROM reservation WHERE store_id = $1) AS reservations,
               (SELECT count(*) FROM outbox WHERE type LIKE '%.stock_reserved.v1') AS told,
               (SELECT count(*) FROM reservation r
                 WHERE r.store_id = $1 AND NOT EXISTS (
                       SELECT FROM reservation_transition t WHERE t.order_id = r.order_id AND t.seq = 1))
               AS steps_missing";
    sqlx::query_as(question).bind(store).fetch_one(db).await
}

/// How many of these orders hold nothing.
async fn lost(db: &mut PgConnection, orders: &[Uuid]) -> sqlx::Result<i64> {
    let question = "
        SELECT count(*)
          FROM unnest($1::uuid[]) AS promised (order_id)
         WHERE NOT EXISTS (SELECT FROM reservation r
                            WHERE r.order_id = promised.order_id AND r.state = 'HELD')";
    let mut all = 0;
    for some in orders.chunks(ASKED_AT_ONCE) {
        let lost: i64 = sqlx::query_scalar(question).bind(some).fetch_one(&mut *db).await?;
        all += lost;
    }
    Ok(all)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two reservations, and nothing to object to.
    pub(in crate::axis::hot_item) fn sound() -> Evidence {
        let stock = Stock {
            rows_below_zero_or_oversold: 0,
            reserved: 2,
            held_by_reservations: 2,
            reservations: 2,
            told: 2,
            steps_missing: 0,
        };
        Evidence { stock, acknowledged: 2, unanswered_at_the_kill: 1, ..Evidence::default() }
    }

    #[test]
    fn nothing_is_said_where_all_is_well() {
        assert_eq!(sound().violations(), Vec::<String>::new());
    }

    #[test]
    fn every_rule_is_looked_at() {
        let breaks: [fn(&mut Evidence); 10] = [
            |it| it.stock.rows_below_zero_or_oversold = 1,
            |it| it.stock.held_by_reservations = 3,
            |it| it.stock.told = 1,
            |it| it.stock.steps_missing = 1,
            |it| it.acknowledged_and_lost = 1,
            |it| it.acknowledged_twice = 1,
            |it| it.undecided = 1,
            |it| it.dead_letters = 1,
            |it| it.backlog = [("facts not heard".to_owned(), 1)].into(),
            |it| it.processes_ended = vec!["inventory".to_owned()],
        ];
        for (number, break_it) in breaks.into_iter().enumerate() {
            let mut evidence = sound();
            break_it(&mut evidence);
            assert_eq!(evidence.violations().len(), 1, "break {number}");
        }
    }

    #[test]
    fn what_is_held_for_nobody_is_seen() {
        let held = Evidence { acknowledged: 1, ..sound() };
        assert_eq!(held.violations(), ["2 are reserved, 1 were acknowledged"]);
    }

    #[test]
    fn nothing_at_all_is_no_proof() {
        assert!(!Evidence::default().violations().is_empty());
    }
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use super::*;
    use crate::axis::orders::saga::INVENTORY;

    const STORE: Uuid = Uuid::from_u128(1);

    #[sqlx::test(migrator = "INVENTORY")]
    async fn a_server_that_oversells_and_forgets_is_seen(db: PgPool) {
        sqlx::raw_sql(
            "ALTER TABLE stock DROP CONSTRAINT stock_never_oversold;
             ALTER TABLE stock DROP CONSTRAINT stock_item_id_fkey;
             INSERT INTO stock (store_id, item_id, cell, on_hand, reserved, write_epoch)
             VALUES ('00000000-0000-0000-0000-000000000001', gen_random_uuid(), 'east-a', 1, 2, 1)",
        )
        .execute(&db)
        .await
        .unwrap();
        let mut db = db.acquire().await.unwrap();

        let stock = stock(&mut db, STORE).await.unwrap();
        let lost = lost(&mut db, &[Uuid::from_u128(7)]).await.unwrap();

        let found = Evidence { stock, acknowledged_and_lost: lost, ..tests::sound() };
        assert_eq!(found.violations().len(), 3, "{:?}", found.violations());
    }
}
