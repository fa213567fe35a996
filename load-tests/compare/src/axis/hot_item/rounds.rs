//! A round: the limit, then ours; at the end a kill in the middle of it all.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::{Context, ensure};
use cloudeats::site::Service;
use futures::future::join;
use serde::Serialize;

use super::gate::{self, Evidence};
use super::row;
use super::shelf::Shelf;
use crate::axis::Settings;
use crate::axis::bench::{Bench, is_ours};
use crate::axis::pgbench::Pgbench;
use crate::axis::records::{Backlog, Records};
use crate::client::{Operate, Phase, Tally, closed};
use crate::figures::{number, per, three_digits};

pub(super) const CLIENTS: u16 = 64;

/// The last phase, in which the service is killed.
const KILLED: Phase = Phase { warm_up: Duration::ZERO, measured: Duration::from_secs(6) };
const KILLED_AFTER: Duration = Duration::from_secs(2);
/// Whoever was not answered asks so often in the end.
const ASKED_AGAIN_MAX: usize = 100;

/// Everything that rounds need.
pub(super) struct Rounds<'a> {
    bench: &'a Bench,
    service: Service,
    phase: Phase,
    clients: usize,
    records: Records,
    shelf: Shelf,
    row: Pgbench,
    backlog: Backlog,
}

/// What a round found.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Round {
    /// Updates of one row per second.
    pub(super) limit: f64,
    /// Reservations per second.
    pub(super) ours: f64,
    pub(super) ratio: f64,
    /// CPU of all our processes for one reservation, PostgreSQL apart, with the telling that follows.
    pub(super) cpu_ms_per_reservation: f64,
    /// Commits for one reservation, in inventory's database alone.
    pub(super) commits_per_reservation: f64,
    pub(super) wal_kb_per_reservation: f64,
    /// The client's part of all CPU that was used.
    pub(super) client_share: f64,
    /// The part of all CPU that nobody of the bench used.
    pub(super) foreign_share: f64,
    pub(super) failures: BTreeMap<String, u64>,
}

impl<'a> Rounds<'a> {
    /// Makes the row and fills the shelf.
    pub(super) async fn prepare(
        settings: &Settings,
        bench: &'a Bench,
        services: &[Service],
    ) -> anyhow::Result<Self> {
        let site = bench.site();
        Ok(Self {
            bench,
            service: *services.first().context("nothing is measured")?,
            phase: settings.phase(),
            clients: usize::from(settings.clients.unwrap_or(CLIENTS)),
            records: Records::open(site, services, &[]).await?,
            shelf: Shelf::fill(site).await?,
            row: row::prepare(bench).await?,
            backlog: Backlog::new(),
        })
    }

    pub(super) async fn round(&mut self) -> anyhow::Result<Round> {
        self.records.checkpoint().await?;
        if self.phase.warm_up >= Duration::from_secs(1) {
            self.row.run(self.phase.warm_up).await?;
        }
        let limit = self.row.run(self.phase.measured).await?;

        self.records.checkpoint().await?;
        let counters = self.records.counters().await?;
        let before = self.bench.usage()?;
        let tally = self.storm(self.phase).await?;
        self.backlog = self.records.drain().await?;
        let used = self.bench.usage()?.since(&before);
        let later = self.records.counters().await?;

        let ours = number(tally.done) / self.phase.measured.as_secs_f64();
        ensure!(ours > 0.0, "nothing was reserved in time: {:?}", tally.failures);
        let each = |amount: u64| three_digits(per(number(amount), tally.all));
        let commits = later.commits_since(&counters);
        Ok(Round {
            limit: three_digits(limit),
            ours: three_digits(ours),
            ratio: three_digits(ours / limit),
            cpu_ms_per_reservation: each(used.sum_ms(is_ours)),
            commits_per_reservation: each(commits.get(self.service.name).copied().unwrap_or(0)),
            wal_kb_per_reservation: each(later.wal_since(&counters) / 1024),
            client_share: used.client_share(),
            foreign_share: used.foreign_share(),
            failures: tally.failures,
        })
    }

    /// What the records say in the end, after one more phase in which the service was killed.
    pub(super) async fn evidence(&mut self) -> anyhow::Result<Evidence> {
        let ended_before = self.bench.ended();
        let kill = async {
            tokio::time::sleep(KILLED_AFTER).await;
            self.bench.kill(&self.service).await
        };
        let (tally, killed) = join(self.storm(KILLED), kill).await;
        killed?;
        let unanswered = tally?.failures.values().sum();
        self.ask_again().await?;
        self.backlog = self.records.drain().await?;
        let backlog = self.backlog.clone();
        let found = gate::collect(&mut self.records, &self.shelf, backlog).await?;
        Ok(Evidence { processes_ended: ended_before, unanswered_at_the_kill: unanswered, ..found })
    }

    /// All hands take for the whole phase.
    async fn storm(&self, phase: Phase) -> anyhow::Result<Tally> {
        closed(self.shelf.buyers(self.clients)?, phase).await
    }

    /// Until everybody has a decision.
    async fn ask_again(&self) -> anyhow::Result<()> {
        let mut buyers = self.shelf.buyers(1)?;
        let buyer = buyers.first_mut().context("nobody asks")?;
        let mut failed = 0;
        while failed < ASKED_AGAIN_MAX && !self.shelf.promises.all().unknown.is_empty() {
            if buyer.once().await.is_err() {
                failed += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(())
    }

    /// Versions and settings of the engines.
    pub(super) async fn versions(&mut self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut versions = self.records.versions().await?;
        versions.insert("pgbench".to_owned(), self.row.version());
        Ok(versions)
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "limit {}/s, ours {}/s, ratio {}, {} ms CPU and {} commits a reservation",
            self.limit,
            self.ours,
            self.ratio,
            self.cpu_ms_per_reservation,
            self.commits_per_reservation
        )?;
        for (word, count) in &self.failures {
            write!(f, ", failed {count} times: {word}")?;
        }
        Ok(())
    }
}
