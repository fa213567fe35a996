//! The result: the table of the goals, and what each round found.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use super::facts::Facts;
use super::footprint::Footprint;
use super::goals::{self, Goal};
use super::judge::Theirs;
use super::rounds::{CROWDS, Found, Round, TIMES};
use crate::axis::Settings;
use crate::axis::files;
use crate::axis::gate::Evidence;
use crate::axis::noise::Surroundings;
use crate::axis::orders::phases::CLIENTS;
use crate::figures::{median, most, three_digits};
use crate::machine::Machine;

/// What no round can measure.
const NOT_MEASURED: [&str; 2] = [
    "images and a cold build are measured where they are made",
    "the highest rate of facts is no axis yet",
];

/// All that was found.
pub(super) struct Report {
    pub(super) machine: Machine,
    pub(super) versions: BTreeMap<String, String>,
    pub(super) settings: Settings,
    /// Whether the machine was quiet at the start.
    pub(super) quiet: bool,
    pub(super) load_before: f64,
    pub(super) load_after: f64,
    pub(super) rounds: Vec<Round>,
    pub(super) footprints: Vec<Footprint>,
    pub(super) facts: Facts,
    pub(super) evidence: Evidence,
    pub(super) theirs: Theirs,
}

impl Report {
    /// Whether the numbers may be told.
    pub(super) fn is_valid(&self) -> bool {
        self.violations().is_empty()
    }

    fn violations(&self) -> Vec<String> {
        self.evidence.violations().into_iter().chain(self.theirs.violations()).collect()
    }

