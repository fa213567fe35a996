//! The goals, and whether the worst round reaches them.

use serde_json::{Value, json};

use super::facts::Facts;
use super::footprint::Footprint;
use super::rounds::{Found, Round};
use crate::figures::{least, median, most, three_digits};

/// What is aimed at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

/// A goal, and what each round found.
#[derive(Debug, Clone)]
pub(super) struct Goal {
    pub(super) name: &'static str,
    pub(super) words: &'static str,
    pub(super) aim: Aim,
    /// Empty where it was not measured.
    pub(super) rounds: Vec<f64>,
}

impl Goal {
    /// Where a round found no figure, none is told.
    fn new(name: &'static str, words: &'static str, aim: Aim, rounds: Vec<f64>) -> Self {
        let known = rounds.iter().all(|value| value.is_finite());
        Self { name, words, aim, rounds: if known { rounds } else { Vec::new() } }
    }

    pub(super) fn median(&self) -> Option<f64> {
        self.told(|rounds| median(rounds.iter().copied()))
    }

    /// The round that is furthest from what is aimed at.
    pub(super) fn worst(&self) -> Option<f64> {
        self.told(|rounds| match self.aim {
            Aim::AtLeast(_) => least(rounds.iter().copied()),
            Aim::AtMost(_) => most(rounds.iter().copied()),
        })
    }

    /// Whether every round reaches it.
    pub(super) fn is_met(&self) -> Option<bool> {
        let worst = self.worst()?;
        Some(match self.aim {
            Aim::AtLeast(aim) => worst >= aim,
            Aim::AtMost(aim) => worst <= aim,
        })
    }

    pub(super) fn json(&self) -> Value {
        let (bound, aim) = match self.aim {
            Aim::AtLeast(aim) => ("at_least", aim),
            Aim::AtMost(aim) => ("at_most", aim),
        };
        json!({
            "goal": self.name,
            "what": self.words,
            bound: aim,
            "median": self.median(),
            "worst": self.worst(),
            "met": self.is_met(),
            "rounds": self.rounds.iter().map(|value| three_digits(*value)).collect::<Vec<_>>(),
        })
    }

    /// A line of the table.
    pub(super) fn row(&self) -> String {
        let aim = match self.aim {
            Aim::AtLeast(aim) => format!("≥ {aim}"),
            Aim::AtMost(aim) => format!("≤ {aim}"),
        };
        let figure = |value: Option<f64>| value.map_or("-".to_owned(), |it| it.to_string());
        let met = match self.is_met() {
            Some(true) => "met",
            Some(false) => "**not met**",
            None => "not measured",
        };
        let (median, worst) = (figure(self.median()), figure(self.worst()));
        format!("| {} | {} | {aim} | {median} | {worst} | {met} |", self.name, self.words)
    }

    fn told(&self, of: impl Fn(&[f64]) -> f64) -> Option<f64> {
        (!self.rounds.is_empty()).then(|| three_digits(of(&self.rounds)))
    }
}

/// Everything that was aimed at.
pub(super) fn all(rounds: &[Round], footprints: &[Footprint], facts: &Facts) -> Vec<Goal> {
    let each = |of: fn(&Round) -> f64| rounds.iter().map(of).collect::<Vec<f64>>();
    let prints = |of: fn(&Footprint) -> f64| footprints.iter().map(of).collect::<Vec<f64>>();
    vec![
        Goal::new(
            "G1",
            "orders/s, times Vendure's highest rate",
            Aim::AtLeast(100.0),
            each(|it| it.ours / it.their_best()),
        ),
        Goal::new(
            "G1",
            "CPU of an order, engines apart, Vendure's least by ours",
            Aim::AtLeast(60.0),
            each(|it| it.their_least_cpu_ms() / it.fast.cpu_ms_per_order),
        ),
        Goal::new(
            "G2",
            "idle p50 of Vendure's seven calls by our p99 at ten times its highest rate",
            Aim::AtLeast(10.0),
            each(|it| in_time(it, alone(it, |found| found.p50_ms) / it.p99_ms)),
        ),
        Goal::new(
            "G2",
            "idle p50 of Vendure's last call by our p50 at that rate",
            Aim::AtLeast(5.0),
            each(|it| in_time(it, alone(it, |found| found.last_call_p50_ms) / it.p50_ms)),
        ),
        Goal::new(
            "G9",
            "ms from the commit to the consumer at 1,000/s, p99",
            Aim::AtMost(20.0),
            facts.p99_ms.clone(),
        ),
        Goal::new(
            "G9",
            "p50 of a relay that polls each 100 ms by ours",
            Aim::AtLeast(10.0),
            facts.times_polling.clone(),
        ),
        Goal::new(
            "G9",
            "part by which an open transaction of 60 s changes p99",
            Aim::AtMost(0.1),
            facts.change_when_open.into_iter().collect(),
        ),
        Goal::new("G9", "highest rate by that of bare INSERTs", Aim::AtLeast(0.5), Vec::new()),
        Goal::new(
            "G11",
            "idle memory of one Vendure process by that of our seven services",
            Aim::AtLeast(1.0),
            prints(|it| it.their_mb / it.our_mb()),
        ),
        Goal::new(
            "G11",
            "start to ready, Vendure's by that of our slowest service",
            Aim::AtLeast(30.0),
            prints(|it| it.their_start_ms / it.our_start_ms()),
        ),
        Goal::new("G11", "MB of the largest image", Aim::AtMost(25.0), Vec::new()),
        Goal::new("G11", "minutes of a cold release build", Aim::AtMost(15.0), Vec::new()),
    ]
}

/// A wait that some orders did not live to see the end of is none to be proud of.
fn in_time(round: &Round, times: f64) -> f64 {
    if round.at.failures.is_empty() { times } else { 0.0 }
}

fn alone(round: &Round, of: fn(&Found) -> f64) -> f64 {
    round.alone().map_or(0.0, of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(aim: Aim, rounds: &[f64]) -> Goal {
        Goal::new("G0", "something", aim, rounds.to_vec())
    }

    #[test]
    fn the_worst_round_decides() {
        for (aim, worst, met) in [
            (Aim::AtLeast(100.0), 90.0, false),
            (Aim::AtLeast(90.0), 90.0, true),
            (Aim::AtMost(120.0), 130.0, false),
            (Aim::AtMost(130.0), 130.0, true),
        ] {
            let goal = goal(aim, &[110.0, 130.0, 90.0]);
            assert_eq!((goal.worst(), goal.is_met()), (Some(worst), Some(met)), "{aim:?}");
            assert_eq!(goal.median(), Some(110.0));
        }
    }

    #[test]
    fn what_was_not_measured_is_neither_met_nor_missed() {
        let goal = goal(Aim::AtMost(1.0), &[]);
        assert_eq!((goal.median(), goal.worst(), goal.is_met()), (None, None, None));
        assert_eq!(goal.row(), "| G0 | something | ≤ 1 | - | - | not measured |");
        assert!(goal.json()["worst"].is_null());
    }

    #[test]
    fn a_round_without_a_figure_leaves_none() {
        for none in [f64::NAN, f64::INFINITY] {
            assert_eq!(goal(Aim::AtLeast(1.0), &[2.0, none]).is_met(), None);
        }
    }
}
