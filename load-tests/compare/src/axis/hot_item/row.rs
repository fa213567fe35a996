//! The limit: one row that is taken from, and nothing else.

use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};

use crate::axis::bench::Bench;
use crate::axis::pgbench::{self, Pgbench, run};

/// The database of the limit, on the same cluster as ours.
const DATABASE: &str = "bench_row";
const SCRIPT: (&str, &str) =
    ("row.sql", "UPDATE hot SET qty = qty - 1 WHERE sku = 1 AND qty >= 1;\n");
/// As much room for new versions of the row as our own table has.
const TABLE: &str = "
    CREATE TABLE hot (sku int PRIMARY KEY, qty bigint NOT NULL CHECK (qty >= 0)) WITH (fillfactor = 50);
    INSERT INTO hot VALUES (1, 4000000000)";

/// Makes the row anew.
pub(super) async fn prepare(bench: &Bench) -> anyhow::Result<Pgbench> {
    let site = bench.site();
    pgbench::make(site.superuser_url("postgres")?.expose_secret(), DATABASE).await?;
    let url = site.superuser_url(DATABASE)?;
    let mut db = PgConnection::connect(url.expose_secret()).await?;
    run(&mut db, TABLE).await?;
    db.close().await?;
    let pgbench = bench.postgres.path("pgbench");
    Pgbench::new(pgbench, url.expose_secret(), &site.layout.folder(), SCRIPT)
}
