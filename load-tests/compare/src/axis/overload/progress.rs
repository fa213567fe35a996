//! What the records say went on behind the answers: orders decided, notices of the provider heard.

use common::types::StoreId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::axis::records::Records;

/// An order is decided once, with the first of these.
const DECIDED: &str = "
    SELECT least(greatest(floor(extract(epoch FROM at) - $1), -1), $2)::int AS second, count(*)
      FROM (SELECT min(t.at) AS at
              FROM order_transition t
              JOIN orders o USING (order_id)
             WHERE o.store_id = $3 AND t.to_state IN ('CONFIRMED', 'REJECTED', 'CANCELLED')
             GROUP BY t.order_id) AS decided
     GROUP BY second";
const BEGUN: &str = "
    SELECT least(greatest(floor(extract(epoch FROM t.at) - $1), -1), $2)::int AS second, count(*)
      FROM order_transition t
      JOIN orders o USING (order_id)
     WHERE o.store_id = $3 AND t.from_state IS NULL
     GROUP BY second";
const NOTICES: &str = "
    SELECT least(greatest(floor(extract(epoch FROM received_at) - $1), -1), $2)::int AS second, count(*)
      FROM provider_notice
     WHERE $3::uuid IS NOT NULL
     GROUP BY second";
const CONFIRMED: &str = "
    SELECT least(greatest(floor(extract(epoch FROM at) - $1), -1), $2)::int AS second, count(*)
      FROM (SELECT min(t.at) AS at
              FROM order_transition t
              JOIN unnest($3::uuid[]) AS promised (order_id) USING (order_id)
             WHERE t.to_state = 'CONFIRMED'
             GROUP BY t.order_id) AS confirmed
     GROUP BY second";

/// Orders that are promised are asked for so many at once.
const ASKED_AT_ONCE: usize = 50_000;

/// How often something happened, second by second; beforehand apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    before: u64,
    pub(super) each: Vec<u64>,
}

/// The work behind the answers.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// Orders that were acknowledged and confirmed, by the second of the latter.
    pub(super) confirmed: Vec<u64>,
    /// Orders decided, whether or not anybody was told.
    pub(super) decided: Vec<u64>,
    /// Orders begun and not decided, at the end of each second.
    pub(super) waiting: Vec<u64>,
    /// Notices of the provider that payment took.
    pub(super) notices: Vec<u64>,
    /// The most seconds in a row in which no order was decided, though some were begun.
    pub(super) saga_still_s: usize,
    /// The same of the provider's notices, of which each payment brings one.
    pub(super) notices_still_s: usize,
}

impl Counts {
    fn of(rows: Vec<(i32, i64)>, seconds: u64) -> Self {
        let mut counts = Self { before: 0, each: vec![0; usize::try_from(seconds).unwrap_or(0)] };
        for (second, count) in rows {
            let count = u64::try_from(count).unwrap_or(0);
            match usize::try_from(second) {
                Err(_before) => counts.before += count,
                Ok(second) => {
                    if let Some(slot) = counts.each.get_mut(second) {
                        *slot += count;
                    }
                }
            }
        }
        counts
    }

    /// How often by the beginning of each second.
    fn sums(&self) -> impl Iterator<Item = u64> {
        self.each.iter().scan(self.before, |sum, each| {
            let before = *sum;
            *sum += each;
            Some(before)
        })
    }
}

/// What happened in the seconds that began at `began_s`; everybody must have come to an end by now.
/// `promised` are the orders that were acknowledged.
pub(super) async fn look(
    records: &mut Records,
    store: StoreId,
    promised: &[Uuid],
    (began_s, seconds): (f64, u64),
) -> anyhow::Result<Progress> {
    let span = (began_s, seconds);
    let orders = records.of("orders")?;
    let begun = counts(orders, BEGUN, store, span).await?;
    let decided = counts(orders, DECIDED, store, span).await?;
    let confirmed = confirmed(orders, promised, span).await?;
    let notices = counts(records.of("payment")?, NOTICES, store, span).await?;
    Ok(Progress {
        saga_still_s: longest_still(&begun, &decided),
        notices_still_s: longest_still(&decided, &notices),
        waiting: waiting(&begun, &decided),
        confirmed: confirmed.each,
        decided: decided.each,
        notices: notices.each,
    })
}

/// How much more had come than was done by the end of each second.
fn waiting(come: &Counts, done: &Counts) -> Vec<u64> {
    let by_the_end = |counts: &Counts| -> Vec<u64> {
        counts.sums().zip(&counts.each).map(|(before, each)| before + each).collect()
    };
    let both = by_the_end(come).into_iter().zip(by_the_end(done));
    both.map(|(come, done)| come.saturating_sub(done)).collect()
}

