//! What clients and the database are seen to go through while faults strike.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use common::types::Role;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{Api, Call, Person, within};
use crate::look;
use crate::ports::Door;
use crate::seed::people::Roster;
use crate::simulate::is_of;
use crate::site::Site;

use super::rig::count;

/// How often somebody reads an order.
const READ: Duration = Duration::from_millis(100);
const READ_MAX: Duration = Duration::from_secs(2);
/// How often the database is looked at.
const SAMPLE: Duration = Duration::from_millis(200);

/// I3 as one statement, which sees one moment.
const BAD_STOCK: &str = "
    SELECT count(*)
      FROM stock s
      LEFT JOIN (SELECT store_id, item_id, sum(qty) AS moved
                   FROM stock_movement
                  GROUP BY store_id, item_id) m USING (store_id, item_id)
      LEFT JOIN (SELECT r.store_id, l.item_id, sum(l.qty) AS held
                   FROM reservation r
                   JOIN reservation_line l USING (order_id)
                  WHERE r.state IN ('HELD', 'CONFIRMED')
                  GROUP BY r.store_id, l.item_id) h USING (store_id, item_id)
     WHERE s.on_hand <> coalesce(m.moved, 0) OR s.reserved <> coalesce(h.held, 0)
        OR s.reserved NOT BETWEEN 0 AND s.on_hand";

/// The longest that a session of ours rests inside a transaction, in milliseconds.
const RESTS_MS: &str = "
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - state_change) * 1000), 0)::bigint
      FROM pg_stat_activity
     WHERE state LIKE 'idle in transaction%' AND usename NOT IN ('postgres', 'checker')";

/// Watchers at work until they are asked what they saw.
pub(super) struct Watch {
    seen: Arc<Seen>,
    over: CancellationToken,
    tasks: TaskTracker,
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    reads: Mutex<Vec<Instant>>,
    /// How often whoever reads was answered with which status; with none, where there was no answer.
    answers: Mutex<BTreeMap<Option<u16>, u64>>,
    samples: Mutex<Samples>,
}

/// What was seen of the database.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Samples {
    /// How often stock was counted.
    pub(super) counted: u64,
    /// How often it did not add up.
    pub(super) off: u64,
    /// The longest rest inside a transaction.
    pub(super) rest: Duration,
}

impl Watch {
    /// Begins to watch.
    pub(super) fn begin(site: &Site) -> anyhow::Result<Self> {
        let api = Api::new(site.http_url(Door::Gateway))?;
        let roster = Roster::open(site)?;
        let reader = roster.with_role(Role::StoreManager, None).next();
        let reader = reader.map(|hired| hired.person(&api));
        let (seen, over) = (Arc::new(Seen::default()), CancellationToken::new());
        let tasks = TaskTracker::new();
        if let Some(reader) = reader {
            tasks.spawn(read(reader, seen.clone(), over.clone()));
        }
        tasks.spawn(sample(site.clone(), seen.clone(), over.clone()));
        Ok(Self { seen, over, tasks })
    }

    /// What is seen.
    pub(super) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Ends all watching.
    pub(super) async fn end(self) -> Arc<Seen> {
        self.over.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.seen
    }
}

impl Seen {
    /// The longest time between two answers to somebody who reads, of those whose middle lies in a span of time.
    pub(super) fn gap(&self, from: Instant, until: Instant) -> Option<Duration> {
        let reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        longest_gap(&reads, from, until)
    }

    fn answered(&self, status: Option<u16>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        *answers.entry(status).or_default() += 1;
    }

    /// What whoever reads was answered, for people.
    pub(super) fn answers(&self) -> String {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let told = answers.iter().rev().map(|(status, times)| match status {
            Some(status) => format!("{status} {times} times"),
            None => format!("none {times} times"),
        });
        told.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn samples(&self) -> Samples {
        *self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where nobody was answered any more, the gap is open and reaches to the end.
fn longest_gap(answers: &[Instant], from: Instant, until: Instant) -> Option<Duration> {
    let next = answers.iter().skip(1).chain([&until]);
    let gaps = answers.iter().zip(next).filter(|(before, after)| before < after);
    let gaps = gaps.map(|(before, after)| (*before, *after));
    gaps.filter(|gap| is_of(*gap, from, until)).map(|(before, after)| after - before).max()
}

async fn read(reader: Person, seen: Arc<Seen>, over: CancellationToken) {
    let call = Call::get("/v1/orders?limit=1");
    let mut next = tokio::time::interval(READ);
    next.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while over.run_until_cancelled(next.tick()).await.is_some() {
        let answer = within(READ_MAX, reader.try_once(&call)).await;
        let answer = answer.and_then(|asked| asked.ok()?.ok());
        seen.answered(answer.as_ref().map(|answer| answer.status));
        if answer.is_some_and(|answer| answer.is_ok()) {
            seen.reads.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
        }
    }
}

/// A database that is away is looked at later.
async fn sample(site: Site, seen: Arc<Seen>, over: CancellationToken) {
    while over.run_until_cancelled(tokio::time::sleep(SAMPLE)).await.is_some() {
        let _away = over.run_until_cancelled(sample_on(&site, &seen)).await;
    }
}

async fn sample_on(site: &Site, seen: &Seen) -> anyhow::Result<()> {
    let mut inventory = look::into(site, "inventory").await?;
    let mut above = look::from_above(site, "postgres").await?;
    loop {
        let off = count(&mut inventory, BAD_STOCK).await?;
        let rest_ms = count(&mut above, RESTS_MS).await?;
        {
            let mut samples = seen.samples.lock().unwrap_or_else(PoisonError::into_inner);
            samples.counted += 1;
            samples.off += u64::from(off > 0);
            let rest = Duration::from_millis(rest_ms.unsigned_abs());
            samples.rest = samples.rest.max(rest);
        }
        tokio::time::sleep(SAMPLE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_counts_once_for_the_span_in_which_its_middle_lies() {
        let zero = Instant::now();
        let at = |ms| zero + Duration::from_millis(ms);
        let answers = [at(0), at(100), at(900), at(1_000), at(1_100)];
        assert_eq!(longest_gap(&answers, at(0), at(400)), Some(Duration::from_millis(100)));
        assert_eq!(longest_gap(&answers, at(400), at(700)), Some(Duration::from_millis(800)));
        assert_eq!(longest_gap(&answers, at(700), at(1_060)), Some(Duration::from_millis(100)));
        assert_eq!(longest_gap(&[], at(2_000), at(3_000)), None);
    }

    #[test]
    fn a_gap_after_which_nobody_answers_is_no_short_one() {
        let zero = Instant::now();
        let at = |s| zero + Duration::from_secs(s);
        assert_eq!(longest_gap(&[at(0), at(1)], at(2), at(9)), Some(Duration::from_secs(8)));
    }

    #[test]
    fn what_was_answered_is_told_with_the_troubles_first() {
        let seen = Seen::default();
        for status in [Some(200), Some(200), Some(503), None] {
            seen.answered(status);
        }
        assert_eq!(seen.answers(), "503 1 times, 200 2 times, none 1 times");
    }
}
