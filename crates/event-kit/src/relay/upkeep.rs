//! What is measured and forgotten beside the work.

use common::mutants;
use sqlx::PgConnection;

use crate::{EventsConfig, metrics::METRICS};

const PRUNED_AT_ONCE: i64 = 1_000;
const BATCHES_MAX: u32 = 10;

/// Tells how much waits in the outbox, and for how long.
pub(super) async fn measure(own: &mut PgConnection) -> sqlx::Result<()> {
    let (rows, age_s): (i64, f64) = sqlx::query_as(
        "SELECT count(1), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8
           FROM outbox
          WHERE published_at IS NULL",
    )
    .fetch_one(own)
    .await?;
    METRICS.unpublished.record(rows, &[]);
    METRICS.unpublished_age_s.record(age_s, &[]);
    Ok(())
}

/// Forgets what was published and heard long enough ago, as much as a moment allows.
pub(super) async fn prune(own: &mut PgConnection, config: &EventsConfig) -> sqlx::Result<()> {
    if mutants::on("no_prune") {
        return Ok(());
    }
    for _ in 0..BATCHES_MAX {
        let outbox = prune_outbox(own, config.outbox_keep_h).await?;
        let inbox = prune_inbox(own, config.inbox_keep_h).await?;
        if outbox.max(inbox) < PRUNED_AT_ONCE.unsigned_abs() {
            break;
        }
    }
    Ok(())
}

/// Looks at the lowest ids alone: they are the oldest, and a table full of facts that are not old yet
/// is not read through.
async fn prune_outbox(own: &mut PgConnection, keep_h: u32) -> sqlx::Result<u64> {
    let pruned = sqlx::query(
        "WITH oldest AS MATERIALIZED (
             SELECT id, published_at
               FROM outbox
              ORDER BY id
              LIMIT $2
         )
         DELETE FROM outbox
          USING oldest
          WHERE outbox.id = oldest.id AND oldest.published_at < now() - make_interval(hours => $1)",
    );
    Ok(pruned.bind(hours(keep_h)).bind(PRUNED_AT_ONCE).execute(own).await?.rows_affected())
}

async fn prune_inbox(own: &mut PgConnection, keep_h: u32) -> sqlx::Result<u64> {
    let pruned = sqlx::query(
        "WITH old AS MATERIALIZED (
             SELECT consumer, event_id
               FROM inbox
              WHERE at < now() - make_interval(hours => $1)
              LIMIT $2
         )
         DELETE FROM inbox
          USING old
          WHERE inbox.consumer = old.consumer AND inbox.event_id = old.event_id",
    );
    Ok(pruned.bind(hours(keep_h)).bind(PRUNED_AT_ONCE).execute(own).await?.rows_affected())
}

fn hours(keep_h: u32) -> i32 {
    i32::try_from(keep_h).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod live {
    use clap::Parser;
    use sqlx::PgPool;

    use super::*;

    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        events: EventsConfig,
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_is_old_is_forgotten_and_what_waits_is_not(db: PgPool) {
        sqlx::raw_sql(
            "INSERT INTO outbox (event_id, source, key, seq, part, type, payload, created_at, published_at)
             SELECT gen_random_uuid(), 's', 'k', n, 0, 't', '{}', now() - interval '100 h',
                    CASE WHEN n <= 3 THEN now() - n * interval '40 h' END
               FROM generate_series(1, 4) n;
             INSERT INTO inbox
             SELECT 'c', gen_random_uuid(), now() - n * interval '200 h' FROM generate_series(1, 3) n",
        )
        .execute(&db)
        .await
        .unwrap();
        let mut own = db.acquire().await.unwrap();

        prune(&mut own, &Cli::parse_from(["upkeep"]).events).await.unwrap();
        measure(&mut own).await.unwrap();

        let left: Vec<i64> =
            sqlx::query_scalar("SELECT seq FROM outbox ORDER BY seq").fetch_all(&db).await.unwrap();
        assert_eq!(left, [1, 4]);
        let heard: i64 =
            sqlx::query_scalar("SELECT count(1) FROM inbox").fetch_one(&db).await.unwrap();
        assert_eq!(heard, 1);
    }
}
