//! The result, for programs and for people.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::gate::Evidence;
use super::herd;
use super::phases::{AFTER_S, CLIENTS, Found, Half, Outage, SLOWER_MAX, TIMES};
use super::timeline::{self, Second, accepted_wait_ms};
use crate::axis::Settings;
use crate::axis::files;
use crate::axis::noise::Surroundings;
use crate::figures::{least, median, number, per, three_digits};
use crate::machine::Machine;

/// Seconds that are looked at together, and told in one line.
const WINDOW: usize = 10;

const GOODPUT_MIN: f64 = 0.9;
/// So many seconds without progress are starvation.
const STILL_S: usize = 5;
const GROWTH_MAX: f64 = 1.1;
const NORMAL_S_MAX: f64 = 10.0;
const REFUSAL_CPU_MS_MAX: f64 = 1.0;

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
    pub(super) found: Found,
    pub(super) evidence: Evidence,
}

/// What was aimed at, what was measured (nothing: it was not seen), and whether that is as good.
struct Aim(&'static str, Option<f64>, bool);

impl Report {
    /// Whether the numbers may be told.
    pub(super) fn is_valid(&self) -> bool {
        self.evidence.violations().is_empty()
    }

    /// Writes `overload.json` and `overload.md`.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        files::write(folder, "overload", &self.json(), &self.markdown()?)
    }

    /// One result; where the gate is broken, none of the measured numbers is in it.
    pub(super) fn json(&self) -> Value {
        let valid = self.is_valid();
        let told = |number: f64| valid.then(|| three_digits(number));
        let (found, seconds) = (&self.found, &self.found.overload.seconds);
        let Settings { seconds: measured, warm_up_seconds, clients, .. } = self.settings;
        let Settings { overload_seconds, outage_seconds, .. } = self.settings;
        let windows = || self.ratios();
        json!({
            "axis": "overload",
            "gate": if valid { "PASS" } else { "INVALID" },
            "violations": self.evidence.violations(),
            "noisy": self.noise(),
            "ours": told(self.goodput()),
            "limit": told(found.peak),
            "ratio_median": told(median(windows())),
            "ratio_worst": told(least(windows())),
            "offered": told(found.peak * TIMES),
            "half": valid.then_some(found.half),
            "p50_accepted_ms": accepted_wait_ms(seconds, 0.5).filter(|_| valid),
            "p99_accepted_ms": accepted_wait_ms(seconds, 0.99).filter(|_| valid),
            "refused": valid.then(|| timeline::refused(seconds)),
            "refused_p99_ms": timeline::refused_wait_ms(seconds, 0.99).filter(|_| valid),
            "failed": valid.then(|| timeline::failed(seconds)),
            "not_accepted": valid.then_some(&found.overload.not_accepted),
            "failures": found.failures,
            "undecided_at_its_end": found.overload.progress.waiting.last().filter(|_| valid),
            "saga_still_s": valid.then_some(found.overload.progress.saga_still_s),
            "webhooks_still_s": valid.then_some(found.overload.progress.notices_still_s),
            "memory_ratio": told(found.overload.memory.ratio()),
            "memory_ratio_services": told(found.overload.memory.ratio_of_services()),
            "memory_ratios": valid.then(|| found.overload.memory.ratios()),
            "recovery_s": found.recovery_s.filter(|_| valid),
            "outage": found.outage.filter(|_| valid),
            "client_share": told(found.overload.client_share),
            "client_cores": told(found.overload.client_cores),
            "aims": if valid { self.aims().iter().map(Aim::json).collect() } else { json!([]) },
            "seconds": if valid { self.each_second() } else { json!([]) },
            "memory_peak_mb": self.memory_peak_mb,
            "evidence": self.evidence,
            "settings": {
                "seconds": measured, "warm_up_seconds": warm_up_seconds, "clients": clients.unwrap_or(CLIENTS),
                "overload_seconds": overload_seconds, "outage_seconds": outage_seconds,
            },
            "machine": self.machine,
            "versions": self.versions,
            "load_before": self.load_before,
            "load_after": self.load_after,
        })
    }

    /// A table for people.
    pub(super) fn markdown(&self) -> anyhow::Result<String> {
        let mut text = "# Three times what can be done\n\n".to_owned();
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
        self.after(&mut text)?;
        Ok(text)
    }

    fn headline(&self, text: &mut String) -> anyhow::Result<()> {
        let Found { peak, half: Half { rate, p50_ms, p99_ms }, overload, .. } = &self.found;
        writeln!(
            text,
            "Orders confirmed through the gateway while {}/s are asked for during {} s, as a part of the peak of \
             {peak}/s: **{}** (worst {WINDOW} s {}).\n\
             At half the peak, {rate}/s, an order is answered after {p50_ms} ms (p50) and {p99_ms} ms (p99).\n",
            three_digits(peak * TIMES),
            self.settings.overload_seconds,
            three_digits(self.goodput() / peak),
            three_digits(least(self.ratios())),
        )?;
        for Aim(aim, measured, met) in self.aims() {
            let measured =
                measured.map_or("not seen".to_owned(), |it| three_digits(it).to_string());
            writeln!(text, "- {aim}: {measured} ({})", if met { "met" } else { "**not met**" })?;
        }
        let Machine { cores, cpu, kernel, commit, .. } = &self.machine;
        writeln!(
            text,
            "\nGate: PASS, {} orders acknowledged and found, {} refused. Commit {commit}, {cores} cores ({cpu}), \
             Linux {kernel}, load {} before and {} after. The client, which shares the cores, used {} of one, {} of \
             all that was used.",
            self.evidence.books.acknowledged,
            self.evidence.refused,
            self.load_before,
            self.load_after,
            overload.client_cores,
            overload.client_share,
        )?;
        for noise in self.noise() {
            writeln!(text, "**noisy**: {noise}.")?;
        }
        for (word, count) in &overload.not_accepted {
            writeln!(text, "Not accepted: {count} times {word}.")?;
        }
        Ok(writeln!(text)?)
    }

    fn table(&self, text: &mut String) -> anyhow::Result<()> {
        writeln!(
            text,
            "| second | accepted/s | confirmed/s | refused/s | failed/s | p50 ms | p99 ms | decided/s | undecided | webhooks/s | MB |\n\
             |--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
        )?;
        let overload = &self.found.overload;
        let memory: Vec<f64> = overload.memory.ours_mb().collect();
        for (at, seconds) in (0..).step_by(WINDOW).zip(overload.seconds.chunks(WINDOW)) {
            let length = seconds.len() as u64;
            let rate = |count: u64| three_digits(per(number(count), length));
            let part = |of: &[u64]| rate(of.iter().skip(at).take(seconds.len()).sum());
            writeln!(
                text,
                "| {at} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                rate(timeline::accepted(seconds)),
                part(&overload.progress.confirmed),
                rate(timeline::refused(seconds)),
                rate(timeline::failed(seconds)),
                or_nothing(accepted_wait_ms(seconds, 0.5)),
                or_nothing(accepted_wait_ms(seconds, 0.99)),
                part(&overload.progress.decided),
                or_nothing(overload.progress.waiting.get(at + seconds.len() - 1)),
                part(&overload.progress.notices),
                three_digits(median(memory.iter().skip(at).take(seconds.len()).copied())),
            )?;
        }
        Ok(writeln!(
            text,
            "\nRequests are counted by when they were meant to be sent, and wait from then on; orders by when they were \
             confirmed. Decided are orders of customers, too, who were not told in time; undecided are those that wait at the end.\n"
        )?)
    }

    fn after(&self, text: &mut String) -> anyhow::Result<()> {
        writeln!(
            text,
            "Normal again is: at half the peak all but 1 % accepted, p99 within {SLOWER_MAX} times what it was, 3 s in a \
             row, seen within {AFTER_S} s."
        )?;
        let Some(outage) = self.found.outage else { return Ok(()) };
        let Outage { seconds, normal_s, served, served_s, refused, refusal_cpu_ms, .. } = outage;
        Ok(writeln!(
            text,
            "\nAfter orders stood still for {seconds} s, with {} clients that come back at the same moments (one in {} \
             orders, the others look): normal after {} s, {served} served, the last after {} s. Meanwhile {refused} \
             refusals took {refusal_cpu_ms} ms of the gateway's CPU each, p99 {} ms; later there were {}.",
            herd::CLIENTS,
            herd::ONE_ORDERS_IN,
            or_nothing(normal_s),
            or_nothing(served_s),
            or_nothing(outage.refusal_p99_ms),
            outage.refused_later,
        )?)
    }

    fn aims(&self) -> Vec<Aim> {
        let found = &self.found;
        let (progress, memory) = (&found.overload.progress, found.overload.memory.ratio());
        let ratio = self.goodput() / found.peak;
        let p99_ms = accepted_wait_ms(&found.overload.seconds, 0.99);
        let slower = p99_ms.map(|p99_ms| p99_ms / found.half.p99_ms);
        let still =
            |what, seconds: usize| Aim(what, Some(number(seconds as u64)), seconds < STILL_S);
        let at_most = |what, measured: Option<f64>, most: f64| {
            Aim(what, measured, measured.is_some_and(|measured| measured <= most))
        };
        let seconds = |seconds: Option<usize>| seconds.map(|seconds| number(seconds as u64));
        let mut aims = vec![
            Aim("goodput of 0.9 of the peak at least", Some(ratio), ratio >= GOODPUT_MIN),
            at_most("p99 of accepted, times that at half the peak, 2 at most", slower, SLOWER_MAX),
            still("the saga never stands still for 5 s", progress.saga_still_s),
            still("webhooks never stand still for 5 s", progress.notices_still_s),
            at_most("memory, last quarter by second, 1.1 at most", Some(memory), GROWTH_MAX),
            at_most("normal 10 s after the overload", seconds(found.recovery_s), NORMAL_S_MAX),
        ];
        if let Some(Outage { normal_s, refused, refusal_cpu_ms, .. }) = found.outage {
            let cost = (refused > 0).then_some(refusal_cpu_ms);
            aims.push(at_most("normal 10 s after the outage", seconds(normal_s), NORMAL_S_MAX));
            aims.push(at_most("a refusal costs 1 ms of CPU at most", cost, REFUSAL_CPU_MS_MAX));
        }
        aims
    }

    fn each_second(&self) -> Value {
        let overload = &self.found.overload;
        let progress = &overload.progress;
        let orders = progress.confirmed.iter().zip(&progress.decided).zip(&progress.waiting);
        let counts = orders.zip(&progress.notices);
        let seconds = overload.seconds.iter().zip(counts).zip(overload.memory.ours_mb());
        let second = |((second, (orders, notices)), memory_mb): ((&Second, _), _)| {
            let ((confirmed, decided), waiting) = orders;
            json!({
                "accepted": second.accepted_us.len(), "confirmed": confirmed,
                "refused": second.refused_us.len(), "failed": second.failed,
                "p50_ms": second.wait_ms(0.5), "p99_ms": second.wait_ms(0.99),
                "decided": decided, "undecided": waiting, "webhooks": notices, "memory_mb": memory_mb,
            })
        };
        seconds.map(second).collect()
    }

    /// Orders confirmed per second of the overload.
    fn goodput(&self) -> f64 {
        let confirmed = &self.found.overload.progress.confirmed;
        per(number(confirmed.iter().sum()), confirmed.len() as u64)
    }

    /// The goodput of every ten seconds in a row, as a part of the peak.
    fn ratios(&self) -> impl Iterator<Item = f64> {
        let windows = self.found.overload.progress.confirmed.windows(WINDOW);
        windows.map(|it| per(number(it.iter().sum()), it.len() as u64) / self.found.peak)
    }

    /// Why the result may be another tomorrow.
    fn noise(&self) -> Vec<String> {
        let surroundings = Surroundings {
            quiet: self.quiet,
            load_before: self.load_before,
            foreign_share: self.found.foreign_share,
            client_share: self.found.overload.client_share,
            limits: vec![self.found.peak],
        };
        let mut noise = surroundings.noise();
        if median(self.ratios()) > 1.0 {
            noise.push(
                "more was done than at the peak, which was none; more --clients find it".to_owned(),
            );
        }
        noise
    }
}

