//! What `--axis events` found, which the table tells too.

use std::path::Path;

use serde::Deserialize;

/// How long facts were on their way; an empty list where that is not known.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// From the commit to the consumer, round by round.
    pub(super) p99_ms: Vec<f64>,
    /// How many times as fast as a relay that polls, round by round.
    pub(super) times_polling: Vec<f64>,
    /// By which part open transactions change p99.
    pub(super) change_when_open: Option<f64>,
    /// Why something is missing, or what to think of it.
    pub(super) remarks: Vec<String>,
}

#[derive(Deserialize)]
struct Result {
    gate: String,
    noisy: Vec<String>,
    postgres: Option<Log>,
    machine: Machine,
}

#[derive(Deserialize)]
struct Machine {
    commit: String,
}

#[derive(Deserialize)]
struct Log {
    p99_ms: f64,
    p99_ms_open_transactions: f64,
    phases: Vec<Phase>,
}

#[derive(Deserialize)]
struct Phase {
    phase: String,
    found: Found,
}

#[derive(Deserialize)]
struct Found {
    p50_ms: f64,
    p99_ms: f64,
}

impl Facts {
    /// Reads `events.json` in this folder, which should be of this commit.
    pub(super) fn read(folder: &Path, commit: &str) -> Self {
        let file = folder.join("events.json");
        match std::fs::read(&file) {
            Ok(bytes) => Self::of(&bytes, commit),
            Err(_) => Self::none(format!("no {}: `make bench-events` makes it", file.display())),
        }
    }

    fn of(bytes: &[u8], commit: &str) -> Self {
        let Ok(Result { gate, noisy, postgres, machine }) = serde_json::from_slice(bytes) else {
            return Self::none("events.json is unreadable".to_owned());
        };
        let Some(log) = postgres.filter(|_| gate == "PASS") else {
            return Self::none(format!("events.json says {gate}"));
        };
        let each = |name: &'static str| {
            log.phases.iter().filter(move |phase| phase.phase == name).map(|phase| &phase.found)
        };
        let times = each("ours").zip(each("polling"));
        let mut remarks: Vec<String> =
            noisy.into_iter().map(|noise| format!("noisy: {noise}")).collect();
        if machine.commit != commit {
            remarks.push(format!("measured at {}", machine.commit));
        }
        Self {
            p99_ms: each("ours").map(|found| found.p99_ms).collect(),
            times_polling: times.map(|(ours, polling)| polling.p50_ms / ours.p50_ms).collect(),
            change_when_open: Some((log.p99_ms_open_transactions / log.p99_ms - 1.0).abs()),
            remarks,
        }
    }

    fn none(why: String) -> Self {
        Self { remarks: vec![why], ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn events(gate: &str) -> Value {
        let phase = |name: &str, p50: f64, p99: f64| json!({ "phase": name, "found": { "p50_ms": p50, "p99_ms": p99 } });
        json!({
            "gate": gate,
            "noisy": [],
            "machine": { "commit": "abc" },
            "postgres": {
                "p99_ms": 10.0,
                "p99_ms_open_transactions": 10.5,
                "phases": [
                    phase("ours", 4.0, 9.0), phase("polling", 60.0, 110.0),
                    phase("ours", 5.0, 11.0), phase("polling", 60.0, 111.0),
                    phase("ours, open transactions", 5.0, 10.5),
                ],
            },
        })
    }

    fn read(value: &Value) -> Facts {
        Facts::of(value.to_string().as_bytes(), "abc")
    }

    #[test]
    fn rounds_of_ours_are_held_against_their_neighbours() {
        let facts = read(&events("PASS"));
        assert_eq!(facts.p99_ms, [9.0, 11.0]);
        assert_eq!(facts.times_polling, [15.0, 12.0]);
        assert!((facts.change_when_open.unwrap() - 0.05).abs() < 1e-9);
        assert_eq!(facts.remarks, Vec::<String>::new());
    }

    #[test]
    fn what_is_missing_or_invalid_gives_no_number_and_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        for facts in [Facts::read(folder.path(), "abc"), read(&events("INVALID")), read(&json!({}))]
        {
            assert!(facts.p99_ms.is_empty() && facts.change_when_open.is_none());
            assert_eq!(facts.remarks.len(), 1);
        }
    }

    #[test]
    fn another_commit_is_named() {
        let facts = Facts::of(events("PASS").to_string().as_bytes(), "def");
        assert_eq!(facts.remarks, ["measured at abc"]);
    }
}
