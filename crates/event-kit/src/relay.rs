//! Carries staged facts from the outbox to the log.

mod floor;
mod outgoing;
pub(crate) mod untimely;
mod upkeep;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use common::mutants;
use futures::future::BoxFuture;
use postgres_kit::{Db, Listener, StoreError, listen};
use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use self::{
    floor::{Floor, Look},
    outgoing::Outgoing,
};
use crate::{Log, LogError, PARTITIONS, metrics::METRICS};

/// Partitions are led in groups; a process leads what it can get.
const GROUPS: i32 = 4;
/// The class of our advisory locks.
const LOCKS: i32 = 0x6f75_7462;
/// The channel by which another process of the service wakes the leader.
const CHANNEL: &str = "outbox";
/// How long nobody looks when nobody rings.
const LOOK: Duration = Duration::from_secs(1);
/// Who worked rests some times as long, so that on a busy machine one commit carries many facts, and on
/// an idle one nobody waits.
const REST_TIMES: u32 = 2;
const REST_MAX: Duration = Duration::from_millis(25);
/// Who told nothing for so long that anybody hears rests longer after telling: nobody waits for it.
const CALM: Duration = Duration::from_secs(5);
const REST_CALM: Duration = Duration::from_millis(100);
/// When nothing more comes, what was published is marked after so long; else with the next look.
const MARK: Duration = Duration::from_millis(50);
/// Upkeep follows upkeep after so many times its own length, but within limits: facts wait meanwhile.
const UPKEEP_TIMES: u32 = 500;
const UPKEEP_MIN: Duration = Duration::from_secs(5);
const UPKEEP_MAX: Duration = Duration::from_secs(30);
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How long a key rests after one of its facts was refused.
const REST: Duration = Duration::from_secs(2);

