//! A round: the limit, Vendure with few and many clients, ours as fast as it goes, ours at ten times
//! Vendure's highest rate.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant as Clock};

use anyhow::ensure;
use cloudeats::commands::say;
use secrecy::ExposeSecret;
use serde::Serialize;
use sqlx::{Connection, PgConnection};
use tokio::time::Instant;

use super::buyer::{Buyer, Notes};
use super::install::Installed;
use super::judge::Theirs;
use super::server::{Place, Server};
use crate::axis::Settings;
use crate::axis::bench::{Bench, Usage, is_ours};
use crate::axis::gate::Evidence;
use crate::axis::orders::phases::{Cost, Phases};
use crate::axis::pgbench;
use crate::client::{Phase, closed};
use crate::figures::{least, median, most, number, per, three_digits};
use crate::machine::cpu::Meter;

/// Processes of Vendure and clients that ask them as fast as they can. The first finds how long an idle
/// one takes.
pub(super) const CROWDS: [(usize, usize); 4] = [(1, 1), (1, 4), (1, 16), (2, 16)];
/// Ours is asked for so many times Vendure's highest rate.
pub(super) const TIMES: f64 = 10.0;
/// The first orders of a fresh process cost more than later ones.
const FIRST_ORDERS: u64 = 100;
const FIRST: Phase = Phase { warm_up: Duration::ZERO, measured: Duration::from_secs(5) };
const FIRST_MAX: Duration = Duration::from_mins(10);

/// Everything that rounds need.
pub(super) struct Rounds<'a> {
    ours: Phases<'a>,
    place: Place,
    servers: Vec<Server>,
    meter: Meter,
    db: PgConnection,
    variant: String,
    notes: Notes,
    phase: Phase,
}

/// What a round found.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Round {
    /// Orders per second of the five commits without us or anybody.
    pub(super) limit: f64,
    /// One for each of the crowds.
    pub(super) theirs: Vec<Found>,
    /// Confirmed orders per second of ours.
    pub(super) ours: f64,
    pub(super) fast: Cost,
    /// Ours at this rate.
    pub(super) at_rate: f64,
    pub(super) at: Cost,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

/// What a crowd found at Vendure's.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Found {
    pub(super) processes: usize,
    pub(super) clients: usize,
    pub(super) orders_per_s: f64,
    /// Of its processes, PostgreSQL apart.
    pub(super) cpu_ms_per_order: f64,
    /// Of all seven calls.
    pub(super) p50_ms: f64,
    /// Of the last of them.
    pub(super) last_call_p50_ms: f64,
    pub(super) failures: BTreeMap<String, u64>,
    pub(super) client_share: f64,
    /// The part of all CPU that neither Vendure, PostgreSQL, the client nor ours used.
    pub(super) foreign_share: f64,
    /// What ours used meanwhile, which had nothing to do.
    pub(super) ours_share: f64,
}

impl Round {
    /// Vendure's highest rate.
    pub(super) fn their_best(&self) -> f64 {
        most(self.theirs.iter().map(|found| found.orders_per_s))
    }

    /// The least CPU that an order cost Vendure.
    pub(super) fn their_least_cpu_ms(&self) -> f64 {
        least(self.theirs.iter().map(|found| found.cpu_ms_per_order))
    }

    /// What one client found who was alone.
    pub(super) fn alone(&self) -> Option<&Found> {
        self.theirs.iter().find(|found| (found.processes, found.clients) == CROWDS[0])
    }

    pub(super) fn foreign_share(&self) -> f64 {
        let ours = [&self.fast, &self.at].map(|cost| cost.foreign_share);
        most(self.theirs.iter().map(|found| found.foreign_share).chain(ours))
    }

    pub(super) fn client_share(&self) -> f64 {
        let ours = [&self.fast, &self.at].map(|cost| cost.client_share);
        most(self.theirs.iter().map(|found| found.client_share).chain(ours))
    }
}

impl<'a> Rounds<'a> {
    /// Opens our store, furnishes Vendure, starts two processes of it and lets both get into their stride.
    pub(super) async fn prepare(
        settings: &Settings,
        bench: &'a Bench,
        installed: &Installed,
    ) -> anyhow::Result<Self> {
        let ours = Phases::prepare(settings, bench).await?;
        let place = Place::furnish(bench.site(), installed, settings.base_port_offset).await?;
        let mut servers = Vec::new();
        for number in 0..most_processes() {
            servers.push(place.start(number).await?);
        }
        let meter = bench.meter.and(servers.iter().map(|it| (it.name.clone(), it.pid)));
        let mut db = PgConnection::connect(place.database.expose_secret()).await?;
        let variant = "SELECT id::text FROM product_variant WHERE enabled";
        let variant = sqlx::query_scalar(variant).fetch_one(&mut db).await?;
        let (notes, phase) = (Notes::default(), settings.phase());
        let mut rounds = Self { ours, place, servers, meter, db, variant, notes, phase };
        rounds.get_into_stride().await?;
        Ok(rounds)
    }

