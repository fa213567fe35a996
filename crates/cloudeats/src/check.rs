//! `cloudeats check`: judges whether a stack kept its promises (RELIABILITY, 3).
//!
//! What the services and the world outside have written down is copied into one scratch database; one
//! checker for each invariant looks there for rows that may not be.

mod copy;
mod invariants;
mod judge;
#[cfg(test)]
mod live;
mod quiesce;
mod subscriptions;
mod truth;

use std::time::Duration;

use anyhow::{Context, bail};
use secrecy::ExposeSecret;
use serde::Serialize;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use crate::commands::{Which, say};
use crate::site::{SERVICES, Site};

pub use self::judge::{Finding, Offence, Verdict};

/// Judges a running stack.
#[derive(Debug, Clone, clap::Args)]
pub struct Check {
    #[command(flatten)]
    which: Which,
    /// Print one JSON document instead of a table
    #[arg(long)]
    json: bool,
    /// How long to wait until nothing moves any more, in seconds
    #[arg(long, default_value_t = 120)]
    wait_s: u64,
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The worst of all.
    pub verdict: Verdict,
    /// What still moved when patience ended.
    pub unsettled: Option<String>,
    /// One for each invariant.
    pub findings: Vec<Finding>,
}

impl Check {
    /// Runs the verb. Anything but PASS is an error.
    pub async fn run(self) -> anyhow::Result<()> {
        let site = Site::open(self.which.layout()?)?;
        let report = check(&site, Duration::from_secs(self.wait_s)).await?;
        if self.json {
            say(serde_json::to_string_pretty(&report)?);
        } else {
            say(report.table());
        }
        report.passed()
    }
}

/// Waits until nothing moves any more, copies, judges.
pub async fn check(site: &Site, patience: Duration) -> anyhow::Result<Report> {
    let unsettled = quiesce::wait(site, patience).await?;
    let scratch = Scratch::make(site).await?;
    let judged = judge_in(site, &scratch).await;
    scratch.drop(site).await?;
    let findings = judged?;
    Ok(Report { verdict: worst(&findings), unsettled, findings })
}

fn worst(findings: &[Finding]) -> Verdict {
    findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Unknown)
}

async fn judge_in(site: &Site, scratch: &Scratch) -> anyhow::Result<Vec<Finding>> {
    let mut db = scratch.connect(site).await?;
    let mut unread = Vec::new();
    for service in SERVICES.iter().filter(|service| service.has_database) {
        if let Err(error) = copy::service(site, service.name, &mut db).await {
            unread.push(format!("{}: {error:#}", service.name));
        }
    }
    truth::load(site, &mut db, &mut unread).await?;
    let findings = judge::judge(&mut db, &unread).await;
    db.close().await?;
    findings
}

impl Report {
    /// Leaves out what nothing in this play could touch, so that it is no reason for doubt.
    #[must_use]
    pub(crate) fn without(mut self, untouched: &str) -> Self {
        self.findings.retain(|finding| finding.id != untouched || !finding.is_empty());
        self.verdict = worst(&self.findings);
        self
    }

    /// An error unless everything passed.
    pub fn passed(&self) -> anyhow::Result<()> {
        if self.verdict != Verdict::Pass {
            bail!("the check says {}", self.verdict);
        }
        Ok(())
    }

    /// The findings for people.
    #[must_use]
    pub fn table(&self) -> String {
        let mut lines = vec![String::new()];
        for finding in &self.findings {
            lines.push(finding.to_string());
        }
        if let Some(unsettled) = &self.unsettled {
            lines.push(format!("still moving: {unsettled}"));
        }
        lines.push(format!("check: {}", self.verdict));
        lines.join("\n")
    }
}

/// A database of its own beside those of the services, gone afterwards.
struct Scratch {
    name: String,
}

impl Scratch {
    async fn make(site: &Site) -> anyhow::Result<Self> {
        let name = format!("check_{}", std::process::id());
        let mut server = superuser(site, "postgres").await?;
        let sql = format!("DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name}");
        for statement in sql.split(';') {
            run(&mut server, statement.to_owned()).await?;
        }
        Ok(Self { name })
    }

    async fn connect(&self, site: &Site) -> anyhow::Result<PgConnection> {
        superuser(site, &self.name).await
    }

    async fn drop(self, site: &Site) -> anyhow::Result<()> {
        let mut server = superuser(site, "postgres").await?;
        run(&mut server, format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)).await
    }
}

async fn superuser(site: &Site, database: &str) -> anyhow::Result<PgConnection> {
    let options: PgConnectOptions = site.superuser_url(database)?.expose_secret().parse()?;
    // Nobody waits for a database to be dropped.
    let connected = options.disable_statement_logging().connect().await;
    connected.with_context(|| format!("the database `{database}` cannot be opened"))
}

/// Runs statements that consist of our own words.
async fn run(db: &mut PgConnection, sql: String) -> anyhow::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(db).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verdict: Verdict, judged: i64, why: Option<&str>) -> Report {
        let finding = |id, verdict, judged, why: Option<&str>| Finding {
            id,
            promise: "all is well",
            verdict,
            judged,
            why: why.map(str::to_owned),
            offences: Vec::new(),
        };
        let findings =
            vec![finding("I1", Verdict::Pass, 1, None), finding("I12", verdict, judged, why)];
        Report { verdict: worst(&findings), unsettled: None, findings }
    }

    #[test]
    fn only_what_nothing_touched_is_left_out() {
        let untouched = report(Verdict::Unknown, 0, Some(judge::NOTHING));
        assert_eq!(untouched.without("I12").verdict, Verdict::Pass);
        for (verdict, judged, why) in [
            (Verdict::Fail, 7, None),
            (Verdict::Unknown, 0, Some("cannot be judged: no such table")),
        ] {
            assert_eq!(report(verdict, judged, why).without("I12").verdict, verdict);
        }
        let another = report(Verdict::Unknown, 0, Some(judge::NOTHING));
        assert_eq!(another.without("I1").verdict, Verdict::Unknown);
    }
}
