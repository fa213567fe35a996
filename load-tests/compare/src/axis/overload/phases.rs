//! The peak, half of it, three times of it, half again; then an outage and everybody who comes back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{bail, ensure};
use cloudeats::commands::say;
use cloudeats::site::SERVICES;
use futures::future::join3;
use hyper::header::HeaderValue;
use serde::Serialize;
use tokio::time::sleep_until;
use uuid::Uuid;

use super::guest::Guest;
use super::herd::Herd;
use super::memory::Memory;
use super::progress::{self, Progress};
use super::timeline::{
    Second, Timeline, accepted_wait_ms, refused, refused_wait_ms, seconds_until_normal,
};
use crate::axis::Settings;
use crate::axis::bench::Bench;
use crate::axis::gate::{self, Evidence, LEFT};
use crate::axis::records::Records;
use crate::axis::shop::Shop;
use crate::client::{Phase, closed, open};
use crate::figures::{number, per, three_digits};

/// How many times the peak is asked for.
pub(super) const TIMES: f64 = 3.0;
/// How many times as long as before an answer may take where all is normal.
pub(super) const SLOWER_MAX: f64 = 2.0;
/// Connections that find the peak, as for orders.
pub(super) const CLIENTS: u16 = 32;
/// More than the gateway lets in and lets wait, so that no request waits for a free hand.
const HANDS: usize = 1_024;
/// How long is looked for an end of the trouble.
pub(super) const AFTER_S: u64 = 30;
/// How long all is well before the outage.
const LEAD_S: u64 = 3;
/// The service that stands still in the outage.
const STANDS_STILL: &str = "orders";
/// The one that turns away meanwhile.
const DOOR: &str = "gateway";

/// Everything that is needed.
pub(super) struct Phases<'a> {
    bench: &'a Bench,
    settings: &'a Settings,
    records: Records,
    shop: Shop,
}

/// All that was found.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    /// Orders confirmed per second, as fast as it goes.
    pub(super) peak: f64,
    pub(super) half: Half,
    pub(super) overload: Overload,
    /// Seconds until all was normal after the overload; nothing where that was not seen.
    pub(super) recovery_s: Option<usize>,
    pub(super) outage: Option<Outage>,
    /// What was not confirmed, by reason, in all phases.
    pub(super) failures: BTreeMap<String, u64>,
    pub(super) foreign_share: f64,
}

/// At half the peak.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Half {
    pub(super) rate: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

/// At three times the peak.
#[derive(Debug, Clone, Default)]
pub(super) struct Overload {
    pub(super) seconds: Vec<Second>,
    pub(super) progress: Progress,
    pub(super) memory: Memory,
    /// What was not accepted, by reason, refusals too.
    pub(super) not_accepted: BTreeMap<String, u64>,
    /// The client's part of all CPU that was used.
    pub(super) client_share: f64,
    /// What the client used of one core.
    pub(super) client_cores: f64,
}

/// After orders stood still.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Outage {
    pub(super) seconds: u64,
    /// Seconds from its end until all was normal for those who order at half the peak.
    pub(super) normal_s: Option<usize>,
    /// Clients that had what they wanted in time.
    pub(super) served: usize,
    /// Seconds from its end until the last of them had it.
    pub(super) served_s: Option<f64>,
    /// Refusals while it lasted.
    pub(super) refused: u64,
    /// CPU of the gateway for one of them, all its other work meanwhile included.
    pub(super) refusal_cpu_ms: f64,
    pub(super) refusal_p99_ms: Option<f64>,
    pub(super) refused_later: u64,
}

impl<'a> Phases<'a> {
    /// Opens the store.
    pub(super) async fn prepare(settings: &'a Settings, bench: &'a Bench) -> anyhow::Result<Self> {
        let site = bench.site();
        let records = Records::open(site, &SERVICES, &LEFT).await?;
        Ok(Self { bench, settings, records, shop: Shop::open(site).await? })
    }