    /// Writes `vendure.json`, `vendure.md` and `table.md`.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        files::write(folder, "vendure", &self.json()?, &self.markdown()?)?;
        std::fs::write(folder.join("table.md"), self.table()?)
            .with_context(|| format!("cannot write into {}", folder.display()))
    }

    /// One result; where the gate is broken, none of the measured numbers is in it.
    pub(super) fn json(&self) -> anyhow::Result<Value> {
        let valid = self.is_valid();
        let told = |number: f64| valid.then(|| three_digits(number));
        let goals = if valid { self.goals() } else { Vec::new() };
        let Settings { rounds, seconds, warm_up_seconds, clients, .. } = self.settings;
        Ok(json!({
            "axis": "vendure",
            "gate": if valid { "PASS" } else { "INVALID" },
            "violations": self.violations(),
            "noisy": self.noise(),
            "remarks": self.remarks(),
            "ours": told(self.middle(|it| it.ours)),
            "vendure": told(self.middle(Round::their_best)),
            "limit": told(self.middle(|it| it.limit)),
            "cpu_ms_per_order": told(self.middle(|it| it.fast.cpu_ms_per_order)),
            "vendure_cpu_ms_per_order": told(self.middle(Round::their_least_cpu_ms)),
            "goals": goals.iter().map(Goal::json).collect::<Vec<_>>(),
            "rounds": if valid { serde_json::to_value(&self.rounds)? } else { json!([]) },
            "footprints": if valid { serde_json::to_value(&self.footprints)? } else { json!([]) },
            "evidence": { "ours": self.evidence, "vendure": self.theirs },
            "settings": {
                "rounds": rounds, "seconds": seconds, "warm_up_seconds": warm_up_seconds,
                "clients": clients.unwrap_or(CLIENTS), "vendure_processes_and_clients": CROWDS,
            },
            "machine": self.machine,
            "versions": self.versions,
            "load_before": self.load_before,
            "load_after": self.load_after,
        }))
    }

    /// The goals, each with its worst round.
    pub(super) fn table(&self) -> anyhow::Result<String> {
        let mut text = "# Ours beside Vendure\n\n".to_owned();
        if self.refused(&mut text)? {
            return Ok(text);
        }
        writeln!(
            text,
            "| goal | what | aimed at | median | worst round | |\n|---|---|--:|--:|--:|---|"
        )?;
        for goal in self.goals() {
            writeln!(text, "{}", goal.row())?;
        }
        writeln!(text)?;
        self.circumstances(&mut text)?;
        Ok(text)
    }

    /// What each round found.
    pub(super) fn markdown(&self) -> anyhow::Result<String> {
        let mut text = "# Rounds beside Vendure\n\n".to_owned();
        if self.refused(&mut text)? {
            return Ok(text);
        }
        self.circumstances(&mut text)?;
        self.orders(&mut text)?;
        self.start_and_memory(&mut text)?;
        Ok(text)
    }

    /// Says why there are no numbers, where there are none.
    fn refused(&self, text: &mut String) -> anyhow::Result<bool> {
        let violations = self.violations();
        if violations.is_empty() {
            return Ok(false);
        }
        writeln!(text, "**INVALID**: there are no numbers.\n")?;
        for violation in violations {
            writeln!(text, "- {violation}")?;
        }
        Ok(true)
    }

    fn circumstances(&self, text: &mut String) -> anyhow::Result<()> {
        let Machine { cores, cpu, kernel, commit, .. } = &self.machine;
        let version = |name: &str| self.versions.get(name).map_or("?", String::as_str);
        writeln!(
            text,
            "{} rounds of {} s a phase. Gate: PASS, {} orders of ours and {} of Vendure's acknowledged and found. \
             Commit {commit}, {cores} cores ({cpu}), Linux {kernel}, load {} before and {} after. \
             Vendure {}, Node.js {}, PostgreSQL {}.",
            self.settings.rounds,
            self.settings.seconds,
            self.evidence.acknowledged,
            self.theirs.acknowledged,
            self.load_before,
            self.load_after,
            version("npm.@vendure/core"),
            version("node"),
            version("postgres.server_version"),
        )?;
        for noise in self.noise() {
            writeln!(text, "**noisy**: {noise}.")?;
        }
        for remark in self.remarks() {
            writeln!(text, "{remark}.")?;
        }
        Ok(writeln!(text)?)
    }

    fn orders(&self, text: &mut String) -> anyhow::Result<()> {
        writeln!(
            text,
            "| round | who | clients | orders/s | CPU ms | p50 ms | last call p50 ms | p99 ms | failed |\n\
             |--:|---|--:|--:|--:|--:|--:|--:|--:|"
        )?;
        let clients = self.settings.clients.unwrap_or(CLIENTS);
        for (number, round) in (1..).zip(&self.rounds) {
            writeln!(text, "| {number} | limit | 16 | {} | | | | | |", round.limit)?;
            for found in &round.theirs {
                let Found { processes, orders_per_s, cpu_ms_per_order, .. } = found;
                let Found { p50_ms, last_call_p50_ms, .. } = found;
                writeln!(
                    text,
                    "| {number} | Vendure, {processes} processes | {} | {orders_per_s} | {cpu_ms_per_order} | \
                     {p50_ms} | {last_call_p50_ms} | | {} |",
                    found.clients,
                    sum(&found.failures)
                )?;
            }
            let Round { ours, fast, at_rate, at, p50_ms, p99_ms, .. } = round;
            writeln!(
                text,
                "| {number} | ours | {clients} | {ours} | {} | | | | {} |\n\
                 | {number} | ours, at a rate | | {at_rate} | {} | {p50_ms} | | {p99_ms} | {} |",
                fast.cpu_ms_per_order,
                sum(&fast.failures),
                at.cpu_ms_per_order,
                sum(&at.failures)
            )?;
        }
        Ok(writeln!(
            text,
            "\nCPU is for one order, PostgreSQL apart; ours with all work that follows it. Ours waits until an order is \
             confirmed. The rate is {TIMES} times Vendure's highest.\n"
        )?)
    }

    fn start_and_memory(&self, text: &mut String) -> anyhow::Result<()> {
        writeln!(
            text,
            "| round | Vendure MB | ours MB | Vendure serves after ms | our slowest ms |\n\
             |--:|--:|--:|--:|--:|"
        )?;
        for (number, found) in (1..).zip(&self.footprints) {
            let (Footprint { their_mb, their_start_ms, .. }, our_mb) = (found, found.our_mb());
            let slowest = found.our_start_ms();
            writeln!(text, "| {number} | {their_mb} | {our_mb} | {their_start_ms} | {slowest} |")?;
        }
        Ok(())
    }

    fn goals(&self) -> Vec<Goal> {
        goals::all(&self.rounds, &self.footprints, &self.facts)
    }

    /// Why the result may be another tomorrow.
    fn noise(&self) -> Vec<String> {
        let surroundings = Surroundings {
            quiet: self.quiet,
            load_before: self.load_before,
            foreign_share: most(self.rounds.iter().map(Round::foreign_share)),
            client_share: most(self.rounds.iter().map(Round::client_share)),
            limits: self.rounds.iter().map(|it| it.limit).collect(),
        };
        surroundings.noise()
    }

    /// What else is to be known of the numbers.
    fn remarks(&self) -> Vec<String> {
        let facts = self.facts.remarks.iter().map(|remark| format!("G9: {remark}"));
        let missing = NOT_MEASURED.iter().map(|what| format!("Not measured: {what}"));
        self.theirs.remarks().into_iter().chain(facts).chain(missing).collect()
    }

    fn middle(&self, of: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(of))
    }
}

