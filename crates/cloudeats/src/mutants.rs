//! `cloudeats mutants`: wrong behaviours, built in on purpose, that each must turn its checker red
//! (RELIABILITY, 3).

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::chaos::provider::Fault;
use crate::chaos::session::Session;
use crate::chaos::stock::FlashSale;
use crate::chaos::ways::{Harm, How, Way};
use crate::chaos::{Act, Ground, Planned};
use crate::check::{Report, Verdict};
use crate::commands::say;
use crate::engines::Durability;
use crate::run::{Place, until_told};
use crate::simulate::CityArgs;

const STACK: &str = "mutants";
const RATE: f64 = 3.0;
const SPEED: f64 = 60.0;
const PAUSE: Duration = Duration::from_secs(1);
/// What a mutant holds up need not be waited for, but I7 wants to see it held up for 60 s.
const DRAIN_MAX: Duration = Duration::from_secs(45);
const QUIESCE_MAX: Duration = Duration::from_secs(25);
const BUYERS: usize = 120;
const UNITS: u32 = 20;

/// Shows that each checker notices what it is for.
#[derive(Debug, Clone, clap::Args)]
pub struct Mutants {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    city: CityArgs,
    /// Only these; all unless some are named
    #[arg(long)]
    mutant: Vec<String>,
    /// How often each may be run until its checker is red
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=10))]
    runs: u8,
    /// First do the same with nothing wrong: no checker may turn red
    #[arg(long)]
    control: bool,
}

/// A wrong behaviour.
#[derive(Debug)]
struct Mutant {
    name: &'static str,
    /// The checkers of which one must turn red.
    red: &'static [&'static str],
    by: By,
}

/// What brings it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    /// A day like others.
    Day,
    /// Few units and many buyers.
    Rush,
    /// The provider loses replies, and ways to it break.
    Doubt,
    /// What was asked arrives when its asker has long given it up.
    Late,
    /// Services are killed while they work.
    Kills,
    /// A worker that has a twin stands still, and wakes when its leases are over.
    Frozen,
    /// What was told is older than it is kept.
    Old,
    /// Events come again, out of order.
    Again,
    /// Clients hang up.
    HangUps,
}

const MUTANTS: &[Mutant] = &[
    Mutant { name: "ledger_leg_missing", red: &["I1"], by: By::Day },
    Mutant { name: "new_provider_key_on_retry", red: &["I2"], by: By::Doubt },
    Mutant { name: "no_lease_fence", red: &["I1", "I2", "I8"], by: By::Frozen },
    Mutant { name: "read_then_write_stock", red: &["I3"], by: By::Rush },
    Mutant { name: "expire_hold_without_asking", red: &["I4"], by: By::Doubt },
    Mutant { name: "ack_before_commit", red: &["I5"], by: By::Kills },
    Mutant { name: "write_before_validate", red: &["I6"], by: By::Day },
    Mutant { name: "no_lease_expiry", red: &["I7"], by: By::Kills },
    Mutant { name: "skip_state", red: &["I8"], by: By::Day },
    Mutant { name: "no_inbox", red: &["I9"], by: By::Again },
    Mutant { name: "publish_before_commit", red: &["I9"], by: By::Kills },
    Mutant { name: "poll_after_max_id", red: &["I9"], by: By::HangUps },
    Mutant { name: "no_tombstone", red: &["I10"], by: By::Late },
    Mutant { name: "fail_on_timeout", red: &["I10"], by: By::Doubt },
    Mutant { name: "last_arrival_wins", red: &["I12"], by: By::Day },
    Mutant { name: "key_without_principal", red: &["I15"], by: By::Day },
    Mutant { name: "no_fingerprint", red: &["I15"], by: By::Day },
    Mutant { name: "no_prune", red: &["I16"], by: By::Old },
];

/// What became of a mutant.
struct Hunt {
    name: &'static str,
    red: &'static [&'static str],
    runs: u8,
    /// What gave it away, if anything did.
    caught: Option<String>,
    took: Duration,
}