    pub(super) async fn run(&mut self) -> anyhow::Result<Found> {
        let mut found = Found::default();
        let before = self.bench.usage()?;
        self.peak(&mut found).await?;
        say(format_args!("peak {}/s", found.peak));
        self.half(&mut found).await?;
        let Half { rate, p50_ms, p99_ms } = found.half;
        say(format_args!("at {rate}/s p50 {p50_ms} ms, p99 {p99_ms} ms"));
        self.overload(&mut found).await?;
        say(format_args!("overload over; normal after {:?} s", found.recovery_s));
        if self.settings.outage_seconds > 0 {
            self.outage(&mut found).await?;
            say(format_args!("outage over: {:?}", found.outage));
        }
        found.foreign_share = self.bench.usage()?.since(&before).foreign_share();
        Ok(found)
    }

    async fn peak(&mut self, found: &mut Found) -> anyhow::Result<()> {
        let clients = usize::from(self.settings.clients.unwrap_or(CLIENTS));
        let customers = self.shop.customers(clients).await?;
        self.records.checkpoint().await?;
        let tally = closed(customers, self.settings.phase()).await?;
        let per_second = number(tally.done) / self.settings.phase().measured.as_secs_f64();
        ensure!(per_second > 0.0, "no order was confirmed in time: {:?}", tally.failures);
        found.peak = three_digits(per_second);
        found.note(tally.failures);
        self.records.drain().await?;
        Ok(())
    }

    async fn half(&mut self, found: &mut Found) -> anyhow::Result<()> {
        // What follows takes longer than the rest of a token's life.
        self.shop.sign_in(self.bench.site()).await?;
        self.records.checkpoint().await?;
        let bearers = self.shop.bearers().await?;
        let (timeline, guests) = self.guests(&bearers);
        let rate = found.peak / 2.0;
        found.note(open(guests, rate, self.settings.phase()).await?.failures);

        let Settings { seconds, warm_up_seconds, .. } = self.settings;
        let all = timeline.first(warm_up_seconds + seconds);
        let measured = after(&all, *warm_up_seconds);
        let wait_ms = |quantile| accepted_wait_ms(measured, quantile);
        let (Some(p50_ms), Some(p99_ms)) = (wait_ms(0.5), wait_ms(0.99)) else {
            bail!("nothing was accepted at half the peak: {:?}", found.failures)
        };
        found.half = Half { rate: three_digits(rate), p50_ms, p99_ms };
        Ok(())
    }

    /// The load falls while the last of the crowd still wait for their answers.
    async fn overload(&mut self, found: &mut Found) -> anyhow::Result<()> {
        let length_s = self.settings.overload_seconds;
        let (rate, bearers) = (found.peak * TIMES, self.shop.bearers().await?);
        let before = self.bench.usage()?;
        let (during, crowd) = self.guests(&bearers);
        let calm = async {
            sleep_until(during.began + Duration::from_secs(length_s)).await;
            let (after, guests) = self.guests(&bearers);
            let tally = open(guests, found.peak / 2.0, steady(AFTER_S)).await?;
            anyhow::Ok((after, tally))
        };
        let watch = async {
            let memory = Memory::watch(&self.bench.meter, length_s).await;
            anyhow::Ok((memory, self.bench.usage()?.since(&before)))
        };
        let (crowd, calm, watched) = join3(open(crowd, rate, steady(length_s)), calm, watch).await;
        let (crowd, (after, calm), (memory, used)) = (crowd?, calm?, watched?);
        self.records.drain().await?;

        let promised = self.shop.promises.all();
        let promised: Vec<Uuid> = promised.confirmed.into_iter().chain(promised.taken).collect();
        let span = (during.began_s, length_s);
        let client_ms = used.sum_ms(|name| name == "client");
        found.overload = Overload {
            seconds: during.first(length_s),
            progress: progress::look(&mut self.records, self.shop.store, &promised, span).await?,
            memory,
            not_accepted: crowd.failures.clone(),
            client_share: used.client_share(),
            client_cores: three_digits(per(number(client_ms), length_s * 1_000)),
        };
        found.recovery_s = seconds_until_normal(&after.first(AFTER_S), found.slow_ms());
        found.note(crowd.failures);
        found.note(calm.failures);
        Ok(())
    }