fn sum(failures: &BTreeMap<String, u64>) -> u64 {
    failures.values().sum()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::axis::gate::tests::sound;
    use crate::axis::orders::phases::Cost;
    use crate::axis::vendure::judge::tests::sound as sound_theirs;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        settings: Settings,
    }

    fn found((processes, clients): (usize, usize), orders_per_s: f64) -> Found {
        Found {
            processes,
            clients,
            orders_per_s,
            cpu_ms_per_order: 180.0,
            p50_ms: 250.0,
            last_call_p50_ms: 70.0,
            failures: BTreeMap::new(),
            client_share: 0.01,
            foreign_share: 0.02,
            ours_share: 0.03,
        }
    }

    fn round(ours: f64) -> Round {
        let cost = Cost {
            orders: 100,
            failures: BTreeMap::new(),
            cpu_ms_per_order: 2.0,
            cpu_ms_per_order_by_process: BTreeMap::new(),
            commits_per_order: 6.0,
            commits_per_order_by_database: BTreeMap::new(),
            wal_kb_per_order: 9.0,
            wal_syncs_per_order: 1.0,
            client_share: 0.1,
            foreign_share: 0.0,
            drain_s: 0.5,
        };
        Round {
            limit: 2_000.0,
            theirs: vec![found(CROWDS[0], 4.0), found(CROWDS[3], 5.0)],
            ours,
            fast: cost.clone(),
            at_rate: 50.0,
            at: cost,
            p50_ms: 10.0,
            p99_ms: 20.0,
        }
    }

    fn report() -> Report {
        let footprint = Footprint {
            their_start_ms: 3_000.0,
            their_mb: 240.0,
            our_start_ms: [("orders", 80.0)].into(),
            our_mb: [("orders", 120.0)].into(),
        };
        Report {
            machine: Machine::look().unwrap(),
            versions: BTreeMap::new(),
            settings: Cli::parse_from(["compare"]).settings,
            quiet: true,
            load_before: 0.1,
            load_after: 1.5,
            rounds: vec![round(600.0), round(490.0), round(610.0)],
            footprints: vec![footprint],
            facts: Facts::default(),
            evidence: sound(),
            theirs: sound_theirs(),
        }
    }

    #[test]
    fn the_worst_round_is_held_against_the_goal() {
        let json = report().json().unwrap();
        let goal = |at: usize| &json["goals"][at];

        assert_eq!((&json["ours"], &json["vendure"]), (&json!(600.0), &json!(5.0)));
        assert_eq!((&goal(0)["median"], &goal(0)["worst"]), (&json!(120.0), &json!(98.0)));
        assert_eq!(goal(0)["met"], false);
        assert_eq!((&goal(1)["worst"], &goal(1)["met"]), (&json!(90.0), &json!(true)));
        assert_eq!((&goal(2)["worst"], &goal(3)["worst"]), (&json!(12.5), &json!(7.0)));
        assert!(goal(4)["met"].is_null());
        assert_eq!((&goal(8)["worst"], &goal(9)["worst"]), (&json!(2.0), &json!(37.5)));
    }

    #[test]
    fn orders_that_failed_at_the_rate_leave_no_wait_to_be_proud_of() {
        let mut report = report();
        report.rounds[1].at.failures = [("503 overloaded".to_owned(), 1)].into();
        assert_eq!(report.json().unwrap()["goals"][2]["worst"], 0.0);
    }

    #[test]
    fn a_broken_gate_on_either_side_leaves_no_number() {
        let mut ours = report();
        ours.evidence.stock.rows_below_zero_or_oversold = 1;
        let mut theirs = report();
        theirs.theirs.acknowledged_and_lost = 1;
        for report in [ours, theirs] {
            let (json, table) = (report.json().unwrap(), report.table().unwrap());
            assert_eq!((&json["gate"], &json["goals"]), (&json!("INVALID"), &json!([])));
            assert!(json["ours"].is_null() && json["rounds"] == json!([]));
            assert!(table.contains("INVALID") && !table.contains("G1"));
        }
    }

    #[test]
    fn all_three_files_are_written() {
        let folder = tempfile::tempdir().unwrap();
        report().write(folder.path()).unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();

        assert!(read("vendure.json").contains("\"PASS\""));
        assert!(read("vendure.md").contains("| 2 | ours | 32 | 490 | 2 |"));
        let table = read("table.md");
        assert!(table.contains(
            "| G1 | orders/s, times Vendure's highest rate | ≥ 100 | 120 | 98 | **not met** |"
        ));
        for goal in ["G2", "G9", "G11"] {
            assert!(table.contains(&format!("| {goal} |")), "{goal}");
        }
    }
}
