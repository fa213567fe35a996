//! The limit: what PostgreSQL alone does of the same work, driven by `pgbench`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::process::Command;

/// The database of the limit, on the same cluster as ours.
pub(super) const DATABASE: &str = "bench_saga";
const SCRIPT: &str = include_str!("saga.sql");
const CLIENTS: &str = "16";

pub(super) static ORDERS: Migrator = sqlx::migrate!("../../services/orders/migrations");
pub(super) static INVENTORY: Migrator = sqlx::migrate!("../../services/inventory/migrations");
pub(super) static PAYMENT: Migrator = sqlx::migrate!("../../services/payment/migrations");

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

/// Where and how `pgbench` runs.
pub(super) struct Saga {
    pgbench: PathBuf,
    script: PathBuf,
    host: String,
    port: u16,
    user: String,
    password: String,
    database: String,
}

/// What `pgbench` says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limit {
    pub(super) orders_per_s: f64,
}

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
    let mut server = PgConnection::connect(superuser).await?;
    run(&mut server, &format!("DROP DATABASE IF EXISTS {DATABASE}")).await?;
    run(&mut server, &format!("CREATE DATABASE {DATABASE}")).await?;
    server.close().await?;
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

impl Saga {
    /// With this `pgbench`, on the database of `url`. The script is put into `folder`.
    pub(super) fn new(pgbench: PathBuf, url: &str, folder: &Path) -> anyhow::Result<Self> {
        ensure!(pgbench.is_file(), "no {}: it comes with PostgreSQL", pgbench.display());
        let url: hyper::Uri = url.parse()?;
        let authority = url.authority().context("no host")?;
        let (user, password) = match authority.as_str().rsplit_once('@') {
            Some((named, _)) => named.split_once(':').unwrap_or((named, "")),
            None => ("postgres", ""),
        };
        let script = folder.join("saga.sql");
        std::fs::write(&script, SCRIPT)?;
        Ok(Self {
            pgbench,
            script,
            host: authority.host().to_owned(),
            port: authority.port_u16().unwrap_or(5432),
            user: user.to_owned(),
            password: password.to_owned(),
            database: url.path().trim_start_matches('/').to_owned(),
        })
    }

    /// Lets 16 clients order for so long.
    pub(super) async fn run(&self, length: Duration) -> anyhow::Result<Limit> {
        let output = Command::new(&self.pgbench)
            .args(["-n", "-M", "prepared", "-c", CLIENTS, "-j", "1"])
            .args(["-T", &length.as_secs().to_string(), "-f"])
            .arg(&self.script)
            .args(["-h", &self.host, "-p", &self.port.to_string(), "-U", &self.user])
            .arg(&self.database)
            .env("PGPASSWORD", &self.password)
            .kill_on_drop(true)
            .output()
            .await
            .context("pgbench does not start")?;
        if !output.status.success() {
            bail!("pgbench failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        read(&String::from_utf8_lossy(&output.stdout))
    }

    /// The version of `pgbench`.
    pub(super) fn version(&self) -> String {
        let version =
            crate::machine::said(std::process::Command::new(&self.pgbench).arg("--version"));
        version.unwrap_or_default()
    }
}

fn read(words: &str) -> anyhow::Result<Limit> {
    let value = |name: &str| {
        let line = words.lines().find_map(|line| line.trim().strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    let orders_per_s = value("tps =").with_context(|| format!("pgbench says no tps: {words}"))?;
    let failed = value("number of failed transactions:").unwrap_or(0.0);
    ensure!(failed == 0.0, "{failed} transactions of pgbench failed");
    Ok(Limit { orders_per_s })
}

async fn run(db: &mut PgConnection, sql: &str) -> anyhow::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(db).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
transaction type: saga.sql
number of transactions actually processed: 40156
number of failed transactions: 0 (0.000%)
latency average = 7.968 ms
initial connection time = 31.415 ms
tps = 2008.025 (without initial connection time)
";

    #[test]
    fn the_rate_is_read_from_what_pgbench_says() {
        assert_eq!(read(SAID).unwrap(), Limit { orders_per_s: 2008.025 });
        assert!(read("").is_err());
        assert!(read(&SAID.replace("transactions: 0", "transactions: 3")).is_err());
    }
}

#[cfg(test)]
mod live {
    use cloudeats::engines::{Engine, provide};
    use cloudeats::layout::Layout;
    use sqlx::{ConnectOptions, PgPool};

    use super::*;

    #[sqlx::test]
    async fn the_script_does_five_commits_of_whole_orders(pool: PgPool) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path(), "saga").unwrap();
        let programs = provide(&layout, Engine::Postgres).await.unwrap();
        let url = pool.connect_options().to_url_lossy().to_string();
        let mut db = pool.acquire().await.unwrap();
        furnish(&mut db).await.unwrap();
        let saga = Saga::new(programs.path("pgbench"), &url, folder.path()).unwrap();

        let limit = saga.run(Duration::from_secs(1)).await.unwrap();

        let [orders, rest @ ..] = done(&mut db).await.unwrap();
        assert!(limit.orders_per_s > 0.0 && orders > 0);
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