impl Mutants {
    /// Runs the verb. A mutant that nobody notices is an error.
    pub async fn run(self) -> anyhow::Result<()> {
        let stop = until_told();
        let wanted = self.wanted()?;
        if self.control {
            self.rule_out_false_alarms(&wanted, &stop).await?;
        }
        let mut hunts = Vec::new();
        for mutant in wanted {
            let hunt = self.hunt(mutant, &stop).await;
            say(hunt.line());
            hunts.push(hunt);
            if stop.is_cancelled() {
                bail!("told to stop");
            }
        }
        say(table(&hunts));
        let missed: Vec<&str> =
            hunts.iter().filter(|hunt| hunt.caught.is_none()).map(|hunt| hunt.name).collect();
        ensure!(missed.is_empty(), "nobody noticed: {}", missed.join(", "));
        Ok(())
    }

    fn wanted(&self) -> anyhow::Result<Vec<&'static Mutant>> {
        let known = |name: &String| MUTANTS.iter().find(|mutant| mutant.name == name);
        if self.mutant.is_empty() {
            return Ok(MUTANTS.iter().collect());
        }
        let named = self.mutant.iter();
        named.map(|name| known(name).with_context(|| format!("no mutant `{name}`"))).collect()
    }

    /// Plays each plan with nothing wrong: what turns red then, turns red whatever a mutant does.
    async fn rule_out_false_alarms(
        &self,
        wanted: &[&Mutant],
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        let plans: BTreeSet<By> = wanted.iter().map(|mutant| mutant.by).collect();
        let mut alarms = Vec::new();
        for by in plans {
            let watching = wanted.iter().filter(|mutant| mutant.by == by);
            let checkers: Vec<&str> = watching.flat_map(|mutant| mutant.red).copied().collect();
            let seen = self.run_once(None, by, &checkers, 1, stop).await?;
            if stop.is_cancelled() {
                bail!("told to stop");
            }
            let alarm = seen.map(|seen| format!("{by:?}: {seen}"));
            say(format_args!("  nothing wrong, {}", alarm.as_deref().unwrap_or("no alarm")));
            alarms.extend(alarm);
        }
        ensure!(alarms.is_empty(), "false alarms: {}", alarms.join("; "));
        Ok(())
    }

    async fn hunt(&self, mutant: &Mutant, stop: &CancellationToken) -> Hunt {
        let begun = Instant::now();
        let mut hunt = Hunt {
            name: mutant.name,
            red: mutant.red,
            runs: 0,
            caught: None,
            took: Duration::ZERO,
        };
        while hunt.caught.is_none() && hunt.runs < self.runs && !stop.is_cancelled() {
            hunt.runs += 1;
            let Mutant { name, red, by } = mutant;
            match self.run_once(Some(name), *by, red, hunt.runs.into(), stop).await {
                Ok(caught) => hunt.caught = caught,
                // A run that comes to no judgement catches nobody; the next one may.
                Err(error) => say(format_args!("  {}: no judgement: {error:#}", mutant.name)),
            }
        }
        hunt.took = begun.elapsed();
        hunt
    }

    /// One run, with one thing wrong or nothing; what turned red, if it is one of `checkers`.
    async fn run_once(
        &self,
        wrong: Option<&str>,
        by: By,
        checkers: &[&str],
        nth: u64,
        stop: &CancellationToken,
    ) -> anyhow::Result<Option<String>> {
        let mut options = self.place.options_of(STACK)?;
        options.durability = Durability::Volatile;
        let wrong = wrong.map(|name| ("CLOUDEATS_MUTANT".to_owned(), name.to_owned()));
        let environment = Vec::from_iter(wrong);
        if by == By::Rush {
            let sale = FlashSale { options, buyers: BUYERS, units: UNITS, environment };
            let sold = sale.hold(stop).await?;
            return Ok(sold.and_then(|sold| red(&sold.report, checkers)));
        }
        let mut city = self.city.options(None, RATE, SPEED)?;
        city.seed += nth;
        let session = Session {
            options,
            city,
            planned: by.planned(),
            ground: Ground::default(),
            twins: if by == By::Frozen { vec!["orders"] } else { Vec::new() },
            environment,
            drain_max: DRAIN_MAX,
            quiesce_max: QUIESCE_MAX,
            tells: false,
        };
        let outcome = session.play(stop).await?;
        Ok(outcome.and_then(|outcome| red(&outcome.report, checkers)))
    }
}

