//! A round: the limit, ours as fast as it goes, ours at half that rate.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::ensure;
use cloudeats::site::SERVICES;
use secrecy::ExposeSecret;
use serde::Serialize;
use sqlx::{Connection, PgConnection};
use tokio::time::Instant;

use super::saga;
use crate::axis::Settings;
use crate::axis::bench::{Bench, Frozen, is_ours};
use crate::axis::gate::{self, Evidence, LEFT};
use crate::axis::pgbench::Pgbench;
use crate::axis::records::{Backlog, Records};
use crate::axis::shop::Shop;
use crate::client::{Phase, Tally, closed, open};
use crate::figures::{number, per, three_digits};

/// So many hands for one customer, that nobody has to wait for a free one in the open model.
const OPEN_HANDS: usize = 4;

pub(in crate::axis) const CLIENTS: u16 = 32;

/// Everything that rounds need.
pub(in crate::axis) struct Phases<'a> {
    bench: &'a Bench,
    phase: Phase,
    clients: usize,
    records: Records,
    shop: Shop,
    saga: Pgbench,
    saga_url: String,
    backlog: Backlog,
}

/// What a round found.
#[derive(Debug, Clone, Serialize)]
pub(in crate::axis) struct Round {
    /// Orders per second of the limit.
    pub(in crate::axis) limit: f64,
    /// Confirmed orders per second of ours.
    pub(in crate::axis) ours: f64,
    pub(in crate::axis) ratio: f64,
    pub(in crate::axis) fast: Cost,
    /// At half the rate.
    pub(in crate::axis) half: Cost,
    pub(in crate::axis) half_rate: f64,
    pub(in crate::axis) p50_ms: f64,
    pub(in crate::axis) p99_ms: f64,
    pub(in crate::axis) p999_ms: f64,
}

/// What a phase cost, from its first request to the last work that followed from it.
#[derive(Debug, Clone, Serialize)]
pub(in crate::axis) struct Cost {
    /// Orders confirmed, warm-up included.
    pub(in crate::axis) orders: u64,
    pub(in crate::axis) failures: BTreeMap<String, u64>,
    /// CPU of all our processes for one order, PostgreSQL apart.
    pub(in crate::axis) cpu_ms_per_order: f64,
    pub(in crate::axis) cpu_ms_per_order_by_process: BTreeMap<String, f64>,
    /// Those of readers and pollers too.
    pub(in crate::axis) commits_per_order: f64,
    pub(in crate::axis) commits_per_order_by_database: BTreeMap<String, f64>,
    pub(in crate::axis) wal_kb_per_order: f64,
    pub(in crate::axis) wal_syncs_per_order: f64,
    /// The client's part of all CPU that was used.
    pub(in crate::axis) client_share: f64,
    /// The part of all CPU that nobody of the bench used.
    pub(in crate::axis) foreign_share: f64,
    /// How long the work that follows took after the last answer.
    pub(in crate::axis) drain_s: f64,
}

impl<'a> Phases<'a> {
    /// Makes the tables of the limit and opens the store.
    pub(in crate::axis) async fn prepare(
        settings: &Settings,
        bench: &'a Bench,
    ) -> anyhow::Result<Self> {
        let site = bench.site();
        let saga_url = site.superuser_url(saga::DATABASE)?.expose_secret().to_owned();
        saga::make(site.superuser_url("postgres")?.expose_secret(), &saga_url).await?;
        let pgbench = bench.postgres.path("pgbench");
        let saga = Pgbench::new(pgbench, &saga_url, &site.layout.folder(), saga::SCRIPT)?;
        let shop = Shop::open(site).await?;
        Ok(Self {
            bench,
            phase: settings.phase(),
            clients: usize::from(settings.clients.unwrap_or(CLIENTS)),
            records: Records::open(site, &SERVICES, &LEFT).await?,
            shop,
            saga,
            saga_url,
            backlog: Backlog::new(),
        })
    }

    /// Lets all services stand still, so that a peer has the machine to itself, until this is dropped.
    pub(in crate::axis) fn freeze(&self) -> anyhow::Result<Vec<Frozen>> {
        SERVICES.iter().map(|service| self.bench.freeze(service.name)).collect()
    }

    pub(in crate::axis) async fn round(&mut self) -> anyhow::Result<Round> {
        let limit = self.limit().await?;
        let (ours, fast) = self.fast().await?;
        let half_rate = ours / 2.0;
        let (tally, half) = self.at(half_rate).await?;
        Ok(Round {
            limit: three_digits(limit),
            ours: three_digits(ours),
            ratio: three_digits(ours / limit),
            fast,
            half,
            half_rate: three_digits(half_rate),
            p50_ms: three_digits(tally.wait_ms(0.5)),
            p99_ms: three_digits(tally.wait_ms(0.99)),
            p999_ms: three_digits(tally.wait_ms(0.999)),
        })
    }