/// Carries staged facts from the outbox to the log until stopped: in order per key, each at least once.
/// One process of a service does so for each group of partitions; the others stand by.
pub fn relay(
    db: Db,
    log: Log,
) -> impl FnOnce(CancellationToken) -> BoxFuture<'static, anyhow::Result<()>> + Send {
    if mutants::on("publish_before_commit") {
        untimely::tell_through(&log);
    }
    move |stop| Box::pin(run(db, log, stop))
}

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error("the outbox could not be read")]
    Store(#[from] StoreError),
    #[error("the log did not take the facts")]
    Log(#[from] LogError),
}

impl From<sqlx::Error> for RelayError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

async fn run(db: Db, log: Log, stop: CancellationToken) -> anyhow::Result<()> {
    let bell = Bell::hang(&db);
    let mut pause = PAUSE_MIN;
    while !stop.is_cancelled() {
        let began = Instant::now();
        let Err(error) = lead(&db, &log, &bell, &stop).await else { break };
        tracing::warn!(error = &error as &dyn std::error::Error, "facts wait in the outbox");
        pause = if began.elapsed() > PAUSE_MAX { PAUSE_MIN } else { PAUSE_MAX.min(pause * 2) };
        let pause = pause.mul_f64(rand::random_range(0.5..=1.0));
        stop.run_until_cancelled(tokio::time::sleep(pause)).await;
    }
    Ok(())
}

/// Leads until stopped, on one connection: when it dies, so do its locks.
async fn lead(db: &Db, log: &Log, bell: &Bell, stop: &CancellationToken) -> Result<(), RelayError> {
    let mut leader = Leader::connect(db, log.clone()).await?;
    loop {
        let began = Instant::now();
        leader.stand().await?;
        leader.drain().await?;
        leader.look_after().await?;
        let rest = leader.rest_after(began.elapsed());
        if stop.is_cancelled() {
            return leader.mark().await;
        }
        let look = if leader.told.is_empty() { LOOK } else { MARK };
        stop.run_until_cancelled(async {
            tokio::time::sleep(rest).await;
            bell.rung_within(look).await;
        })
        .await;
        if bell.rang_here() && leader.groups.len() < groups().count() {
            sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(&mut leader.own).await?;
        }
    }
}

fn groups() -> std::ops::Range<i32> {
    0..GROUPS
}

/// One who may publish for some groups of partitions.
struct Leader {
    log: Log,
    own: PgConnection,
    groups: HashSet<i32>,
    asked_at: Option<Instant>,
    upkeep_at: Instant,
    /// Keys of which a fact was refused, and until when they rest.
    resting: HashMap<String, Instant>,
    /// Published and not marked yet. Lost, they are published twice, which hurts nobody.
    told: Vec<i64>,
    floor: Floor,
    /// When it last published what somebody hears.
    awaited_at: Instant,
    /// Whether it has published something since it last rested.
    published: bool,
}

impl Leader {
    async fn connect(db: &Db, log: Log) -> Result<Self, RelayError> {
        // A published mark that is lost in a crash makes a copy, so it need not wait for the disk.
        let options = PgConnectOptions::clone(&db.pool().connect_options())
            .options([("synchronous_commit", "off"), ("statement_timeout", "10s")]);
        Ok(Self {
            log,
            own: options.connect().await?,
            groups: HashSet::new(),
            asked_at: None,
            upkeep_at: Instant::now() + UPKEEP_MIN,
            resting: HashMap::new(),
            told: Vec::new(),
            floor: Floor::new(0, Instant::now()),
            awaited_at: Instant::now(),
            published: false,
        })
    }

    /// Stands for the groups that nobody leads.
    async fn stand(&mut self) -> Result<(), RelayError> {
        let lately = self.asked_at.is_some_and(|at| at.elapsed() < LOOK);
        if lately || self.groups.len() == groups().count() {
            return Ok(());
        }
        let stood_by = self.groups.is_empty();
        for group in groups().filter(|group| !self.groups.contains(group)).collect::<Vec<_>>() {
            let lock = sqlx::query_scalar("SELECT pg_try_advisory_lock($1, $2)");
            if lock.bind(LOCKS).bind(group).fetch_one(&mut self.own).await? {
                self.groups.insert(group);
                self.floor.sweep_now(Instant::now());
            }
        }
        if stood_by && !self.groups.is_empty() {
            self.floor = Floor::new(outgoing::highest(&mut self.own).await?, Instant::now());
        }
        self.asked_at = Some(Instant::now());
        Ok(())
    }

    fn parts(&self) -> Vec<i16> {
        (0..PARTITIONS.cast_signed())
            .filter(|part| self.groups.contains(&(i32::from(*part) % GROUPS)))
            .collect()
    }

    /// Publishes what is due, batch after batch, until nothing is left.
    async fn drain(&mut self) -> Result<(), RelayError> {
        let rested = self.resting.len();
        self.resting.retain(|_, until| *until > Instant::now());
        if self.resting.len() < rested {
            self.floor.sweep_now(Instant::now());
        }
        while !self.groups.is_empty() && self.look_and_publish().await? {}
        Ok(())
    }

    /// Looks once, marks with it what was published before, and publishes what is due; whether there may
    /// be more.
    async fn look_and_publish(&mut self) -> Result<bool, RelayError> {
        let resting: Vec<&str> = self.resting.keys().map(String::as_str).collect();
        let (parts, region) = (self.parts(), &self.log.config.region);
        let told = std::mem::take(&mut self.told);
        let began = Instant::now();
        let (due, more) = match self.floor.next_look(began) {
            Look::Sweep => {
                let due = outgoing::mark_and_sweep(&mut self.own, &told, &parts, &resting, region)
                    .await?;
                let more = outgoing::may_have_more(&due);
                self.floor.swept(began, Instant::now(), more);
                (due, more)
            }
            Look::Glance { behind, missing } => {
                let place = (behind, missing.as_slice());
                let glance = outgoing::mark_and_glance(
                    &mut self.own,
                    &told,
                    place,
                    &parts,
                    &resting,
                    region,
                );
                let glance = glance.await?;
                if let Some(horizon) = glance.horizon {
                    self.floor.glanced(&glance.ids, horizon);
                }
                let more = glance.may_have_more();
                (glance.due, more)
            }
        };
        if !due.is_empty() {
            self.publish(due).await?;
        }
        Ok(more)
    }

    /// Publishes a batch and remembers, of each key, what was taken before the first refusal: what came
    /// after it is told again behind it.
    async fn publish(&mut self, batch: Vec<Outgoing>) -> Result<(), RelayError> {
        let (ids, records): (Vec<i64>, Vec<_>) =
            batch.into_iter().map(|outgoing| (outgoing.id, outgoing.record)).unzip();
        let answers = self.log.backend.publish(&records).await?;
        self.published = true;
        if self.log.backend.awaits(&records) {
            self.awaited_at = Instant::now();
        }

        let before = self.told.len();
        for ((id, record), answer) in ids.into_iter().zip(records).zip(answers) {
            if self.resting.contains_key(&record.key) {
                continue;
            }
            match answer {
                Ok(()) => self.told.push(id),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, event.id = %record.id, "the log refused a fact");
                    self.resting.insert(record.key, Instant::now() + REST);
                }
            }
        }
        METRICS.published.add((self.told.len() - before) as u64, &[]);
        Ok(())
    }

    /// How long to rest after so much work, whoever rings.
    fn rest_after(&mut self, worked: Duration) -> Duration {
        let published = std::mem::take(&mut self.published);
        if published && self.awaited_at.elapsed() > CALM {
            REST_CALM
        } else {
            REST_MAX.min(worked * REST_TIMES)
        }
    }

    /// Marks what was published, before going.
    async fn mark(&mut self) -> Result<(), RelayError> {
        Ok(outgoing::mark(&mut self.own, &self.told).await?)
    }

    /// Measures and forgets, now and then; only the leader of the first group.
    async fn look_after(&mut self) -> Result<(), RelayError> {
        let began = Instant::now();
        if began < self.upkeep_at || !self.groups.contains(&0) {
            return Ok(());
        }
        upkeep::measure(&mut self.own).await?;
        upkeep::prune(&mut self.own, &self.log.config).await?;
        self.log.backend.prune().await?;
        let rest = (began.elapsed() * UPKEEP_TIMES).clamp(UPKEEP_MIN, UPKEEP_MAX);
        self.upkeep_at = Instant::now() + rest;
        Ok(())
    }
}

