//! The result, for programs and for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::phases::{CLIENTS, Cost, Round};
use crate::axis::Settings;
use crate::axis::bench::is_service;
use crate::axis::files;
use crate::axis::gate::Evidence;
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

    /// Writes `orders.json` and `orders.md`.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        files::write(folder, "orders", &self.json()?, &self.markdown()?)
    }

    /// One result; where the gate is broken, none of the measured numbers is in it.
    pub(super) fn json(&self) -> anyhow::Result<Value> {
        let valid = self.is_valid();
        let told = |number: f64| valid.then(|| three_digits(number));
        let Settings { rounds, seconds, warm_up_seconds, clients, .. } = self.settings;
        let clients = clients.unwrap_or(CLIENTS);
        Ok(json!({
            "axis": "orders",
            "gate": if valid { "PASS" } else { "INVALID" },
            "violations": self.evidence.violations(),
            "noisy": self.noise(),
            "ours": told(self.middle(|it| it.ours)),
            "limit": told(self.middle(|it| it.limit)),
            "ratio_median": told(self.middle(|it| it.ratio)),
            "ratio_worst": told(least(self.each(|it| it.ratio))),
            "cpu_ms_per_order": told(self.middle(|it| it.fast.cpu_ms_per_order)),
            "cpu_ms_per_order_worst": told(most(self.each(|it| it.fast.cpu_ms_per_order))),
            "cpu_ms_per_order_services": told(self.middle(|it| of_services(&it.fast))),
            "commits_per_order": told(self.middle(|it| it.fast.commits_per_order)),
            "half_rate": told(self.middle(|it| it.half_rate)),
            "p50_ms": told(self.middle(|it| it.p50_ms)),
            "p99_ms": told(self.middle(|it| it.p99_ms)),
            "p99_ms_worst": told(most(self.each(|it| it.p99_ms))),
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
        let mut text = "# Orders against the limit\n\n".to_owned();
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
        self.processes(&mut text)?;
        Ok(text)
    }

    fn headline(&self, text: &mut String) -> anyhow::Result<()> {
        writeln!(
            text,
            "Confirmed orders through the gateway, as a part of what the same five commits reach without us: \
             **{}** (worst round {}).\n\
             CPU of all our processes: **{} ms** an order (the seven services alone {} ms).\n\
             At half the rate an order is confirmed after {} ms (p50) and {} ms (p99).\n",
            three_digits(self.middle(|it| it.ratio)),
            three_digits(least(self.each(|it| it.ratio))),
            three_digits(self.middle(|it| it.fast.cpu_ms_per_order)),
            three_digits(self.middle(|it| of_services(&it.fast))),
            three_digits(self.middle(|it| it.p50_ms)),
            three_digits(self.middle(|it| it.p99_ms)),
        )?;
        let Machine { cores, cpu, kernel, commit, .. } = &self.machine;
        writeln!(
            text,
            "Gate: PASS, {} orders acknowledged and found. Commit {commit}, {cores} cores ({cpu}), Linux {kernel}, \
             load {} before and {} after, {} connections.",
            self.evidence.acknowledged,
            self.load_before,
            self.load_after,
            self.settings.clients.unwrap_or(CLIENTS)
        )?;
        for noise in self.noise() {
            writeln!(text, "**noisy**: {noise}.")?;
        }
        for (word, count) in self.failures() {
            writeln!(text, "Not confirmed: {count} times {word}.")?;
        }
        Ok(writeln!(text)?)
    }

    fn table(&self, text: &mut String) -> anyhow::Result<()> {
        writeln!(
            text,
            "| round | limit/s | ours/s | ratio | CPU ms | commits | WAL kB | drain s | at/s | p50 ms | p99 ms | p99.9 ms | failed |\n\
             |--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
        )?;
        for (number, round) in (1..).zip(&self.rounds) {
            let Round { limit, ours, ratio, fast, half_rate, p50_ms, p99_ms, p999_ms, .. } = round;
            let Cost { cpu_ms_per_order, commits_per_order, wal_kb_per_order, drain_s, .. } = fast;
            writeln!(
                text,
                "| {number} | {limit} | {ours} | {ratio} | {cpu_ms_per_order} | {commits_per_order} | \
                 {wal_kb_per_order} | {drain_s} | {half_rate} | {p50_ms} | {p99_ms} | {p999_ms} | {} |",
                failed(round)
            )?;
        }
        Ok(writeln!(
            text,
            "\nCPU, commits (of readers too) and WAL are for one order, with all work that follows it.\n"
        )?)
    }

    fn processes(&self, text: &mut String) -> anyhow::Result<()> {
        writeln!(text, "| process | CPU ms per order | peak MB |\n|---|--:|--:|")?;
        let costs = || self.rounds.iter().map(|round| &round.fast.cpu_ms_per_order_by_process);
        let names: BTreeSet<&String> = costs().flat_map(BTreeMap::keys).collect();
        for name in names {
            let cpu_ms = median(costs().filter_map(|cost| cost.get(name).copied()));
            let memory = self.memory_peak_mb.get(name).map_or(String::new(), u64::to_string);
            writeln!(text, "| {name} | {} | {memory} |", three_digits(cpu_ms))?;
        }
        Ok(())
    }

    /// Why the result may be another tomorrow.
    fn noise(&self) -> Vec<String> {
        let surroundings = Surroundings {
            quiet: self.quiet,
            load_before: self.load_before,
            foreign_share: most(self.each(|it| it.fast.foreign_share.max(it.half.foreign_share))),
            client_share: most(self.each(|it| it.fast.client_share)),
            limits: self.each(|it| it.limit).collect(),
        };
        surroundings.noise()
    }

    /// What was not confirmed, by reason.
    fn failures(&self) -> BTreeMap<&str, u64> {
        let mut failures = BTreeMap::new();
        let costs = self.rounds.iter().flat_map(|round| [&round.fast, &round.half]);
        for (word, count) in costs.flat_map(|cost| &cost.failures) {
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

fn of_services(cost: &Cost) -> f64 {
    let used = cost.cpu_ms_per_order_by_process.iter();
    used.filter(|(name, _)| is_service(name)).map(|(_, ms)| ms).sum()
}

fn failed(round: &Round) -> u64 {
    [&round.fast, &round.half].iter().flat_map(|cost| cost.failures.values()).sum()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::axis::gate::tests::sound;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        settings: Settings,
    }

    fn round(limit: f64, ours: f64) -> Round {
        let cost = Cost {
            orders: 100,
            failures: BTreeMap::new(),
            cpu_ms_per_order: 2.5,
            cpu_ms_per_order_by_process: [("orders".to_owned(), 1.5), ("sandbox".to_owned(), 1.0)]
                .into(),
            commits_per_order: 6.0,
            commits_per_order_by_database: BTreeMap::new(),
            wal_kb_per_order: 9.0,
            wal_syncs_per_order: 1.0,
            client_share: 0.1,
            foreign_share: 0.0,
            drain_s: 0.5,
        };
        Round {
            limit,
            ours,
            ratio: ours / limit,
            half: cost.clone(),
            fast: cost,
            half_rate: ours / 2.0,
            p50_ms: 8.0,
            p99_ms: 20.0,
            p999_ms: 30.0,
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
            rounds: vec![round(2000.0, 1000.0), round(2000.0, 800.0), round(2100.0, 1050.0)],
            evidence,
        }
    }

    #[test]
    fn medians_and_the_worst_round_are_told() {
        let json = report(sound()).json().unwrap();

        assert_eq!(json["gate"], "PASS");
        assert_eq!(json["ours"], 1000.0);
        assert_eq!(json["ratio_median"], 0.5);
        assert_eq!(json["ratio_worst"], 0.4);
        assert_eq!(json["cpu_ms_per_order"], 2.5);
        assert_eq!(json["cpu_ms_per_order_services"], 1.5);
        assert_eq!(json["noisy"], json!([]));
    }

    #[test]
    fn a_broken_gate_leaves_no_number() {
        let mut evidence = sound();
        evidence.stock.rows_below_zero_or_oversold = 1;
        let report = report(evidence);
        let (json, markdown) = (report.json().unwrap(), report.markdown().unwrap());

        assert!(!report.is_valid());
        assert_eq!(json["gate"], "INVALID");
        for name in ["ours", "limit", "ratio_median", "ratio_worst", "cpu_ms_per_order", "p99_ms"] {
            assert!(json[name].is_null(), "{name}");
        }
        assert_eq!(json["rounds"], json!([]));
        assert!(markdown.contains("INVALID") && !markdown.contains("1000"));
    }

    #[test]
    fn noise_is_named() {
        let mut report = report(sound());
        report.quiet = false;
        report.rounds.push(round(3000.0, 1000.0));
        assert_eq!(report.json().unwrap()["noisy"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn both_files_are_written() {
        let folder = tempfile::tempdir().unwrap();
        report(sound()).write(folder.path()).unwrap();
        let json = std::fs::read(folder.path().join("orders.json")).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&json).unwrap()["axis"], "orders");
        assert!(folder.path().join("orders.md").is_file());
    }
}
