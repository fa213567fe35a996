//! What is measured, in OpenTelemetry's names.

use opentelemetry::{KeyValue, metrics::Meter};
use sqlx::PgPool;

/// Connections that are open, by what they do.
const CONNECTION_COUNT: &str = "db.client.connection.count";
/// Connections that may be open.
const CONNECTION_MAX: &str = "db.client.connection.max";

/// Has the pool counted whenever somebody asks; no connection is needed for it.
pub(crate) fn observe(meter: &Meter, pool: &PgPool) {
    let counted = pool.clone();
    meter
        .i64_observable_up_down_counter(CONNECTION_COUNT)
        .with_unit("{connection}")
        .with_callback(move |seen| {
            let (open, idle) = (i64::from(counted.size()), count(counted.num_idle()));
            for (state, connections) in [("idle", idle), ("used", open.saturating_sub(idle).max(0))]
            {
                seen.observe(connections, &[KeyValue::new("db.client.connection.state", state)]);
            }
        })
        .build();
    let most = i64::from(pool.options().get_max_connections());
    meter
        .i64_observable_up_down_counter(CONNECTION_MAX)
        .with_unit("{connection}")
        .with_callback(move |seen| seen.observe(most, &[]))
        .build();
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod live {
    use common::telemetry::Measured;

    use super::*;

    #[sqlx::test]
    async fn whoever_holds_a_connection_is_counted(pool: PgPool) {
        let measured = Measured::new().unwrap();
        observe(&measured.meter(), &pool);
        let held = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];

        let text = measured.text().unwrap();

        let used = "db_client_connection_count{db_client_connection_state=\"used\"} 2\n";
        assert!(text.contains(used), "{text}");
        let most = format!("db_client_connection_max {}\n", pool.options().get_max_connections());
        assert!(text.contains(&most), "{text}");
        drop(held);
    }
}