/// Rings when something was committed here, or when another process says so.
struct Bell {
    listener: Listener,
    here: Arc<AtomicBool>,
    _commits: AbortOnDropHandle<()>,
}

impl Bell {
    fn hang(db: &Db) -> Self {
        let (listener, here) = (listen(db, [CHANNEL]), Arc::new(AtomicBool::new(false)));
        let watch = watch(db.clone(), listener.handle(), Arc::clone(&here));
        #[expect(clippy::disallowed_methods, reason = "it only rings; dropping the handle ends it")]
        let commits = tokio::spawn(watch);
        Self { listener, here, _commits: AbortOnDropHandle::new(commits) }
    }

    async fn rung_within(&self, at_most: Duration) {
        self.listener.woken_within(at_most).await;
    }

    /// Whether this process committed something since the last call.
    fn rang_here(&self) -> bool {
        self.here.swap(false, Ordering::AcqRel)
    }
}

async fn watch(db: Db, ring: Arc<Notify>, here: Arc<AtomicBool>) {
    let mut commits = db.commits();
    while commits.changed().await.is_ok() {
        here.store(true, Ordering::Release);
        ring.notify_one();
    }
}

#[cfg(test)]
mod live {
    use std::sync::Mutex;

    use clap::Parser;
    use common::types::Event;
    use serde::{Deserialize, Serialize};
    use sqlx::PgPool;

    use super::*;
    use crate::{Answers, Consumer, EventLog, EventsConfig, Record, outbox};

    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct Rung {
        bell: String,
        note: String,
    }

    impl Event for Rung {
        const TYPE: &'static str = "com.cloudeats.tower.rung.v1";

        fn key(&self) -> String {
            self.bell.clone()
        }
    }

    /// Takes what it is told, but a stone only the second time it sees it.
    #[derive(Default)]
    struct Choosy {
        taken: Mutex<Vec<(String, String)>>,
        stones: Mutex<HashSet<uuid::Uuid>>,
    }