    /// Orders per second of the limit.
    pub(in crate::axis) async fn limit(&mut self) -> anyhow::Result<f64> {
        self.records.checkpoint().await?;
        if self.phase.warm_up >= Duration::from_secs(1) {
            self.saga.run(self.phase.warm_up).await?;
        }
        self.saga.run(self.phase.measured).await
    }

    /// Orders per second of ours, as fast as it goes, and what they cost.
    pub(in crate::axis) async fn fast(&mut self) -> anyhow::Result<(f64, Cost)> {
        let (tally, cost) = self.observed(None).await?;
        let ours = number(tally.done) / self.phase.measured.as_secs_f64();
        ensure!(ours > 0.0, "no order was confirmed in time: {:?}", tally.failures);
        Ok((ours, cost))
    }

    /// Orders at this rate, each due at its time.
    pub(in crate::axis) async fn at(&mut self, rate: f64) -> anyhow::Result<(Tally, Cost)> {
        self.observed(Some(rate)).await
    }

    /// Orders at a rate, or as fast as it goes, and waits until all that follows is done: what an order
    /// costs is not over when it is confirmed.
    async fn observed(&mut self, rate: Option<f64>) -> anyhow::Result<(Tally, Cost)> {
        let hands = if rate.is_some() { self.clients * OPEN_HANDS } else { self.clients };
        let customers = self.shop.customers(hands).await?;
        self.records.checkpoint().await?;
        let counters = self.records.counters().await?;
        let before = self.bench.usage()?;

        let tally = match rate {
            None => closed(customers, self.phase).await?,
            Some(rate) => open(customers, rate, self.phase).await?,
        };
        let answered = Instant::now();
        self.backlog = self.records.drain().await?;
        let drain_s = answered.elapsed().as_secs_f64();

        let used = self.bench.usage()?.since(&before);
        let later = self.records.counters().await?;
        let commits = later.commits_since(&counters);
        let orders = tally.all;
        let cost = Cost {
            orders,
            failures: tally.failures.clone(),
            cpu_ms_per_order: per_order(used.sum_ms(is_ours), orders),
            cpu_ms_per_order_by_process: each(&used.ms, orders),
            commits_per_order: per_order(commits.values().sum(), orders),
            commits_per_order_by_database: each(&commits, orders),
            wal_kb_per_order: per_order(later.wal_since(&counters) / 1024, orders),
            wal_syncs_per_order: per_order(later.syncs_since(&counters), orders),
            client_share: used.client_share(),
            foreign_share: used.foreign_share(),
            drain_s: three_digits(drain_s),
        };
        Ok((tally, cost))
    }

    /// What the records say in the end.
    pub(in crate::axis) async fn evidence(&mut self) -> anyhow::Result<Evidence> {
        let backlog = self.records.drain().await?;
        let promises = self.shop.promises.all();
        let found = gate::collect(&mut self.records, self.shop.store, &promises, backlog).await?;
        let mut saga = PgConnection::connect(&self.saga_url).await?;
        let limit = saga::done(&mut saga).await?;
        Ok(Evidence { limit: Some(limit), processes_ended: self.bench.ended(), ..found })
    }

    /// Versions and settings of the engines.
    pub(in crate::axis) async fn versions(&mut self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut versions = self.records.versions().await?;
        versions.insert("pgbench".to_owned(), self.saga.version());
        Ok(versions)
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "limit {}/s, ours {}/s, ratio {}, {} ms CPU and {} commits an order, at {}/s p50 {} ms, p99 {} ms",
            self.limit,
            self.ours,
            self.ratio,
            self.fast.cpu_ms_per_order,
            self.fast.commits_per_order,
            self.half_rate,
            self.p50_ms,
            self.p99_ms
        )?;
        for (word, count) in self.fast.failures.iter().chain(&self.half.failures) {
            write!(f, ", failed {count} times: {word}")?;
        }
        Ok(())
    }
}

fn each(used: &BTreeMap<String, u64>, orders: u64) -> BTreeMap<String, f64> {
    used.iter().map(|(name, amount)| (name.clone(), per_order(*amount, orders))).collect()
}

fn per_order(amount: u64, orders: u64) -> f64 {
    three_digits(per(number(amount), orders))
}
