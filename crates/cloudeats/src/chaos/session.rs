//! One stack, played on and broken from its start to its judgement.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::check::{Report, check};
use crate::commands::{down, say};
use crate::layout::Layout;
use crate::run::Keeper;
use crate::seed;
use crate::simulate::{self, Game, closing};
use crate::stack::{self, Stack};

use super::account::{self, Entry};
use super::act::Act;
use super::acts::events;
use super::desk::Desk;
use super::disk;
use super::ground::Ground;
use super::links::Links;
use super::means::Means;
use super::plan::Planned;
use super::points;
use super::rig::Rig;
use super::watch::{Seen, Watch};

/// The city plays so long before the first fault.
const WARM_UP: Duration = Duration::from_secs(8);
/// And so long after the last.
const AFTERWARDS: Duration = Duration::from_secs(2);
/// A fault that strikes nothing is tried again, after a pause: a slow machine may have had no work for it.
const TRIES_MAX: u32 = 3;
const AGAIN: Duration = Duration::from_secs(2);

/// What is played.
pub(crate) struct Session {
    pub(crate) options: stack::Options,
    pub(crate) city: simulate::Options,
    pub(crate) planned: Vec<Planned>,
    /// Where it is played.
    pub(crate) ground: Ground,
    /// Services that run twice.
    pub(crate) twins: Vec<&'static str>,
    /// What every service is told besides.
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) drain_max: Duration,
    pub(crate) quiesce_max: Duration,
    /// Whether people want to read all of it.
    pub(crate) tells: bool,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(super) log: Vec<Entry>,
    pub(super) seen: Arc<Seen>,
    /// What was seen to go wrong meanwhile.
    pub(super) wrong: Vec<String>,
    pub(crate) report: Report,
}

impl Session {
    /// Plays on a new stack; nothing where told to stop before it was up.
    pub(crate) async fn play(
        mut self,
        stop: &CancellationToken,
    ) -> anyhow::Result<Option<Outcome>> {
        // Refused while another one runs; what a former run left unfinished is not ours to finish.
        drop(Keeper::mark(&self.options)?);
        let layout = Layout::new(&self.options.local, &self.options.stack)?;
        down::end_all(&layout.marks()).await?;
        layout.clear()?;
        let mark = Keeper::mark(&self.options)?;
        let means = Means::gather(&mut self.planned, &layout, &self.ground, self.city.seed).await;
        let links = Links::open(&self.options.ports, means.line.as_ref())?;
        let mut strain = links.strain();
        if means.disk.is_some() {
            strain.database = disk::TOLD.map(str::to_owned).into();
        }
        strain.environment.push(points::variable(&layout));
        strain.environment.extend(self.environment.clone());
        strain.twins.clone_from(&self.twins);
        let stack = match Box::pin(Stack::up_under(self.options.clone(), &strain, stop)).await {
            Err(_given_up) if stop.is_cancelled() => return Ok(None),
            started => started?,
        };
        let judging = Box::pin(self.judge(&stack, &links, &means, stop));
        let outcome = stop.run_until_cancelled(judging).await;
        self.tell("stopping");
        links.heal();
        stack.stop().await;
        drop(mark);
        outcome.context("told to stop")?.map(Some)
    }

    async fn judge(
        &self,
        stack: &Stack,
        links: &Links,
        means: &Means,
        stop: &CancellationToken,
    ) -> anyhow::Result<Outcome> {
        let site = stack.site();
        seed::seed(site).await?;
        points::forget(&site.layout);
        let game = Game::begin(site, self.city.clone()).await?;
        let watch = Watch::begin(site)?;
        let desk = Desk::open(site)?;
        let rig = Rig::new(stack, &game, links, means);
        let log = self.strike(&rig).await;
        links.heal();
        game.mood().hang_up(0);
        let (poison, mut wrong) = (rig.poison(), rig.broken());

        let faults = account::faults(&log, watch.seen(), game.tally());
        let totals = game.end_within(stop, self.drain_max).await?;
        let seen = watch.end().await;
        let (given_back, lost) = desk.close(site).await?;
        wrong.extend(lost);
        events::put_away(site, &poison).await?;
        if self.tells {
            closing(site, &totals).await?;
            say(faults);
            say(account::states(site).await?);
            say(account::samples(&seen, &totals));
            say(format_args!("  {given_back}"));
        }
        let report = check(site, self.quiesce_max).await?;
        Ok(Outcome { log, seen, wrong, report })
    }

    /// Plays what was planned, and tells each as it happens.
    async fn strike(&self, rig: &Rig<'_>) -> Vec<Entry> {
        let since = Instant::now();
        tokio::time::sleep(WARM_UP).await;
        let mut log = Vec::new();
        for Planned { pause, act } in &self.planned {
            tokio::time::sleep(*pause).await;
            log.push(self.strike_one(rig, act, since).await);
        }
        tokio::time::sleep(AFTERWARDS).await;
        log
    }

    /// Plays one fault until it lands, or has had its chances.
    async fn strike_one(&self, rig: &Rig<'_>, act: &Act, since: Instant) -> Entry {
        let (began, mut tries) = (Instant::now(), 0);
        loop {
            tries += 1;
            let landed = act.play(rig).await.map_err(|error| format!("{error:#}"));
            let entry = Entry { act: act.clone(), began, ended: Instant::now(), tries, landed };
            self.tell(&entry.line(since));
            if entry.has_landed() || act.is_unable() || tries == TRIES_MAX {
                return entry;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn tell(&self, text: &str) {
        if self.tells {
            say(text);
        }
    }
}
