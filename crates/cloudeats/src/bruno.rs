//! The Bruno collections, run against a stack of their own by Bruno's command line.

mod coverage;
mod tool;
mod variables;

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use serde::Deserialize;
use tokio::process::Command;

use crate::commands::say;
use crate::scratch;
use crate::seed;
use crate::site::Site;

use self::tool::Bru;
use self::variables::Variables;

/// A folder of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Collection {
    /// What the gateway shows.
    External,
    /// What only services may ask.
    Internal,
}

/// How many requests did what they assert.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// All of their assertions held.
    pub passed: u64,
    /// Some did not.
    pub failed: u64,
}

/// Runs both collections of the repository in the current folder.
pub async fn run(local: &Path, bins: &Path) -> anyhow::Result<Outcome> {
    let repository = std::env::current_dir()?;
    let missing = coverage::differences(&repository)?;
    if !missing.is_empty() {
        bail!("requests and operations do not match:\n    {}", missing.join("\n    "));
    }
    let bru = Bru::provide(&repository, local).await?;
    let stack = scratch::up(local, "bruno", bins).await?;
    let outcome = run_collections(stack.site(), &bru, &repository).await;
    stack.stop().await;
    outcome
}

async fn run_collections(site: &Site, bru: &Bru, repository: &Path) -> anyhow::Result<Outcome> {
    seed::seed(site).await?;
    let variables = Variables::make(site).await?;
    let external =
        run_one(site, bru, repository, Collection::External, variables.outside()).await?;
    // Tokens between services live for a minute: they are made right before they are used.
    let inside = variables.inside(site)?;
    let internal = run_one(site, bru, repository, Collection::Internal, &inside).await?;
    Ok(Outcome {
        passed: external.passed + internal.passed,
        failed: external.failed + internal.failed,
    })
}

async fn run_one(
    site: &Site,
    bru: &Bru,
    repository: &Path,
    collection: Collection,
    variables: &[(&'static str, String)],
) -> anyhow::Result<Outcome> {
    let report = site.layout.folder().join(format!("{collection:?}.json").to_lowercase());
    let mut command = Command::new(bru.program());
    command.args(["run", "-r", "--env", "local", "--noproxy", "--reporter-skip-all-headers"]);
    command.arg("--reporter-json").arg(&report);
    for (name, value) in variables {
        command.arg("--env-var").arg(format!("{name}={value}"));
    }
    command.current_dir(collection.folder(repository)).stdin(Stdio::null());
    let status = command.status().await.context("Bruno's command line cannot be run")?;
    let outcome = Report::read(&report)?;
    say(format_args!(
        "{}: {} requests passed, {} failed",
        collection.name(),
        outcome.passed,
        outcome.failed
    ));
    if !status.success() && outcome.failed == 0 {
        bail!("Bruno's command line failed ({status})");
    }
    Ok(outcome)
}

impl Collection {
    const fn name(self) -> &'static str {
        match self {
            Self::External => "External APIs",
            Self::Internal => "Internal APIs",
        }
    }

    fn folder(self, repository: &Path) -> PathBuf {
        repository.join("bruno").join(self.name())
    }
}

/// What Bruno says of a run; there is one for each iteration.
#[derive(Debug, Deserialize)]
struct Report {
    summary: Summary,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    total_requests: u64,
    passed_requests: u64,
}

impl Report {
    fn read(file: &Path) -> anyhow::Result<Outcome> {
        let text = std::fs::read(file).with_context(|| format!("no {}", file.display()))?;
        let reports: Vec<Self> = serde_json::from_slice(&text)
            .with_context(|| format!("{} is no report of Bruno's", file.display()))?;
        Ok(reports.iter().fold(Outcome::default(), |sum, report| {
            let Summary { total_requests, passed_requests } = report.summary;
            Outcome {
                passed: sum.passed + passed_requests,
                failed: sum.failed + total_requests.saturating_sub(passed_requests),
            }
        }))
    }
}
