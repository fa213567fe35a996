//! The limit: what PostgreSQL alone does of the same work, driven by `pgbench`.

use anyhow::Context;
use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection};

use crate::axis::pgbench::{self, run};

/// The database of the limit, on the same cluster as ours.
pub(super) const DATABASE: &str = "bench_saga";
/// Its name and its words.
pub(super) const SCRIPT: (&str, &str) = ("saga.sql", include_str!("saga.sql"));

pub(in crate::axis) static ORDERS: Migrator = sqlx::migrate!("../../services/orders/migrations");
pub(in crate::axis) static INVENTORY: Migrator =
    sqlx::migrate!("../../services/inventory/migrations");
pub(in crate::axis) static PAYMENT: Migrator = sqlx::migrate!("../../services/payment/migrations");

/// What stands for the store, its items and their stock.
const CONTENT: &str = "
    INSERT INTO orders.cell_fence VALUES ('east-a', 1);
    INSERT INTO inventory.cell_fence VALUES ('east-a', 1);
    INSERT INTO payment.cell_fence VALUES ('east-a', 1);
    ALTER TABLE inventory.stock DROP CONSTRAINT stock_item_id_fkey;
    INSERT INTO inventory.stock (store_id, item_id, cell, on_hand, write_epoch)
    SELECT '00000000-0000-4000-8000-000000000001',
           ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'east-a', 1000000, 1
      FROM generate_series(1, 100) AS n";

/// Makes the tables of three services in one empty database, each in a schema of its own.
pub(super) async fn furnish(db: &mut PgConnection) -> anyhow::Result<()> {
    for (schema, migrator) in
        [("orders", &ORDERS), ("inventory", &INVENTORY), ("payment", &PAYMENT)]
    {
        run(db, &format!("CREATE SCHEMA {schema}; SET search_path TO {schema}")).await?;
        for migration in migrator.iter().filter(|it| it.migration_type.is_up_migration()) {
            let made = run(db, migration.sql.as_str()).await;
            made.with_context(|| format!("{schema}: {}", migration.description))?;
        }
    }
    run(db, CONTENT).await?;
    // Triggers and functions name their tables without a schema.
    run(
        db,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path TO orders, inventory, payment', current_database()); END $$",
    )
    .await
}

/// Makes the database anew.
pub(super) async fn make(superuser: &str, inside: &str) -> anyhow::Result<()> {
    pgbench::make(superuser, DATABASE).await?;
    let mut db = PgConnection::connect(inside).await?;
    furnish(&mut db).await?;
    Ok(db.close().await?)
}

/// Orders, reservations, payments and complete pairs of ledger lines.
pub(super) async fn done(db: &mut PgConnection) -> sqlx::Result<[i64; 4]> {
    let counts: (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM orders.orders WHERE state = 'CONFIRMED'),
                (SELECT sum(reserved)::bigint FROM inventory.stock),
                (SELECT count(*) FROM payment.payment),
                (SELECT count(*) / 2 FROM payment.ledger_line)",
    )
    .fetch_one(db)
    .await?;
    Ok(counts.into())
}

#[cfg(test)]
mod live {
    use std::time::Duration;

    use cloudeats::engines::{Engine, provide};
    use cloudeats::layout::Layout;
    use sqlx::{ConnectOptions, PgPool};

    use super::*;
    use crate::axis::pgbench::Pgbench;

    #[sqlx::test]
    async fn the_script_does_five_commits_of_whole_orders(pool: PgPool) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path(), "saga").unwrap();
        let programs = provide(&layout, Engine::Postgres).await.unwrap();
        let url = pool.connect_options().to_url_lossy().to_string();
        let mut db = pool.acquire().await.unwrap();
        furnish(&mut db).await.unwrap();
        let saga = Pgbench::new(programs.path("pgbench"), &url, folder.path(), SCRIPT).unwrap();

        let orders_per_s = saga.run(Duration::from_secs(1)).await.unwrap();

        let [orders, rest @ ..] = done(&mut db).await.unwrap();
        assert!(orders_per_s > 0.0 && orders > 0);
        assert_eq!(rest, [orders; 3]);
        let facts: i64 = sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM orders.outbox) + (SELECT count(*) FROM inventory.outbox)
                    + (SELECT count(*) FROM payment.outbox)",
        )
        .fetch_one(&mut *db)
        .await
        .unwrap();
        assert_eq!(facts, 4 * orders);
    }
}