/// The most seconds in a row in which nothing was done, though something was waiting from the beginning.
fn longest_still(come: &Counts, done: &Counts) -> usize {
    let waiting = come.sums().zip(done.sums()).map(|(come, done)| come > done);
    let still = waiting.zip(&done.each).map(|(waiting, done)| waiting && *done == 0);
    let runs = still.scan(0, |run, still| {
        *run = if still { *run + 1 } else { 0 };
        Some(*run)
    });
    runs.max().unwrap_or(0)
}

async fn counts(
    db: &mut PgConnection,
    question: &'static str,
    store: StoreId,
    (began_s, seconds): (f64, u64),
) -> anyhow::Result<Counts> {
    let rows: Vec<(i32, i64)> = sqlx::query_as(question)
        .bind(began_s)
        .bind(f64::from(u32::try_from(seconds)?))
        .bind(store.as_uuid())
        .fetch_all(db)
        .await?;
    Ok(Counts::of(rows, seconds))
}

async fn confirmed(
    db: &mut PgConnection,
    promised: &[Uuid],
    (began_s, seconds): (f64, u64),
) -> anyhow::Result<Counts> {
    let mut all = Vec::new();
    for some in promised.chunks(ASKED_AT_ONCE) {
        let rows: Vec<(i32, i64)> = sqlx::query_as(CONFIRMED)
            .bind(began_s)
            .bind(f64::from(u32::try_from(seconds)?))
            .bind(some)
            .fetch_all(&mut *db)
            .await?;
        all.extend(rows);
    }
    Ok(Counts::of(all, seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(before: u64, each: &[u64]) -> Counts {
        Counts { before, each: each.to_vec() }
    }

    #[test]
    fn what_lies_outside_is_kept_apart_or_left_out() {
        let found = Counts::of(vec![(-1, 7), (0, 1), (2, 3), (3, 9), (2, 1)], 3);

        assert_eq!(found, counts(7, &[1, 0, 4]));
        assert_eq!(found.sums().collect::<Vec<_>>(), [7, 8, 8]);
    }

    #[test]
    fn what_has_come_and_was_not_done_waits() {
        let (come, done) = (counts(3, &[5, 5, 0]), counts(2, &[1, 2, 9]));

        assert_eq!(waiting(&come, &done), [5, 8, 0]);
    }

    #[test]
    fn who_does_nothing_stands_still_only_while_there_is_work() {
        let come = counts(1, &[2, 0, 0, 0, 0, 0]);

        assert_eq!(longest_still(&come, &counts(1, &[2, 0, 0, 0, 0, 0])), 0);
        assert_eq!(longest_still(&come, &counts(1, &[1, 0, 0, 0, 1, 0])), 3);
        assert_eq!(longest_still(&come, &counts(0, &[0, 0, 0, 0, 0, 0])), 6);
    }
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use super::*;
    use crate::axis::orders::saga::{ORDERS, PAYMENT};

    const SPAN: (f64, u64) = (1_000_000.0, 3);

    #[sqlx::test(migrator = "ORDERS")]
    async fn transitions_are_asked_for_as_they_are_stored(db: PgPool) {
        let mut db = db.acquire().await.unwrap();
        let (store, order) = (StoreId::from_uuid(Uuid::from_u128(1)), Uuid::from_u128(7));
        sqlx::query(
            "INSERT INTO order_transition (order_id, seq, from_state, to_state, actor, at)
             VALUES ($1, 5, 'AUTHORIZED', 'CONFIRMED', 'machine', to_timestamp(1000001.5)),
                    ($1, 9, 'REVISING', 'CONFIRMED', 'machine', to_timestamp(1000002.5))",
        )
        .bind(order)
        .execute(&mut *db)
        .await
        .unwrap();

        assert_eq!(super::confirmed(&mut db, &[order], SPAN).await.unwrap().each, [0, 1, 0]);
        for question in [BEGUN, DECIDED] {
            assert_eq!(counts(&mut db, question, store, SPAN).await.unwrap().each, [0; 3]);
        }
    }

    #[sqlx::test(migrator = "PAYMENT")]
    async fn notices_count_in_the_second_in_which_they_came(db: PgPool) {
        let mut db = db.acquire().await.unwrap();
        sqlx::raw_sql(
            "INSERT INTO provider_notice (provider, notice_id, outcome, received_at)
             VALUES ('sandbox', 'a', 'APPLIED', to_timestamp(5)),
                    ('sandbox', 'b', 'APPLIED', to_timestamp(1000000.25)),
                    ('sandbox', 'c', 'STALE', to_timestamp(1000007))",
        )
        .execute(&mut *db)
        .await
        .unwrap();

        let store = StoreId::from_uuid(Uuid::nil());
        let found = counts(&mut db, NOTICES, store, SPAN).await.unwrap();

        assert_eq!(found, Counts { before: 1, each: vec![1, 0, 0] });
    }
}