    async fn get_into_stride(&mut self) -> anyhow::Result<()> {
        let (begun, mut done) = (Clock::now(), 0);
        let wanted = FIRST_ORDERS * number_of(self.servers.len());
        while done < wanted {
            ensure!(begun.elapsed() < FIRST_MAX, "Vendure took {done} orders in {FIRST_MAX:?}");
            let tally = closed(self.buyers(self.servers.len(), 8), FIRST).await?;
            ensure!(tally.all > 0, "Vendure takes no orders: {:?}", tally.failures);
            done += tally.all;
        }
        say(format_args!("Vendure took its first {done} orders"));
        Ok(())
    }

    pub(super) async fn round(&mut self) -> anyhow::Result<Round> {
        let limit = self.ours.limit().await?;
        let mut theirs = Vec::new();
        let frozen = self.ours.freeze()?;
        for (processes, clients) in CROWDS {
            theirs.push(self.crowd(processes, clients).await?);
        }
        drop(frozen);
        let (ours, fast) = self.ours.fast().await?;
        let at_rate = TIMES * most(theirs.iter().map(|found| found.orders_per_s));
        let (tally, at) = self.ours.at(at_rate).await?;
        ensure!(tally.done > 0, "no order was confirmed in time: {:?}", tally.failures);
        Ok(Round {
            limit: three_digits(limit),
            theirs,
            ours: three_digits(ours),
            fast,
            at_rate: three_digits(at_rate),
            at,
            p50_ms: three_digits(tally.wait_ms(0.5)),
            p99_ms: three_digits(tally.wait_ms(0.99)),
        })
    }

    async fn crowd(&mut self, processes: usize, clients: usize) -> anyhow::Result<Found> {
        pgbench::run(&mut self.db, "CHECKPOINT").await?;
        let buyers = self.buyers(processes, clients);
        let before = Usage::by(&self.meter)?;
        let measured_from = Instant::now() + self.phase.warm_up;
        let tally = closed(buyers, self.phase).await?;
        let used = Usage::by(&self.meter)?.since(&before);
        ensure!(tally.done > 0, "Vendure took no order in time: {:?}", tally.failures);
        let theirs_ms = used.sum_ms(|name| self.servers.iter().any(|it| it.name == name));
        Ok(Found {
            processes,
            clients,
            orders_per_s: three_digits(number(tally.done) / self.phase.measured.as_secs_f64()),
            cpu_ms_per_order: three_digits(per(number(theirs_ms), tally.all)),
            p50_ms: three_digits(tally.wait_ms(0.5)),
            last_call_p50_ms: three_digits(median(self.notes.last_calls_ms(measured_from))),
            client_share: used.client_share(),
            foreign_share: used.foreign_share(),
            ours_share: used.share(is_ours),
            failures: tally.failures,
        })
    }

    /// So many clients of so many processes, each with a mail address of its own.
    fn buyers(&self, processes: usize, clients: usize) -> Vec<Buyer> {
        let wires = self.servers.iter().take(processes).map(|server| &server.wire).cycle();
        let buyers = wires.take(clients).zip(0..);
        buyers
            .map(|(wire, hand)| Buyer::new(wire.clone(), hand, &self.variant, self.notes.clone()))
            .collect()
    }

    /// What our records say in the end.
    pub(super) async fn evidence(&mut self) -> anyhow::Result<Evidence> {
        self.ours.evidence().await
    }

    /// What Vendure's records say in the end.
    pub(super) async fn judge(&mut self) -> anyhow::Result<Theirs> {
        Ok(Theirs::collect(&mut self.db, self.notes.codes()).await?)
    }

    /// Versions and settings of the engines.
    pub(super) async fn versions(&mut self) -> anyhow::Result<BTreeMap<String, String>> {
        self.ours.versions().await
    }

    /// Ends Vendure; where it lay, it can be started again.
    pub(super) async fn close(self) -> Place {
        for server in self.servers {
            server.stop().await;
        }
        self.place
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "limit {}/s", self.limit)?;
        for found in &self.theirs {
            let Found { processes, clients, orders_per_s, cpu_ms_per_order, .. } = found;
            write!(
                f,
                "; Vendure {processes}x{clients} {orders_per_s}/s, {cpu_ms_per_order} ms CPU"
            )?;
            for (word, count) in &found.failures {
                write!(f, ", failed {count} times: {word}")?;
            }
        }
        let Self { ours, fast, at_rate, p50_ms, p99_ms, .. } = self;
        write!(f, "; ours {ours}/s, {} ms CPU", fast.cpu_ms_per_order)?;
        write!(f, ", at {at_rate}/s p50 {p50_ms} ms, p99 {p99_ms} ms")?;
        for (word, count) in fast.failures.iter().chain(&self.at.failures) {
            write!(f, ", failed {count} times: {word}")?;
        }
        Ok(())
    }
}

fn most_processes() -> u16 {
    let most = CROWDS.iter().map(|(processes, _)| *processes).max();
    most.and_then(|most| most.try_into().ok()).unwrap_or(1)
}

fn number_of(servers: usize) -> u64 {
    servers.try_into().unwrap_or(1)
}