impl Aim {
    fn json(&self) -> Value {
        let Self(aim, measured, met) = self;
        json!({ "aim": aim, "measured": measured.map(three_digits), "met": met })
    }
}

fn or_nothing(figure: Option<impl ToString>) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| figure.to_string())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::gate::tests::sound;
    use super::super::memory::tests::memory;
    use super::super::phases::Overload;
    use super::super::progress::Progress;
    use super::super::timeline::tests::second;
    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        settings: Settings,
    }

    /// Twenty seconds at three times 100/s: 95 are confirmed in each, 80 in the last ten.
    fn found() -> Found {
        let confirmed = [vec![95; 10], vec![80; 10]].concat();
        let progress = Progress {
            decided: confirmed.clone(),
            waiting: vec![4; 20],
            notices: confirmed.clone(),
            confirmed,
            saga_still_s: 1,
            notices_still_s: 5,
        };
        let overload = Overload {
            seconds: vec![second(96, 50, 204); 20],
            progress,
            memory: memory(&[100_000; 20]),
            not_accepted: [("503 overloaded".to_owned(), 4_080)].into(),
            client_share: 0.05,
            client_cores: 0.1,
        };
        let outage = Outage {
            seconds: 10,
            normal_s: None,
            served: 5_000,
            served_s: Some(7.5),
            refused: 900,
            refusal_cpu_ms: 0.2,
            refusal_p99_ms: Some(55.0),
            refused_later: 12,
        };
        Found {
            peak: 100.0,
            half: Half { rate: 50.0, p50_ms: 10.0, p99_ms: 30.0 },
            overload,
            recovery_s: Some(2),
            outage: Some(outage),
            failures: [("503 upstream-timeout".to_owned(), 3)].into(),
            foreign_share: 0.0,
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
            found: found(),
            evidence,
        }
    }

    #[test]
    fn goodput_is_told_beside_the_peak_with_its_worst_ten_seconds() {
        let json = report(sound()).json();

        assert_eq!((&json["gate"], &json["noisy"]), (&json!("PASS"), &json!([])));
        assert_eq!((&json["ours"], &json["limit"]), (&json!(87.5), &json!(100.0)));
        assert_eq!((&json["ratio_median"], &json["ratio_worst"]), (&json!(0.875), &json!(0.8)));
        assert_eq!((&json["refused"], &json["recovery_s"]), (&json!(4_080), &json!(2)));
        assert_eq!((&json["p99_accepted_ms"], &json["memory_ratio"]), (&json!(50.0), &json!(1.01)));
        assert_eq!(json["seconds"].as_array().unwrap().len(), 20);
        assert_eq!(json["outage"]["served_s"], 7.5);
    }

    #[test]
    fn an_aim_is_met_or_not_and_what_was_not_seen_is_not_met() {
        let report = report(sound());
        let met: Vec<bool> = report.aims().iter().map(|Aim(_, _, met)| *met).collect();

        assert_eq!(met, [false, true, true, false, true, true, false, true]);
        let markdown = report.markdown().unwrap();
        assert!(markdown.contains("normal 10 s after the outage: not seen (**not met**)"));
        assert!(markdown.contains("used 0.1 of one"), "{markdown}");
        assert!(
            markdown.contains("| 10 | 96 | 80 | 204 | 0 | 50 | 50 | 80 | 4 | 80 |"),
            "{markdown}"
        );
    }

    #[test]
    fn a_broken_gate_leaves_no_number() {
        let report = report(Evidence { refused: 0, ..sound() });
        let (json, markdown) = (report.json(), report.markdown().unwrap());

        assert!(!report.is_valid());
        assert_eq!((&json["gate"], &json["aims"]), (&json!("INVALID"), &json!([])));
        for name in ["ours", "limit", "ratio_median", "ratio_worst", "recovery_s", "memory_ratio"] {
            assert!(json[name].is_null(), "{name}");
        }
        for name in ["p99_accepted_ms", "refused", "half", "outage", "client_cores"] {
            assert!(json[name].is_null(), "{name}");
        }
        assert_eq!(json["seconds"], json!([]));
        assert!(markdown.contains("INVALID") && !markdown.contains("87.5"));
    }

    #[test]
    fn a_peak_that_was_none_is_noise() {
        let mut report = report(sound());
        report.found.peak = 80.0;

        assert_eq!(report.json()["noisy"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn without_an_outage_nothing_is_said_of_one() {
        let mut report = report(sound());
        report.found.outage = None;

        assert_eq!(report.aims().len(), 6);
        assert!(report.json()["outage"].is_null());
        assert!(!report.markdown().unwrap().contains("stood still for"));
    }

    #[test]
    fn both_files_are_written() {
        let folder = tempfile::tempdir().unwrap();
        report(sound()).write(folder.path()).unwrap();
        let json = std::fs::read(folder.path().join("overload.json")).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&json).unwrap()["axis"], "overload");
        assert!(folder.path().join("overload.md").is_file());
    }
}