    /// Half the peak throughout; meanwhile nobody is answered for a while, and then everybody comes.
    async fn outage(&mut self, found: &mut Found) -> anyhow::Result<()> {
        let seconds = self.settings.outage_seconds;
        let (outage_end_s, length_s) = (LEAD_S + seconds, LEAD_S + seconds + AFTER_S);
        self.shop.sign_in(self.bench.site()).await?;
        let bearers = self.shop.bearers().await?;
        let herd = Herd::of(&self.shop, &bearers);
        let (crowd, (steadily, guests)) = (Timeline::begin(), self.guests(&bearers));
        let at = |second| steadily.began + Duration::from_secs(second);
        let stand_still = async {
            sleep_until(at(LEAD_S)).await;
            let before = self.bench.usage()?;
            let frozen = self.bench.freeze(STANDS_STILL)?;
            sleep_until(at(outage_end_s)).await;
            drop(frozen);
            anyhow::Ok(self.bench.usage()?.since(&before).sum_ms(|name| name == DOOR))
        };
        let storm = async {
            sleep_until(at(LEAD_S + 1)).await;
            herd.storm(&crowd, at(length_s)).await
        };
        let background = open(guests, found.peak / 2.0, steady(length_s));
        let (tally, door_ms, served) = join3(background, stand_still, storm).await;
        let (tally, door_ms) = (tally?, door_ms?);
        self.records.drain().await?;

        let steady_ones = steadily.first(length_s);
        let meanwhile = [steadily.first(outage_end_s), crowd.first(outage_end_s)].concat();
        let all_refused = refused(&steady_ones) + refused(&crowd.first(length_s));
        found.outage = Some(Outage {
            seconds,
            normal_s: seconds_until_normal(after(&steady_ones, outage_end_s), found.slow_ms()),
            served: served.clients,
            served_s: served.all_had_it_after_s(at(outage_end_s)),
            refused: refused(&meanwhile),
            refusal_cpu_ms: three_digits(per(number(door_ms), refused(&meanwhile))),
            refusal_p99_ms: refused_wait_ms(&meanwhile, 0.99),
            refused_later: all_refused - refused(&meanwhile),
        });
        found.note(tally.failures);
        Ok(())
    }

    /// What the records say in the end.
    pub(super) async fn evidence(&mut self) -> anyhow::Result<Evidence> {
        let backlog = self.records.drain().await?;
        let promises = self.shop.promises.all();
        let found = gate::collect(&mut self.records, self.shop.store, &promises, backlog).await?;
        Ok(Evidence { processes_ended: self.bench.ended(), ..found })
    }

    /// Versions and settings of the engines.
    pub(super) async fn versions(&mut self) -> anyhow::Result<BTreeMap<String, String>> {
        self.records.versions().await
    }

    /// Hands that order, and the timeline that begins with them.
    fn guests(&self, bearers: &[HeaderValue]) -> (Arc<Timeline>, Vec<Guest>) {
        let timeline = Arc::new(Timeline::begin());
        let guests = Guest::of(&self.shop, bearers, HANDS, &timeline);
        (timeline, guests)
    }
}

impl Found {
    /// An answer that takes longer is not normal.
    pub(super) fn slow_ms(&self) -> f64 {
        self.half.p99_ms * SLOWER_MAX
    }

    fn note(&mut self, failures: BTreeMap<String, u64>) {
        for (word, count) in failures {
            *self.failures.entry(word).or_default() += count;
        }
    }
}

const fn steady(seconds: u64) -> Phase {
    Phase { warm_up: Duration::ZERO, measured: Duration::from_secs(seconds) }
}

fn after(seconds: &[Second], skipped: u64) -> &[Second] {
    usize::try_from(skipped).ok().and_then(|skipped| seconds.get(skipped..)).unwrap_or_default()
}
