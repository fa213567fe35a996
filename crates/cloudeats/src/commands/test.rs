//! `cloudeats test`: every test of the workspace on engines of its own, with counts and seconds.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::bruno::{self, Outcome};
use crate::engines::kafka::Kafka;
use crate::engines::moto::Moto;
use crate::layout::Layout;

use super::{Which, engines, say};

/// A part of the tests.
struct Plan {
    name: &'static str,
    /// What cargo is asked for.
    targets: &'static [&'static str],
    /// What the test runner is asked for.
    filter: &'static [&'static str],
}

const PLANS: [Plan; 4] = [
    Plan { name: "unit", targets: &["--lib", "--bins"], filter: &["--skip", "live::"] },
    Plan {
        name: "live",
        targets: &["--lib", "--bins"],
        filter: &["live::", "--skip", "eventbridge::"],
    },
    Plan { name: "journeys", targets: &["--test", "*"], filter: &[] },
    Plan { name: "documentation", targets: &["--doc"], filter: &[] },
];

/// Tests at once: most of them wait for engines, so more than there are cores.
const AT_ONCE: &str = "6";

/// The third event log, on an emulator of AWS. Needs Python. One package alone has features of its own, and all
/// would be built twice; so the others are asked as well, and have nothing of that name.
const AWS: Plan = Plan {
    name: "aws",
    targets: &["--workspace", "--lib", "--bins"],
    filter: &["live::eventbridge::", "eventbridge::live::"],
};

/// Only when asked for: it needs a JVM and Maven, or a broker of the caller's.
const KAFKA: Plan =
    Plan { name: "kafka", targets: &["--workspace", "--lib", "--bins"], filter: &["live::kafka"] };

/// The same on a broker that speaks as MSK does, by a librdkafka that can: it needs OpenSSL's headers.
const KAFKA_SIGNED: Plan = Plan {
    name: "kafka-signed",
    targets: &["--package", "event-kit", "--features", "event-kit/kafka-tls", "--lib"],
    filter: &["kafka::"],
};

/// The collections of requests, on a stack of their own. Needs Node.js.
const BRUNO: &str = "bruno";

/// Runs every test.
#[derive(Debug, Clone, clap::Args)]
pub struct Test {
    /// The stack whose engines the tests use
    #[arg(long, default_value = "test")]
    stack: String,
    /// The folder of all stacks
    #[arg(long, env = "CE_LOCAL", default_value = ".local")]
    local: std::path::PathBuf,
    /// Only these parts: unit, live, aws, journeys, documentation, bruno, kafka, kafka-signed
    #[arg(long)]
    part: Vec<String>,
    /// Only this package, and no requests; all unless said
    #[arg(long, short)]
    package: Option<String>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    passed: u64,
    failed: u64,
    ignored: u64,
}

struct Part {
    name: &'static str,
    count: Count,
    took: Duration,
    whole: bool,
}

impl Test {
    /// Runs the verb. Its last line has the form of cargo's own, with the sums of all parts.
    pub async fn run(self) -> anyhow::Result<()> {
        let layout = Which { stack: self.stack.clone(), local: self.local.clone() }.layout()?;
        let started = Instant::now();
        let (mut parts, mut engines_took) = (Vec::new(), Duration::ZERO);
        if self.part.iter().any(|wanted| wanted != BRUNO) || self.part.is_empty() {
            let site = engines::start(layout.clone()).await?;
            let environment = engines::environment(&site).await?;
            engines_took = started.elapsed();
            let outcome = self.run_parts(&layout, environment).await;
            engines::stop(&layout).await?;
            parts = outcome?;
        }
        if self.package.is_none() && self.wants(BRUNO) {
            parts.push(run_bruno(&self.local).await);
        }

        say(format_args!(
            "\n{:<14}{:>8}{:>8}{:>9}{:>9}",
            "part", "passed", "failed", "ignored", "s"
        ));
        say(format_args!("{:<14}{:>34.1}", "engines", engines_took.as_secs_f64()));
        for part in &parts {
            let Count { passed, failed, ignored } = part.count;
            let seconds = part.took.as_secs_f64();
            say(format_args!("{:<14}{passed:>8}{failed:>8}{ignored:>9}{seconds:>9.1}", part.name));
        }
        conclude(&parts, started.elapsed())
    }

    fn wants(&self, part: &str) -> bool {
        self.part.is_empty() || self.part.iter().any(|wanted| wanted == part)
    }

