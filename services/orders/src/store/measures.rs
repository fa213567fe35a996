//! How long orders wait, over all of them.

use postgres_kit::{PgConnection, StoreError};

/// What is measured of all orders.
#[derive(Debug, Clone, Copy, PartialEq, sqlx::FromRow)]
pub(crate) struct Measures {
    /// Orders beyond the deadline of their state.
    pub(crate) overdue: i64,
    /// How long the order that waits longest for the machine has been in its state; 0 where none waits.
    pub(crate) oldest_saga_s: f64,
}

/// Measures. Orders that rest for longer than 20 min are not looked at: their deadlines are later, and they
/// wait for people.
pub(crate) async fn measure(db: &mut PgConnection) -> Result<Measures, StoreError> {
    let measures = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE o.deadline_at < now()) AS overdue,
                coalesce(extract(epoch FROM now() - min(since.at)), 0)::float8 AS oldest_saga_s
           FROM orders o
           LEFT JOIN LATERAL (
                SELECT max(t.at) AS at
                  FROM order_transition t
                 WHERE t.order_id = o.order_id
                   AND o.state IN ('RECEIVED', 'RESERVING', 'RESERVED', 'AUTHORIZING', 'AUTHORIZED',
                                   'DELIVERED', 'CAPTURING', 'CAPTURE_FAILED', 'CANCELLING')
                ) since ON true
          WHERE o.state NOT IN ('COMPLETED', 'COMPLETED_UNPAID', 'CANCELLED', 'REJECTED')
            AND o.next_attempt_at < now() + interval '20 min'",
    );
    Ok(measures.fetch_one(db).await?)
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use super::*;
    use crate::bench::Bench;

    /// As if a worker had the order all along.
    async fn is_held(bench: &Bench, deadline: &str) {
        let sql = format!(
            "UPDATE orders
                SET lease_until = now() + interval '1 h', next_attempt_at = now(),
                    deadline_at = now() + interval '{deadline}'"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&bench.db).await.unwrap();
    }

    async fn measured(bench: &Bench) -> Measures {
        measure(&mut bench.db.acquire().await.unwrap()).await.unwrap()
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_order_is_overdue_after_its_deadline_and_waits_where_the_machine_goes_on(
        db: PgPool,
    ) {
        let bench = Bench::new(db).await;
        assert_eq!(measured(&bench).await, Measures { overdue: 0, oldest_saga_s: 0.0 });
        let id = bench.a_confirmed_order().await;

        bench.is_settled(id).await;
        is_held(&bench, "5 min").await;
        assert_eq!(measured(&bench).await, Measures { overdue: 0, oldest_saga_s: 0.0 });
        is_held(&bench, "-1 s").await;
        assert_eq!(measured(&bench).await, Measures { overdue: 1, oldest_saga_s: 0.0 });

        sqlx::raw_sql(
            "UPDATE orders SET lease_until = NULL, next_attempt_at = now() + interval '1 h'",
        )
        .execute(&bench.db)
        .await
        .unwrap();
        bench.force(id, &["CANCELLING"]).await;
        is_held(&bench, "5 min").await;

        let waits = measured(&bench).await;
        assert_eq!(waits.overdue, 0);
        assert!(waits.oldest_saga_s > 0.0, "{waits:?}");
    }
}
