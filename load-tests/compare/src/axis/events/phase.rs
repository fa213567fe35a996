//! A phase: facts are told at a steady rate and heard, under one relay and one log.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use common::types::{Clock, SystemClock};
use futures::future::join;
use hdrhistogram::Histogram;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::book::Book;
use super::listener::Listener;
use super::open;
use super::place::Place;
use super::polling;
use super::teller::{Teller, Telling};
use crate::axis::Settings;
use crate::axis::bench::Bench;
use crate::figures::{number, per, three_digits};

/// Who has not heard everything so long after the last fact never will.
const DRAIN_MAX: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);
/// The fact that shows that everybody is there.
const FIRST: usize = 0;

/// What is measured.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) carrier: Carrier,
    pub(super) relay: Relay,
    /// Facts per second.
    pub(super) rate: u32,
    pub(super) measured: Duration,
    /// How long transactions are held open meanwhile; instead of `measured`, unless zero.
    pub(super) open: Duration,
}

/// The log.
#[derive(Debug, Clone)]
pub(super) enum Carrier {
    Postgres,
    /// With these brokers.
    Kafka(String),
}

/// What carries facts to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relay {
    Ours,
    Polling,
}

/// What a phase found; ways in ms from the commit of the fact.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Found {
    pub(super) seconds: f64,
    pub(super) told: usize,
    pub(super) lost: usize,
    pub(super) doubled: i64,
    pub(super) dead_letters: i64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) p999_ms: f64,
    pub(super) longest_ms: f64,
    /// To the commit of the effect.
    pub(super) effect_p50_ms: f64,
    pub(super) effect_p99_ms: f64,
    /// The most that a fact was told later than it was meant to be.
    pub(super) told_late_ms: f64,
    pub(super) not_told: BTreeMap<&'static str, usize>,
    /// CPU of PostgreSQL, and of the process in which teller, relay and consumer live.
    pub(super) cpu_us_per_event: f64,
    pub(super) foreign_share: f64,
}

impl Plan {
    fn facts_in(&self, time: Duration) -> usize {
        usize::try_from(time.as_millis() * u128::from(self.rate) / 1_000).unwrap_or(0)
    }
}

impl Carrier {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Kafka(_) => "kafka",
        }
    }
}

/// Runs a phase on databases of its own.
pub(super) async fn run(settings: &Settings, bench: &Bench, plan: &Plan) -> anyhow::Result<Found> {
    let place = Place::make(bench.site(), &plan.carrier, plan.relay).await?;
    let warm_up = plan.facts_in(settings.phase().warm_up);
    let measured = plan.facts_in(if plan.open.is_zero() { plan.measured } else { plan.open });
    // The first, the warm-up, the measured ones, and the one that is committed late.
    let book = Arc::new(Book::begin(1 + warm_up + measured + 1));

    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let listener = Listener { db: place.hearer.clone(), book: Arc::clone(&book) };
    tasks.spawn(place.log.deliver(place.hearer.clone(), listener.listeners())(stop.clone()));
    match plan.relay {
        Relay::Ours => {
            let relay = event_kit::relay(place.teller.clone(), place.log.clone());
            tasks.spawn(relay(stop.clone()));
        }
        Relay::Polling => {
            let (db, carrier) = (place.teller.clone(), Arc::clone(&place.carrier));
            let stop = stop.clone();
            tasks.spawn(async move { polling::relay(db, &*carrier, &stop).await });
        }
    }
    let found = measure(bench, plan, &place, &book, (warm_up, measured)).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    place.remove().await?;
    found
}

async fn measure(
    bench: &Bench,
    plan: &Plan,
    place: &Place,
    book: &Book,
    (warm_up, measured): (usize, usize),
) -> anyhow::Result<Found> {
    let run = SystemClock.new_id().simple().to_string();
    let teller = Teller { db: &place.teller, book, run: &run, rate: plan.rate };
    teller.tell_one(FIRST).await?;
    wait_for(|| book.is_applied(FIRST)).await;
    ensure!(book.is_applied(FIRST), "nobody hears anything");
    teller.tell(1..1 + warm_up).await;

    let before = bench.usage()?;
    let (began, numbers) = (Instant::now(), 1 + warm_up..1 + warm_up + measured);
    let telling = if plan.open.is_zero() {
        teller.tell(numbers.clone()).await
    } else {
        let held = open::hold(place, book, (&run, numbers.end), plan.open);
        let (telling, held) = join(teller.tell(numbers.clone()), held).await;
        held?;
        telling
    };
    let seconds = began.elapsed().as_secs_f64();
    wait_for(|| book.missing() == 0).await;
    let used = bench.usage()?.since(&before);
    let ours_ms = used.sum_ms(|name| matches!(name, "postgres" | "client"));
    let (doubled, dead_letters) = place.judge().await.context("nobody can be judged")?;
    let (heard, applied) = (book.ways_to_listener(numbers.clone())?, book.ways_to_effect(numbers)?);
    let Telling { late_max, failed } = telling;
    Ok(Found {
        seconds: three_digits(seconds),
        told: book.told(),
        lost: book.missing(),
        doubled,
        dead_letters,
        p50_ms: at(&heard, 0.5),
        p99_ms: at(&heard, 0.99),
        p999_ms: at(&heard, 0.999),
        longest_ms: at(&heard, 1.0),
        effect_p50_ms: at(&applied, 0.5),
        effect_p99_ms: at(&applied, 0.99),
        told_late_ms: three_digits(late_max.as_secs_f64() * 1e3),
        not_told: failed,
        cpu_us_per_event: three_digits(per(number(ours_ms) * 1e3, measured as u64)),
        foreign_share: used.foreign_share(),
    })
}

async fn wait_for(done: impl Fn() -> bool) {
    let began = Instant::now();
    while !done() && began.elapsed() < DRAIN_MAX {
        tokio::time::sleep(LOOK).await;
    }
}

#[expect(clippy::cast_precision_loss, reason = "two minutes in microseconds are exact")]
fn at(ways: &Histogram<u64>, quantile: f64) -> f64 {
    three_digits(ways.value_at_quantile(quantile) as f64 / 1e3)
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relay = if self.relay == Relay::Ours { "ours" } else { "polling" };
        let open = if self.open.is_zero() { "" } else { ", under open transactions" };
        write!(f, "{}, {relay}{open}", self.carrier.name())
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "p50 {} ms, p99 {} ms, {} told, {} lost, {} µs CPU an event",
            self.p50_ms, self.p99_ms, self.told, self.lost, self.cpu_us_per_event
        )
    }
}
