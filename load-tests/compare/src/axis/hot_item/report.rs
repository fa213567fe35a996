//! The result, for programs and for people.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::gate::Evidence;
use super::rounds::{CLIENTS, Round};
use crate::axis::Settings;
use crate::axis::files;
use crate::axis::noise::Surroundings;
use crate::figures::{least, median, most, three_digits};
use crate::machine::Machine;

/// All that was found.
pub(super) struct Report {
    pub(super) machine: Machine,
    pub(super) versions: BTreeMap<String, String>,
    pub(super) settings: Settings,
    /// Whether the machine was quiet at the start.
    pub(super) quiet: bool,
    pub(super) load_before: f64,
    pub(super) load_after: f64,
    pub(super) memory_peak_mb: BTreeMap<String, u64>,
    pub(super) rounds: Vec<Round>,
    pub(super) evidence: Evidence,
}

impl Report {
    /// Whether the numbers may be told.
    pub(super) fn is_valid(&self) -> bool {
        self.evidence.violations().is_empty()
    }

    /// Writes `hot-item.json` and `hot-item.md`.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        files::write(folder, "hot-item", &self.json()?, &self.markdown()?)
    }

    /// One result; where the gate is broken, none of the measured numbers is in it.
    pub(super) fn json(&self) -> anyhow::Result<Value> {
        let valid = self.is_valid();
        let told = |number: f64| valid.then(|| three_digits(number));
        let Settings { rounds, seconds, warm_up_seconds, clients, .. } = self.settings;
        let clients = clients.unwrap_or(CLIENTS);
        Ok(json!({
            "axis": "hot-item",
            "gate": if valid { "PASS" } else { "INVALID" },
            "violations": self.evidence.violations(),
            "noisy": self.noise(),
            "ours": told(self.middle(|it| it.ours)),
            "limit": told(self.middle(|it| it.limit)),
            "ratio_median": told(self.middle(|it| it.ratio)),
            "ratio_worst": told(least(self.each(|it| it.ratio))),
            "cpu_ms_per_reservation": told(self.middle(|it| it.cpu_ms_per_reservation)),
            "commits_per_reservation": told(self.middle(|it| it.commits_per_reservation)),
            "failures": self.failures(),
            "rounds": if valid { serde_json::to_value(&self.rounds)? } else { json!([]) },
            "memory_peak_mb": self.memory_peak_mb,
            "evidence": self.evidence,
            "settings": { "rounds": rounds, "seconds": seconds, "warm_up_seconds": warm_up_seconds, "clients": clients },
            "machine": self.machine,
            "versions": self.versions,
            "load_before": self.load_before,
            "load_after": self.load_after,
        }))
    }

    /// A table for people.
    pub(super) fn markdown(&self) -> anyhow::Result<String> {
        let mut text = "# One hot product against one hot row\n\n".to_owned();
        let violations = self.evidence.violations();
        if !violations.is_empty() {
            writeln!(text, "**INVALID**: there are no numbers.\n")?;
            for violation in violations {
                writeln!(text, "- {violation}")?;
            }
            return Ok(text);
        }
        self.headline(&mut text)?;
        self.table(&mut text)?;
        Ok(text)
    }

    fn headline(&self, text: &mut String) -> anyhow::Result<()> {
        writeln!(
            text,
            "Reservations of one product through the service, each acknowledged after its commit, as a part of \
             what 16 clients reach who take from one row and do nothing else: **{}** (worst round {}).\n",
            three_digits(self.middle(|it| it.ratio)),
            three_digits(least(self.each(|it| it.ratio))),
        )?;
        let Machine { cores, cpu, kernel, commit, .. } = &self.machine;
        let Evidence { acknowledged, unanswered_at_the_kill, .. } = &self.evidence;
        writeln!(
            text,
            "Gate: PASS, {acknowledged} reservations acknowledged and found, nothing else reserved, after a kill of \
             the service that left {unanswered_at_the_kill} unanswered. Commit {commit}, {cores} cores ({cpu}), \
             Linux {kernel}, load {} before and {} after, {} connections.",
            self.load_before,
            self.load_after,
            self.settings.clients.unwrap_or(CLIENTS)
        )?;
        for noise in self.noise() {
            writeln!(text, "**noisy**: {noise}.")?;
        }
        for (word, count) in self.failures() {
            writeln!(text, "Not reserved: {count} times {word}.")?;
        }
        Ok(writeln!(text)?)
    }

    fn table(&self, text: &mut String) -> anyhow::Result<()> {
        writeln!(
            text,
            "| round | limit/s | ours/s | ratio | CPU ms | commits | WAL kB | failed |\n\
             |--:|--:|--:|--:|--:|--:|--:|--:|"
        )?;
        for (number, round) in (1..).zip(&self.rounds) {
            let Round { limit, ours, ratio, cpu_ms_per_reservation, .. } = round;
            let Round { commits_per_reservation, wal_kb_per_reservation, .. } = round;
            writeln!(
                text,
                "| {number} | {limit} | {ours} | {ratio} | {cpu_ms_per_reservation} | \
                 {commits_per_reservation} | {wal_kb_per_reservation} | {} |",
                round.failures.values().sum::<u64>()
            )?;
        }
        Ok(writeln!(
            text,
            "\nCPU, commits (of the relay too) and WAL are for one reservation, with the telling that follows it.\n"
        )?)
    }

    /// Why the result may be another tomorrow.
    fn noise(&self) -> Vec<String> {
        let surroundings = Surroundings {
            quiet: self.quiet,
            load_before: self.load_before,
            foreign_share: most(self.each(|it| it.foreign_share)),
            client_share: most(self.each(|it| it.client_share)),
            limits: self.each(|it| it.limit).collect(),
        };
        surroundings.noise()
    }

    /// What was not reserved in the rounds, by reason.
    fn failures(&self) -> BTreeMap<&str, u64> {
        let mut failures = BTreeMap::new();
        for (word, count) in self.rounds.iter().flat_map(|round| &round.failures) {
            *failures.entry(word.as_str()).or_default() += count;
        }
        failures
    }

    fn each(&self, of: impl Fn(&Round) -> f64) -> impl Iterator<Item = f64> {
        self.rounds.iter().map(of)
    }

    fn middle(&self, of: impl Fn(&Round) -> f64) -> f64 {
        median(self.each(of))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::axis::hot_item::gate::tests::sound;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        settings: Settings,
    }

    fn round(limit: f64, ours: f64) -> Round {
        Round {
            limit,
            ours,
            ratio: ours / limit,
            cpu_ms_per_reservation: 0.3,
            commits_per_reservation: 0.1,
            wal_kb_per_reservation: 1.5,
            client_share: 0.1,
            foreign_share: 0.0,
            failures: BTreeMap::new(),
        }
    }

    fn report(evidence: Evidence) -> Report {
        Report {
            machine: Machine::look().unwrap(),
            versions: BTreeMap::new(),
            settings: Cli::parse_from(["compare"]).settings,
            quiet: true,
            load_before: 0.1,
            load_after: 1.5,
            memory_peak_mb: BTreeMap::new(),
            rounds: vec![round(4000.0, 2000.0), round(4000.0, 1600.0), round(4200.0, 2100.0)],
            evidence,
        }
    }

    #[test]
    fn medians_and_the_worst_round_are_told() {
        let json = report(sound()).json().unwrap();

        assert_eq!(json["gate"], "PASS");
        assert_eq!((&json["ours"], &json["limit"]), (&json!(2000.0), &json!(4000.0)));
        assert_eq!((&json["ratio_median"], &json["ratio_worst"]), (&json!(0.5), &json!(0.4)));
        assert_eq!((&json["noisy"], &json["settings"]["clients"]), (&json!([]), &json!(64)));
    }

    #[test]
    fn a_broken_gate_leaves_no_number() {
        let mut evidence = sound();
        evidence.stock.rows_below_zero_or_oversold = 1;
        let report = report(evidence);
        let (json, markdown) = (report.json().unwrap(), report.markdown().unwrap());

        assert!(!report.is_valid());
        assert_eq!((&json["gate"], &json["rounds"]), (&json!("INVALID"), &json!([])));
        for name in ["ours", "limit", "ratio_median", "ratio_worst", "cpu_ms_per_reservation"] {
            assert!(json[name].is_null(), "{name}");
        }
        assert!(markdown.contains("INVALID") && !markdown.contains("2000"));
    }

    #[test]
    fn both_files_are_written() {
        let folder = tempfile::tempdir().unwrap();
        report(sound()).write(folder.path()).unwrap();
        let json = std::fs::read(folder.path().join("hot-item.json")).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&json).unwrap()["axis"], "hot-item");
        assert!(folder.path().join("hot-item.md").is_file());
    }
}
