//! What a run with faults came to, for people.

use std::fmt::Write;
use std::time::Duration;

use tokio::time::Instant;

use crate::check::{Report, Verdict};
use crate::look;
use crate::simulate::{Tally, Totals};
use crate::site::Site;

use super::act::{Act, Landed, ms};
use super::watch::Seen;

/// The longest time that an order spent in each state that the machine drives.
const LONGEST: &str = "
    WITH step AS (
        SELECT to_state AS state,
               coalesce(lead(at) OVER (PARTITION BY order_id ORDER BY seq), now()) - at AS took,
               lead(at) OVER (PARTITION BY order_id ORDER BY seq) IS NULL AS last
          FROM order_transition
    )
    SELECT state, max(extract(epoch FROM took))::float8
      FROM step
     WHERE state IN ('RECEIVED', 'RESERVING', 'RESERVED', 'AUTHORIZING', 'AUTHORIZED', 'DELIVERED',
                     'CAPTURING', 'CANCELLING')
     GROUP BY state
     ORDER BY 2 DESC";

/// A fault that was injected, or could not be.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) act: Act,
    pub(super) began: Instant,
    pub(super) ended: Instant,
    pub(super) landed: Result<Landed, String>,
}

impl Entry {
    pub(super) fn has_landed(&self) -> bool {
        matches!(self.landed, Ok(Some(_)))
    }

    /// One line of the log.
    pub(super) fn line(&self, since: Instant) -> String {
        let at_s = self.began.duration_since(since).as_secs_f64();
        let words = match &self.landed {
            Ok(Some(seen)) => format!("landed: {seen}"),
            Ok(None) => "did not land: nothing was struck".to_owned(),
            Err(error) => format!("could not be played: {error}"),
        };
        format!("{at_s:>7.1} s  {:<4} {:<56} {words}", self.act.fault(), self.act.to_string())
    }
}

/// A row for each fault: how often it was played and landed, and the worst that a client saw.
pub(super) fn faults(log: &[Entry], seen: &Seen, tally: &Tally) -> String {
    let mut text = format!(
        "\n  {:<5}{:<56}{:>8}{:>14}{:>14}",
        "fault", "", "landed", "reads gap", "order waits"
    );
    for (nth, entry) in log.iter().enumerate() {
        let until = log.get(nth + 1).map_or(entry.ended, |next| next.began);
        let time = |time: Option<Duration>| time.map_or_else(|| "-".to_owned(), ms);
        let _never_fails = write!(
            text,
            "\n  {:<5}{:<56}{:>8}{:>14}{:>14}",
            entry.act.fault(),
            entry.act.to_string(),
            if entry.has_landed() { "yes" } else { "NO" },
            time(seen.gap(entry.began, until)),
            time(tally.waits.longest(entry.began, until)),
        );
    }
    text
}

/// The longest time in each state.
pub(super) async fn states(site: &Site) -> anyhow::Result<String> {
    let mut orders = look::into(site, "orders").await?;
    let rows: Vec<(String, f64)> = sqlx::query_as(LONGEST).fetch_all(&mut orders).await?;
    let mut text = format!("\n  {:<24}{:>14}", "longest in state", "s");
    for (state, longest_s) in rows {
        let _never_fails = write!(text, "\n  {state:<24}{longest_s:>14.1}");
    }
    Ok(text)
}

/// What the watchers saw besides.
pub(super) fn samples(seen: &Seen, totals: &Totals) -> String {
    let samples = seen.samples();
    format!(
        "\n  stock counted {} times under load, off {} times\
         \n  longest rest inside a transaction: {}\
         \n  orders whose end was not seen: {} of {}",
        samples.counted,
        samples.off,
        ms(samples.rest),
        totals.left,
        totals.placed,
    )
}

/// What all of it together says. A fault that struck nothing proves nothing.
pub(super) fn verdict(log: &[Entry], seen: &Seen, report: &Report) -> (Verdict, Vec<String>) {
    let mut why = Vec::new();
    let mut verdict = report.verdict;
    let missed: Vec<&Entry> = log.iter().filter(|entry| !entry.has_landed()).collect();
    for entry in &missed {
        why.push(format!("{} did not land: {}", entry.act.fault(), entry.act));
    }
    if !missed.is_empty() {
        verdict = verdict.max(Verdict::Unknown);
    }
    if log.is_empty() {
        why.push("no fault was planned".to_owned());
        verdict = verdict.max(Verdict::Unknown);
    }
    let samples = seen.samples();
    if samples.off > 0 {
        why.push("stock did not add up under load".to_owned());
        verdict = Verdict::Fail;
    }
    (verdict, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verdict: Verdict) -> Report {
        Report { verdict, unsettled: None, findings: Vec::new() }
    }

    fn entry(landed: Result<Landed, String>) -> Entry {
        let now = Instant::now();
        Entry { act: Act::HangUps, began: now, ended: now, landed }
    }

    #[test]
    fn a_fault_that_struck_nothing_proves_nothing() {
        let seen = Seen::default();
        let landed = || entry(Ok(Some("3 orders".to_owned())));
        let of = |log: &[Entry], checked| verdict(log, &seen, &report(checked)).0;
        assert_eq!(of(&[landed()], Verdict::Pass), Verdict::Pass);
        assert_eq!(of(&[landed(), entry(Ok(None))], Verdict::Pass), Verdict::Unknown);
        assert_eq!(of(&[entry(Err("no rights".to_owned()))], Verdict::Pass), Verdict::Unknown);
        assert_eq!(of(&[entry(Ok(None))], Verdict::Fail), Verdict::Fail);
        assert_eq!(of(&[], Verdict::Pass), Verdict::Unknown);
    }
}