    async fn run_parts(
        &self,
        layout: &Layout,
        environment: Vec<(&str, String)>,
    ) -> anyhow::Result<Vec<Part>> {
        let mut parts = Vec::new();
        for plan in PLANS {
            if self.wants(plan.name) {
                let package = match &self.package {
                    Some(package) => vec!["--package", package],
                    None => vec!["--workspace"],
                };
                parts.push(run_part(&plan, &package, &environment).await?);
            }
        }
        let of_events = self.package.as_ref().is_none_or(|package| package == "event-kit");
        if of_events && self.wants(AWS.name) {
            let moto = Moto::start(layout).await?;
            let mut environment = environment.clone();
            environment.push(("TEST_AWS_ENDPOINT", moto.endpoint().to_owned()));
            let part = run_part(&AWS, &[], &environment).await;
            moto.stop().await;
            parts.push(part?);
        }
        if self.part.iter().any(|wanted| wanted == KAFKA.name) {
            if std::env::var_os("KAFKA_BOOTSTRAP").is_some() {
                parts.push(run_part(&KAFKA, &[], &environment).await?);
            } else {
                parts.push(run_on_kafka(&KAFKA, layout, &environment).await?);
            }
        }
        if self.part.iter().any(|wanted| wanted == KAFKA_SIGNED.name) {
            parts.push(run_on_kafka(&KAFKA_SIGNED, layout, &environment).await?);
        }
        Ok(parts)
    }
}

async fn run_part(
    plan: &Plan,
    package: &[&str],
    environment: &[(&str, String)],
) -> anyhow::Result<Part> {
    let started = Instant::now();
    let mut child = Command::new(cargo())
        .args(["test", "--no-fail-fast"])
        .args(package)
        .args(plan.targets)
        .arg("--")
        .args(plan.filter)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .env("CE_BIN_DIR", crate::process::bin_folder(None)?)
        .env("RUST_TEST_THREADS", AT_ONCE)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cargo cannot be run: install Rust from https://rustup.rs")?;
    let output = child.stdout.take().context("cargo says nothing")?;
    let (mut lines, mut count) = (BufReader::new(output).lines(), Count::default());
    while let Some(line) = lines.next_line().await? {
        count.add(&line);
        say(line);
    }
    let whole = child.wait().await?.success();
    Ok(Part { name: plan.name, count, took: started.elapsed(), whole })
}

/// Runs a part on a broker of its own.
async fn run_on_kafka(
    plan: &Plan,
    layout: &Layout,
    environment: &[(&str, String)],
) -> anyhow::Result<Part> {
    let kafka = Kafka::start(layout, plan.name == KAFKA_SIGNED.name).await?;
    let mut environment = environment.to_vec();
    environment.push(("KAFKA_BOOTSTRAP", kafka.bootstrap().to_owned()));
    if let Some((roots, open)) = kafka.signed() {
        environment.push(("TEST_KAFKA_ROOTS", roots.display().to_string()));
        environment.push(("TEST_KAFKA_TLS", open));
    }
    let part = run_part(plan, &[], &environment).await;
    kafka.stop().await;
    part
}

async fn run_bruno(local: &Path) -> Part {
    let started = Instant::now();
    let outcome = match crate::process::bin_folder(None) {
        Ok(bins) => bruno::run(local, &bins).await,
        Err(error) => Err(error),
    };
    let outcome = outcome.unwrap_or_else(|error| {
        say(format_args!("{BRUNO}: {error:#}"));
        Outcome { passed: 0, failed: 1 }
    });
    let count = Count { passed: outcome.passed, failed: outcome.failed, ignored: 0 };
    Part { name: BRUNO, count, took: started.elapsed(), whole: outcome.failed == 0 }
}

fn conclude(parts: &[Part], took: Duration) -> anyhow::Result<()> {
    let mut sum = Count::default();
    for Part { count, .. } in parts {
        sum.passed += count.passed;
        sum.failed += count.failed;
        sum.ignored += count.ignored;
    }
    let broken = parts.iter().find(|part| !part.whole);
    let verdict = if broken.is_none() { "ok" } else { "FAILED" };
    say(format_args!(
        "\ntest result: {verdict}. {} passed; {} failed; {} ignored; 0 measured; 0 filtered out; \
         finished in {:.2}s",
        sum.passed,
        sum.failed,
        sum.ignored,
        took.as_secs_f64()
    ));
    match broken {
        Some(part) => bail!("the part `{}` failed", part.name),
        None => Ok(()),
    }
}

fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

impl Count {
    /// Adds a line like `test result: ok. 3 passed; 0 failed; 1 ignored; …`; others are no count.
    fn add(&mut self, line: &str) {
        let Some((_, counts)) = line.strip_prefix("test result: ").and_then(|l| l.split_once(". "))
        else {
            return;
        };
        for field in counts.split(';') {
            match field.trim().split_once(' ') {
                Some((n, "passed")) => self.passed += n.parse().unwrap_or(0),
                Some((n, "failed")) => self.failed += n.parse().unwrap_or(0),
                Some((n, "ignored")) => self.ignored += n.parse().unwrap_or(0),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_cargo_are_summed() {
        let mut count = Count::default();
        for line in [
            "running 4 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0.00s",
            "test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
        ] {
            count.add(line);
        }
        assert_eq!((count.passed, count.failed, count.ignored), (5, 1, 1));
    }
}