impl By {
    fn planned(self) -> Vec<Planned> {
        let link = |way, how| Act::Link(Harm { way, how });
        let acts = match self {
            Self::Day | Self::Rush => vec![Act::Peace, Act::Peace],
            Self::Doubt => vec![
                Act::Provider(Fault::LosesReplies),
                link(Way::Provider, How::LoseReplies),
                link(Way::Payment, How::LoseReplies),
                link(Way::Inventory, How::LoseReplies),
                Act::Provider(Fault::Slow),
            ],
            Self::Late => {
                let ways = [Way::Payment, Way::Inventory];
                ways.into_iter().cycle().take(6).map(|way| link(way, How::Hang)).collect()
            }
            Self::Frozen => vec![Act::Provider(Fault::Slow), Act::Frozen("orders"), Act::Peace],
            Self::Old => vec![Act::Peace, Act::Age, Act::Peace],
            Self::Kills => ["orders", "payment", "inventory", "orders"].map(Act::Kill).to_vec(),
            Self::Again => vec![Act::Peace, Act::Events],
            Self::HangUps => vec![Act::HangUps, Act::HangUps],
        };
        acts.into_iter().map(|act| Planned { pause: PAUSE, act }).collect()
    }
}

/// The first rule that was broken under one of these invariants.
fn red(report: &Report, wanted: &[&str]) -> Option<String> {
    let failed = report
        .findings
        .iter()
        .find(|finding| finding.verdict == Verdict::Fail && wanted.contains(&finding.id))?;
    let rule = failed.offences.first().map_or("", |offence| offence.rule);
    Some(format!("{}: {rule}", failed.id))
}

impl Hunt {
    fn line(&self) -> String {
        let Self { name, red, runs, caught, took } = self;
        let red = red.join(", ");
        let verdict = if caught.is_some() { "caught" } else { "MISSED" };
        let seen = caught.as_deref().unwrap_or("-");
        format!("  {name:<30}{red:<8}{verdict:<8}{runs:>4}{:>7.0}  {seen}", took.as_secs_f64())
    }
}

fn table(hunts: &[Hunt]) -> String {
    let caught = hunts.iter().filter(|hunt| hunt.caught.is_some()).count();
    let head = format!("\n  {:<30}{:<8}{:<8}{:>4}{:>7}  by", "mutant", "checker", "", "runs", "s");
    let sum = format!("\nmutants: {caught} of {} caught", hunts.len());
    let rows = hunts.iter().map(Hunt::line);
    [head].into_iter().chain(rows).chain([sum]).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn built_in(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                built_in(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let named = text.split("mutants::on(\"").skip(1);
                found.extend(named.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
            }
        }
    }

    #[test]
    fn the_table_has_the_mutants_that_are_built_in_and_no_others() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut found = BTreeSet::new();
        for entry in std::fs::read_dir(root.join("services")).unwrap() {
            built_in(&entry.unwrap().path().join("src"), &mut found);
        }
        for kit in ["common", "event-kit", "postgres-kit", "service-kit"] {
            built_in(&root.join("crates").join(kit).join("src"), &mut found);
        }
        let ours = MUTANTS.iter().map(|mutant| mutant.name.to_owned());
        assert_eq!(ours.collect::<BTreeSet<_>>(), found);
    }
}
