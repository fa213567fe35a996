//! What a run with faults came to, for people.

use std::fmt::Write;
use std::time::Duration;

use tokio::time::Instant;

use crate::check::Verdict;
use crate::look;
use crate::simulate::{Tally, Totals};
use crate::site::Site;

use super::act::{Act, Landed, ms};
use super::session::Outcome;
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
                     'CAPTURING', 'CAPTURE_FAILED', 'CANCELLING')
     GROUP BY state
     ORDER BY 2 DESC";

/// A fault that was injected, or could not be.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) act: Act,
    pub(super) began: Instant,
    pub(super) ended: Instant,
    /// How often it was played until it landed, or was given up.
    pub(super) tries: u32,
    /// What came of the last try.
    pub(super) landed: Result<Landed, String>,
}

impl Entry {
    pub(super) fn has_landed(&self) -> bool {
        matches!(self.landed, Ok(Some(_)))
    }

    /// One line of the log, for the last try.
    pub(super) fn line(&self, since: Instant) -> String {
        let at_s = self.ended.duration_since(since).as_secs_f64();
        let words = match &self.landed {
            Ok(Some(seen)) => format!("landed: {seen}"),
            Ok(None) => "did not land: nothing was struck".to_owned(),
            Err(error) => format!("could not be played: {error}"),
        };
        format!("{at_s:>7.1} s  {:<4} {:<56} {words}", self.act.fault(), self.act.to_string())
    }

    fn verdict(&self) -> String {
        match (self.has_landed(), self.tries) {
            (true, 1) => "yes".to_owned(),
            (true, tries) => format!("at try {tries}"),
            (false, _) => "NO".to_owned(),
        }
    }
}

/// A row for each fault: whether it landed, and the worst that a client saw: how long nobody who read was
/// answered, and how long somebody who ordered did not know what had become of it. A time that reaches over
/// several faults counts for the one in which its middle lies.
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
            entry.verdict(),
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
        "\n  answers to somebody who reads: {}\
         \n  stock counted {} times under load, off {} times\
         \n  longest rest inside a transaction: {}\
         \n  orders whose end was not seen: {} of {}",
        seen.answers(),
        samples.counted,
        samples.off,
        ms(samples.rest),
        totals.left,
        totals.placed,
    )
}

/// What all of it together says. A fault that struck nothing proves nothing.
pub(super) fn verdict(outcome: &Outcome) -> (Verdict, Vec<String>) {
    let Outcome { log, seen, wrong, report } = outcome;
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
    if !wrong.is_empty() {
        why.extend(wrong.iter().cloned());
        verdict = Verdict::Fail;
    }
    (verdict, why)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::check::Report;

    fn outcome(log: Vec<Entry>, verdict: Verdict) -> Outcome {
        let report = Report { verdict, unsettled: None, findings: Vec::new() };
        Outcome { log, seen: Arc::default(), wrong: Vec::new(), report }
    }

    fn entry(landed: Result<Landed, String>) -> Entry {
        let now = Instant::now();
        Entry { act: Act::HangUps, began: now, ended: now, tries: 1, landed }
    }

    #[test]
    fn a_fault_that_struck_nothing_proves_nothing() {
        let landed = || entry(Ok(Some("3 orders".to_owned())));
        let of = |log, checked| verdict(&outcome(log, checked)).0;
        assert_eq!(of(vec![landed()], Verdict::Pass), Verdict::Pass);
        assert_eq!(of(vec![landed(), entry(Ok(None))], Verdict::Pass), Verdict::Unknown);
        assert_eq!(of(vec![entry(Err("no rights".to_owned()))], Verdict::Pass), Verdict::Unknown);
        assert_eq!(of(vec![entry(Ok(None))], Verdict::Fail), Verdict::Fail);
        assert_eq!(of(vec![], Verdict::Pass), Verdict::Unknown);
    }

    #[test]
    fn a_refund_that_is_lost_is_a_failure_whatever_the_check_says() {
        let mut outcome = outcome(vec![entry(Ok(Some("x".to_owned())))], Verdict::Pass);
        outcome.wrong.push("the refund 1 is lost".to_owned());
        let expected = (Verdict::Fail, vec!["the refund 1 is lost".to_owned()]);
        assert_eq!(verdict(&outcome), expected);
    }

    #[test]
    fn a_row_says_at_which_try_a_fault_landed() {
        let row = |tries, landed| {
            let log = [Entry { tries, ..entry(landed) }];
            faults(&log, &Seen::default(), &Tally::default())
        };
        assert!(row(1, Ok(Some("x".to_owned()))).contains(" yes "));
        assert!(row(2, Ok(Some("x".to_owned()))).contains(" at try 2 "));
        assert!(row(3, Ok(None)).contains(" NO "));
    }
}