    impl Choosy {
        fn take(&self, record: &Record) -> Result<(), LogError> {
            let Rung { bell, note } = serde_json::from_slice(&record.body).unwrap();
            if note == "stone" && self.stones.lock().unwrap().insert(record.id) {
                return Err(LogError::TooLarge { bytes: record.body.len() });
            }
            self.taken.lock().unwrap().push((bell, note));
            Ok(())
        }

        fn of(&self, bell: &str) -> Vec<String> {
            let taken = self.taken.lock().unwrap();
            taken.iter().filter(|(b, _)| b == bell).map(|(_, note)| note.clone()).collect()
        }
    }

    impl EventLog for Choosy {
        fn publish<'a>(&'a self, batch: &'a [Record]) -> BoxFuture<'a, Result<Answers, LogError>> {
            let answers = batch.iter().map(|record| self.take(record)).collect();
            Box::pin(std::future::ready(Ok(answers)))
        }

        fn consumer<'a>(
            &'a self,
            _: &'a str,
            _: &'a [String],
        ) -> BoxFuture<'a, Result<Box<dyn Consumer>, LogError>> {
            Box::pin(std::future::ready(Err(LogError::NotOurs)))
        }
    }

    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        events: EventsConfig,
    }

    fn log_on(backend: &Arc<Choosy>) -> Log {
        Log::new(Arc::clone(backend) as Arc<dyn EventLog>, Cli::parse_from(["relay"]).events)
    }

    async fn tell(db: &Db, bell: &str, note: &str) {
        let mut tx = db.begin().await.unwrap();
        let fact = Rung { bell: bell.to_owned(), note: note.to_owned() };
        outbox::stage(&mut tx, &fact).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn until(condition: impl Fn() -> bool) -> Duration {
        let began = Instant::now();
        while !condition() {
            assert!(began.elapsed() < Duration::from_secs(20), "it did not come to pass");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        began.elapsed()
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_refused_fact_holds_up_its_own_key_alone(pool: PgPool) {
        let (db, choosy, stop) = (Db::from_pool(pool), Arc::default(), CancellationToken::new());
        for note in ["1", "stone", "3"] {
            tell(&db, "great", note).await;
            tell(&db, "small", &note.replace("stone", "2")).await;
        }

        let (told, ()) =
            futures::future::join(relay(db.clone(), log_on(&choosy))(stop.clone()), async {
                until(|| choosy.of("small").len() == 3).await;
                assert!(!choosy.of("great").contains(&"stone".to_owned()));
                until(|| choosy.of("great").len() == 4).await;
                stop.cancel();
            })
            .await;

        told.unwrap();
        assert_eq!(choosy.of("small"), ["1", "2", "3"]);
        // What overtook is told again behind.
        assert_eq!(choosy.of("great"), ["1", "3", "stone", "3"]);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn one_process_tells_and_hears_at_once_what_another_one_staged(pool: PgPool) {
        let (leads, stands_by) = (Arc::<Choosy>::default(), Arc::<Choosy>::default());
        let (one, other) = (Db::from_pool(pool.clone()), Db::from_pool(pool));
        let stop = CancellationToken::new();
        let first = relay(one.clone(), log_on(&leads))(stop.clone());
        let story = async {
            tell(&one, "bell", "0").await;
            until(|| leads.of("bell").len() == 1).await;
            let second = relay(other.clone(), log_on(&stands_by))(stop.clone());
            let told = async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                let mut waited = Duration::ZERO;
                for n in 1..=8 {
                    tell(&other, "bell", &n.to_string()).await;
                    waited += until(|| leads.of("bell").len() == n + 1).await;
                }
                stop.cancel();
                waited
            };
            futures::future::join(second, told).await
        };

        let (first, (second, waited)) = futures::future::join(first, story).await;

        first.unwrap();
        second.unwrap();
        assert_eq!(stands_by.of("bell"), [""; 0]);
        assert!(
            waited < Duration::from_secs(2),
            "polling alone takes half a second each: {waited:?}"
        );
    }
}
