//! The result, for programs and for people.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::phase::Found;
use super::place::PARALLEL;
use crate::axis::Settings;
use crate::axis::files;
use crate::axis::noise::Surroundings;
use crate::figures::{median, most, three_digits};
use crate::machine::Machine;

/// A fact that is told later than this was not told at the rate.
const LATE_MAX_MS: f64 = 1_000.0;
/// What we aim at: PERFORMANCE G9.
const P99_MS_MAX: f64 = 20.0;
const CHANGE_MAX: f64 = 0.1;
const TIMES_POLLING_MIN: f64 = 10.0;

/// All that was found.
pub(super) struct Report {
    pub(super) machine: Machine,
    pub(super) settings: Settings,
    /// Whether the machine was quiet at the start.
    pub(super) quiet: bool,
    pub(super) load_before: f64,
    pub(super) load_after: f64,
    /// Processes that ended in the middle.
    pub(super) ended: Vec<String>,
    pub(super) found: Vec<Of>,
}

/// What was found of one log; alone, and while transactions were open.
#[derive(Debug, Clone, Default)]
pub(super) struct Of {
    pub(super) carrier: &'static str,
    pub(super) ours: Vec<Found>,
    pub(super) polling: Vec<Found>,
    pub(super) ours_open: Vec<Found>,
    pub(super) polling_open: Vec<Found>,
}

impl Of {
    fn each(&self) -> impl Iterator<Item = (&'static str, &Found)> {
        let named = [
            ("ours", &self.ours),
            ("polling", &self.polling),
            ("ours, open transactions", &self.ours_open),
            ("polling, open transactions", &self.polling_open),
        ];
        named.into_iter().flat_map(|(name, found)| found.iter().map(move |found| (name, found)))
    }

    /// By how much open transactions change our p99; 0.1 is a tenth more.
    fn change_when_open(&self) -> f64 {
        p99(&self.ours_open) / p99(&self.ours) - 1.0
    }

    fn times_faster_than_polling(&self) -> f64 {
        p50(&self.polling) / p50(&self.ours)
    }

    fn aims(&self) -> [(&'static str, f64, bool); 3] {
        let (p99, change) = (p99(&self.ours), self.change_when_open());
        let times = self.times_faster_than_polling();
        [
            ("p99 of 20 ms at most", p99, p99 <= P99_MS_MAX),
            ("p99 within 10 % under open transactions", change, change.abs() <= CHANGE_MAX),
            ("ten times as fast as polling (p50)", times, times >= TIMES_POLLING_MIN),
        ]
    }

    fn json(&self) -> Value {
        let aims = self.aims().map(|(aim, measured, met)| {
            json!({ "aim": aim, "measured": three_digits(measured), "met": met })
        });
        json!({
            "p50_ms": p50(&self.ours),
            "p99_ms": p99(&self.ours),
            "p99_ms_worst": most(self.ours.iter().map(|found| found.p99_ms)),
            "effect_p99_ms": middle(&self.ours, |found| found.effect_p99_ms),
            "p50_ms_open_transactions": p50(&self.ours_open),
            "p99_ms_open_transactions": p99(&self.ours_open),
            "polling_p50_ms": p50(&self.polling),
            "polling_p99_ms": p99(&self.polling),
            "polling_p99_ms_open_transactions": p99(&self.polling_open),
            "cpu_us_per_event": middle(&self.ours, |found| found.cpu_us_per_event),
            "polling_cpu_us_per_event": middle(&self.polling, |found| found.cpu_us_per_event),
            "aims": aims,
            "phases": self.each().map(|(phase, found)| json!({ "phase": phase, "found": found })).collect::<Vec<_>>(),
        })
    }
}

impl Report {
    /// Whether the numbers may be told.
    pub(super) fn is_valid(&self) -> bool {
        self.violations().is_empty()
    }

    /// The rules that are broken, with the numbers that show it.
    fn violations(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for of in &self.found {
            for (phase, found) in of.each() {
                let Found { told, lost, doubled, dead_letters, not_told, told_late_ms, .. } = found;
                let rules = [
                    (*lost > 0, format!("{lost} of {told} facts were lost")),
                    (*doubled > 0, format!("{doubled} effects were stored again")),
                    (*dead_letters > 0, format!("{dead_letters} facts could not be applied")),
                    (!not_told.is_empty(), format!("not told: {not_told:?}")),
                    (
                        *told_late_ms > LATE_MAX_MS,
                        format!("the rate was not kept: {told_late_ms} ms late"),
                    ),
                ];
                let rules = rules.into_iter().filter(|(is_broken, _)| *is_broken);
                broken.extend(rules.map(|(_, words)| format!("{}, {phase}: {words}", of.carrier)));
            }
        }
        if !self.ended.is_empty() {
            broken.push(format!("processes ended in the middle: {:?}", self.ended));
        }
        broken
    }

    /// Writes `events.json` and `events.md`.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        files::write(folder, "events", &self.json(), &self.markdown()?)
    }

    fn json(&self) -> Value {
        let valid = self.is_valid();
        let log = |name: &str| {
            let found = self.found.iter().find(|of| valid && of.carrier == name);
            found.map_or(Value::Null, Of::json)
        };
        let Settings { rounds, seconds, warm_up_seconds, .. } = self.settings;
        json!({
            "axis": "events",
            "gate": if valid { "PASS" } else { "INVALID" },
            "violations": self.violations(),
            "noisy": self.noise(),
            "facts_per_second": self.settings.facts_per_second,
            "postgres": log("postgres"),
            "kafka": log("kafka"),
            "not_measured": self.not_measured(),
            "settings": {
                "rounds": rounds, "seconds": seconds, "warm_up_seconds": warm_up_seconds,
                "event_parallel_max": PARALLEL,
            },
            "machine": self.machine,
            "load_before": self.load_before,
            "load_after": self.load_after,
        })
    }

