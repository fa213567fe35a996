//! What Vendure's own records say: an order that it acknowledged and lost is no order.

use serde::Serialize;
use sqlx::PgConnection;

/// What was found in its database after the last round.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Theirs {
    pub(super) acknowledged: usize,
    pub(super) acknowledged_and_lost: i64,
    pub(super) acknowledged_twice: usize,
    /// Orders whose payment is authorized, of one piece each.
    pub(super) orders: i64,
    pub(super) payments: i64,
    /// What its stock says is promised to orders.
    pub(super) allocated: i64,
}

impl Theirs {
    /// Looks everything up.
    pub(super) async fn collect(
        db: &mut PgConnection,
        mut codes: Vec<String>,
    ) -> sqlx::Result<Self> {
        let acknowledged = codes.len();
        codes.sort_unstable();
        codes.dedup();
        let lost = "
            SELECT count(*)
              FROM unnest($1::text[]) AS promised (code)
             WHERE NOT EXISTS (SELECT FROM \"order\" o
                                WHERE o.code = promised.code AND o.state = 'PaymentAuthorized')";
        let (orders, payments, allocated) = sqlx::query_as(
            "SELECT (SELECT count(*) FROM \"order\" WHERE state = 'PaymentAuthorized'),
                    (SELECT count(*) FROM payment WHERE state = 'Authorized'),
                    (SELECT coalesce(sum(\"stockAllocated\"), 0)::bigint FROM stock_level)",
        )
        .fetch_one(&mut *db)
        .await?;
        Ok(Self {
            acknowledged,
            acknowledged_twice: acknowledged - codes.len(),
            acknowledged_and_lost: sqlx::query_scalar(lost).bind(&codes).fetch_one(db).await?,
            orders,
            payments,
            allocated,
        })
    }

    /// Why its numbers may not be told; none where they may.
    pub(super) fn violations(&self) -> Vec<String> {
        let Self { acknowledged, acknowledged_and_lost, acknowledged_twice, orders, .. } = self;
        let payments = self.payments;
        let rules = [
            (*orders == 0, "Vendure took no order".to_owned()),
            (
                *acknowledged_and_lost > 0,
                format!(
                    "Vendure lost {acknowledged_and_lost} of {acknowledged} acknowledged orders"
                ),
            ),
            (
                *acknowledged_twice > 0,
                format!("Vendure acknowledged {acknowledged_twice} orders twice"),
            ),
            (payments != *orders, format!("Vendure has {payments} payments of {orders} orders")),
        ];
        rules.into_iter().filter(|(broken, _)| *broken).map(|(_, words)| words).collect()
    }

    /// What is wrong there and only makes it faster: its numbers stand.
    pub(super) fn remarks(&self) -> Vec<String> {
        let Self { orders, allocated, .. } = self;
        let differs = orders != allocated;
        let words = format!("Vendure's stock says {allocated} are promised to its {orders} orders");
        differs.then_some(words).into_iter().collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Three orders, and nothing to object to.
    pub(in crate::axis::vendure) fn sound() -> Theirs {
        Theirs { acknowledged: 3, orders: 3, payments: 3, allocated: 3, ..Theirs::default() }
    }

    #[test]
    fn nothing_is_said_where_all_is_well() {
        assert_eq!(sound().violations(), Vec::<String>::new());
        assert_eq!(sound().remarks(), Vec::<String>::new());
    }

    #[test]
    fn a_lost_order_a_double_one_and_a_missing_payment_break_the_gate() {
        let breaks: [fn(&mut Theirs); 3] = [
            |it| it.acknowledged_and_lost = 1,
            |it| it.acknowledged_twice = 1,
            |it| it.payments = 2,
        ];
        for (number, break_it) in breaks.into_iter().enumerate() {
            let mut theirs = sound();
            break_it(&mut theirs);
            assert_eq!(theirs.violations().len(), 1, "break {number}");
        }
        assert!(!Theirs::default().violations().is_empty());
    }

    #[test]
    fn stock_that_does_not_add_up_is_told_and_breaks_nothing() {
        let theirs = Theirs { allocated: 2, ..sound() };
        assert!(theirs.violations().is_empty() && theirs.remarks().len() == 1);
    }
}
