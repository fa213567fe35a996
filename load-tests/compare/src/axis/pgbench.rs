//! `pgbench`: what PostgreSQL alone can do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::process::Command;

const CLIENTS: &str = "16";

/// Where and how `pgbench` runs.
pub(super) struct Pgbench {
    program: PathBuf,
    script: PathBuf,
    host: String,
    port: u16,
    user: String,
    password: String,
    database: String,
}

impl Pgbench {
    /// With this program, on the database of `url`. The script is put into `folder` under this name.
    pub(super) fn new(
        program: PathBuf,
        url: &str,
        folder: &Path,
        (name, script): (&str, &str),
    ) -> anyhow::Result<Self> {
        ensure!(program.is_file(), "no {}: it comes with PostgreSQL", program.display());
        let url: hyper::Uri = url.parse()?;
        let authority = url.authority().context("no host")?;
        let (user, password) = match authority.as_str().rsplit_once('@') {
            Some((named, _)) => named.split_once(':').unwrap_or((named, "")),
            None => ("postgres", ""),
        };
        let file = folder.join(name);
        std::fs::write(&file, script)?;
        Ok(Self {
            program,
            script: file,
            host: authority.host().to_owned(),
            port: authority.port_u16().unwrap_or(5432),
            user: user.to_owned(),
            password: password.to_owned(),
            database: url.path().trim_start_matches('/').to_owned(),
        })
    }

    /// Lets 16 clients run the script for so long; answers how often in a second.
    pub(super) async fn run(&self, length: Duration) -> anyhow::Result<f64> {
        let output = Command::new(&self.program)
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
        rate(&String::from_utf8_lossy(&output.stdout))
    }

    /// The version of `pgbench`.
    pub(super) fn version(&self) -> String {
        let version =
            crate::machine::said(std::process::Command::new(&self.program).arg("--version"));
        version.unwrap_or_default()
    }
}

/// Makes a database anew.
pub(super) async fn make(superuser: &str, database: &str) -> anyhow::Result<()> {
    let mut server = PgConnection::connect(superuser).await?;
    run(&mut server, &format!("DROP DATABASE IF EXISTS {database}")).await?;
    run(&mut server, &format!("CREATE DATABASE {database}")).await?;
    Ok(server.close().await?)
}

/// Runs statements that need no values.
pub(super) async fn run(db: &mut PgConnection, sql: &str) -> anyhow::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(db).await?;
    Ok(())
}

fn rate(words: &str) -> anyhow::Result<f64> {
    let value = |name: &str| {
        let line = words.lines().find_map(|line| line.trim().strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    let per_s = value("tps =").with_context(|| format!("pgbench says no tps: {words}"))?;
    let failed = value("number of failed transactions:").unwrap_or(0.0);
    ensure!(failed == 0.0, "{failed} transactions of pgbench failed");
    Ok(per_s)
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
        assert!((rate(SAID).unwrap() - 2008.025).abs() < 1e-9);
        assert!(rate("").is_err());
        assert!(rate(&SAID.replace("transactions: 0", "transactions: 3")).is_err());
    }
}