    fn not_measured(&self) -> Vec<&'static str> {
        let kafka = self.found.iter().any(|of| of.carrier == "kafka");
        if kafka { Vec::new() } else { vec!["kafka: KAFKA_BOOTSTRAP names no broker"] }
    }

    /// A table for people.
    pub(super) fn markdown(&self) -> anyhow::Result<String> {
        let mut text = "# Events, from the commit to the consumer\n\n".to_owned();
        let violations = self.violations();
        if !violations.is_empty() {
            writeln!(text, "**INVALID**: there are no numbers.\n")?;
            for violation in violations {
                writeln!(text, "- {violation}")?;
            }
            return Ok(text);
        }
        for of in &self.found {
            writeln!(text, "{} at {}/s:\n", of.carrier, self.settings.facts_per_second)?;
            for (aim, measured, met) in of.aims() {
                let met = if met { "met" } else { "**not met**" };
                writeln!(text, "- {aim}: {} ({met})", three_digits(measured))?;
            }
            writeln!(
                text,
                "\n| relay | p50 ms | p99 ms | p99.9 ms | longest ms | effect p99 ms | CPU µs | told | lost |\n\
                 |---|--:|--:|--:|--:|--:|--:|--:|--:|"
            )?;
            for (phase, found) in of.each() {
                let Found { p50_ms, p99_ms, p999_ms, longest_ms, effect_p99_ms, .. } = found;
                let Found { cpu_us_per_event, told, lost, .. } = found;
                writeln!(
                    text,
                    "| {phase} | {p50_ms} | {p99_ms} | {p999_ms} | {longest_ms} | {effect_p99_ms} | \
                     {cpu_us_per_event} | {told} | {lost} |"
                )?;
            }
            writeln!(text)?;
        }
        for missing in self.not_measured() {
            writeln!(text, "Not measured: {missing}.")?;
        }
        let Machine { cores, cpu, kernel, commit, .. } = &self.machine;
        writeln!(
            text,
            "Gate: PASS. Commit {commit}, {cores} cores ({cpu}), Linux {kernel}, load {} before and {} after.",
            self.load_before, self.load_after
        )?;
        for noise in self.noise() {
            writeln!(text, "**noisy**: {noise}.")?;
        }
        Ok(text)
    }

    /// Why the result may be another tomorrow.
    fn noise(&self) -> Vec<String> {
        let each = self.found.iter().flat_map(Of::each);
        let surroundings = Surroundings {
            quiet: self.quiet,
            load_before: self.load_before,
            foreign_share: most(each.map(|(_, found)| found.foreign_share)),
            ..Surroundings::default()
        };
        surroundings.noise()
    }
}

fn middle(found: &[Found], of: impl Fn(&Found) -> f64) -> f64 {
    three_digits(median(found.iter().map(of)))
}

fn p50(found: &[Found]) -> f64 {
    middle(found, |found| found.p50_ms)
}

fn p99(found: &[Found]) -> f64 {
    middle(found, |found| found.p99_ms)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        settings: Settings,
    }

    fn found(p50_ms: f64, p99_ms: f64) -> Found {
        Found { told: 1_000, p50_ms, p99_ms, ..Found::default() }
    }

    fn report() -> Report {
        let of = Of {
            carrier: "postgres",
            ours: vec![found(3.0, 9.0), found(4.0, 10.0), found(5.0, 30.0)],
            polling: vec![found(60.0, 120.0)],
            ours_open: vec![found(4.0, 10.5)],
            polling_open: vec![found(60.0, 400.0)],
        };
        Report {
            machine: Machine::look().unwrap(),
            settings: Cli::parse_from(["compare"]).settings,
            quiet: true,
            load_before: 0.1,
            load_after: 1.0,
            ended: Vec::new(),
            found: vec![of],
        }
    }

    #[test]
    fn medians_are_held_against_the_aims() {
        let json = report().json();

        assert_eq!((&json["gate"], &json["kafka"]), (&json!("PASS"), &Value::Null));
        assert_eq!(json["postgres"]["p99_ms"], 10.0);
        assert_eq!(json["postgres"]["p99_ms_worst"], 30.0);
        let aims = json["postgres"]["aims"].as_array().unwrap();
        assert!(aims.iter().all(|aim| aim["met"] == true), "{aims:?}");
        assert_eq!(json["noisy"], json!([]));
    }

    #[test]
    fn every_rule_is_looked_at() {
        let breaks: [fn(&mut Report); 6] = [
            |it| it.found[0].ours[1].lost = 1,
            |it| it.found[0].polling[0].doubled = 1,
            |it| it.found[0].ours_open[0].dead_letters = 1,
            |it| it.found[0].polling_open[0].told_late_ms = 1_001.0,
            |it| it.found[0].ours[0].not_told = [("database-busy", 2)].into(),
            |it| it.ended = vec!["postgres".to_owned()],
        ];
        for (number, break_it) in breaks.into_iter().enumerate() {
            let mut report = report();
            break_it(&mut report);
            let json = report.json();
            assert_eq!(report.violations().len(), 1, "break {number}");
            assert_eq!((&json["gate"], &json["postgres"]), (&json!("INVALID"), &Value::Null));
            assert!(report.markdown().unwrap().contains("INVALID"));
        }
    }

    #[test]
    fn both_files_are_written() {
        let folder = tempfile::tempdir().unwrap();
        report().write(folder.path()).unwrap();
        let json = std::fs::read(folder.path().join("events.json")).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&json).unwrap()["axis"], "events");
        assert!(folder.path().join("events.md").is_file());
    }
}
