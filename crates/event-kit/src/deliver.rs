//! Hands events to listeners: in order per source and key, different keys side by side.

mod attempt;
mod fold;
mod lane;
mod letters;
mod position;
mod refetch;
mod tracker;
mod unheard;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use postgres_kit::Db;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{
    attempt::Job,
    fold::Claims,
    lane::{Lane, LaneKey},
    refetch::Asked,
    tracker::Tracker,
    unheard::Unheard,
};
use crate::{
    Consumer, Delivery, EventsConfig, Listeners, Log, LogError,
    metrics::{METRICS, of_consumer},
    topic_of,
};

/// Events taken from the log and not yet applied.
const TAKEN_MAX: usize = 2_000;
const BATCH_MAX: usize = 512;
/// How long a poll may wait, and so how long a stop or a commit may have to.
const POLL: Duration = Duration::from_millis(200);
const COMMIT_PERIOD: Duration = Duration::from_millis(200);
const MEASURE_PERIOD: Duration = Duration::from_secs(5);
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

pub(crate) async fn run(
    log: Log,
    db: Db,
    listeners: Listeners,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let topics: Vec<String> = listeners.sources().into_iter().map(topic_of).collect();
    if topics.is_empty() {
        stop.cancelled().await;
        return Ok(());
    }
    METRICS.begin(listeners.consumer());
    let halt = stop.child_token();
    // Whoever drops this future has no tasks left behind that begin anything new.
    let _halt = halt.clone().drop_guard();
    let courier = Arc::new(Courier::new(&log, db, listeners, halt));
    courier.tasks.spawn(letters::keep_trying(Arc::clone(&courier)));

    let mut pause = PAUSE_MIN;
    while !stop.is_cancelled() {
        let began = Instant::now();
        let Err(error) = consume(&courier, &log, &topics).await else { break };
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            consumer.name = courier.listeners.consumer(),
            "the log is out of reach",
        );
        pause = if began.elapsed() > PAUSE_MAX { PAUSE_MIN } else { PAUSE_MAX.min(pause * 2) };
        courier.rest(pause.mul_f64(rand::random_range(0.5..=1.0))).await;
    }
    courier.settled().await;
    Ok(())
}

/// Reads as a member of the group until stopped.
async fn consume(courier: &Arc<Courier>, log: &Log, topics: &[String]) -> Result<(), LogError> {
    let group = courier.listeners.consumer();
    let mut consumer = log.backend.consumer(group, topics).await?;
    consumer.hear(&courier.listeners.types().collect::<Vec<_>>());
    courier.tracker().clear();
    tracing::info!(consumer.name = group, "listening");

    let read = read(courier, &mut *consumer).await;
    let closed = consumer.close().await;
    read.and(closed)
}

async fn read(courier: &Arc<Courier>, consumer: &mut dyn Consumer) -> Result<(), LogError> {
    let mut unheard = Unheard::default();
    let read = read_on(courier, consumer, &mut unheard).await;
    courier.dropped(unheard.len());
    read
}

async fn read_on(
    courier: &Arc<Courier>,
    consumer: &mut dyn Consumer,
    unheard: &mut Unheard,
) -> Result<(), LogError> {
    let (mut commit_at, mut measure_at) = (Instant::now(), Instant::now() + MEASURE_PERIOD);
    while !courier.halt.is_cancelled() {
        let room = TAKEN_MAX.saturating_sub(courier.taken.load(Ordering::Acquire));
        let batch = consumer.poll(room.min(BATCH_MAX), POLL).await?;
        courier.accept(batch, unheard).await;
        let is_time = commit_at <= Instant::now();
        if is_time || unheard.is_full() {
            courier.advance(unheard.take()).await;
        }
        if is_time {
            commit(courier, consumer).await?;
            commit_at = Instant::now() + COMMIT_PERIOD;
        }
        if measure_at <= Instant::now() {
            match consumer.lag().await {
                Ok(lag) => METRICS.lag.record(lag, &of_consumer(courier.listeners.consumer())),
                Err(error) => tracing::debug!(%error, "nobody knows how far behind we are"),
            }
            measure_at = Instant::now() + MEASURE_PERIOD;
        }
    }
    courier.settled().await;
    commit(courier, consumer).await
}

/// Tells the log how far the database is.
async fn commit(courier: &Courier, consumer: &mut dyn Consumer) -> Result<(), LogError> {
    let marks = courier.tracker().marks();
    if marks.is_empty() {
        return Ok(());
    }
    let refused = consumer.commit(&marks).await?;
    let mut tracker = courier.tracker();
    for mark in &marks {
        if refused.contains(mark) {
            tracing::debug!(
                log.topic = mark.topic,
                log.partition = mark.part,
                "another one reads on"
            );
            tracker.forget(mark);
        } else {
            tracker.committed(mark);
        }
    }
    Ok(())
}

/// What all tasks of one consumer share.
struct Courier {
    config: EventsConfig,
    /// Whether the log itself keeps the order of a key.
    ordered: bool,
    db: Db,
    listeners: Listeners,
    halt: CancellationToken,
    tasks: TaskTracker,
    permits: Semaphore,
    /// Events taken from the log and not yet applied.
    taken: AtomicUsize,
    tracker: Mutex<Tracker>,
    lanes: Mutex<HashMap<LaneKey, Lane>>,
    asked: Asked,
    claims: Mutex<Claims>,
}

impl Courier {
    fn new(log: &Log, db: Db, listeners: Listeners, halt: CancellationToken) -> Self {
        Self {
            config: EventsConfig::clone(&log.config),
            ordered: log.backend.abilities().ordered,
            db,
            listeners,
            halt,
            tasks: TaskTracker::new(),
            permits: Semaphore::new(log.config.event_parallel_max.max(1)),
            taken: AtomicUsize::new(0),
            tracker: Mutex::default(),
            lanes: Mutex::default(),
            asked: Asked::default(),
            claims: Mutex::default(),
        }
    }

    fn tracker(&self) -> MutexGuard<'_, Tracker> {
        self.tracker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<LaneKey, Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claims(&self) -> MutexGuard<'_, Claims> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, or until stopped.
    async fn rest(&self, pause: Duration) {
        self.halt.run_until_cancelled(tokio::time::sleep(pause)).await;
    }

    /// Waits for the tasks after a stop.
    async fn settled(&self) {
        if self.halt.is_cancelled() {
            self.tasks.close();
            self.tasks.wait().await;
        }
    }

    /// Sorts a batch: what nobody hears is kept back, the rest queues up behind its key.
    async fn accept(self: &Arc<Self>, batch: Vec<Delivery>, unheard: &mut Unheard) {
        if batch.is_empty() {
            return;
        }
        self.taken.fetch_add(batch.len(), Ordering::AcqRel);
        let mut histories: BTreeMap<LaneKey, Vec<Job>> = BTreeMap::new();
        {
            let mut tracker = self.tracker();
            for delivery in batch {
                tracker.begin(&delivery);
                let job = Job::read(delivery);
                histories.entry(job.lane_key()).or_default().push(job);
            }
        }
        {
            let lanes = self.lanes();
            let (busy, idle): (BTreeMap<_, _>, _) =
                histories.into_iter().partition(|(key, _)| lanes.contains_key(key));
            drop(lanes);
            for (key, jobs) in busy {
                self.enqueue(key, jobs);
            }
            histories = idle;
        }
        let mut histories = unheard.keep(&self.listeners, histories);
        for (key, jobs) in fold::take_claimed(self, &mut histories) {
            self.enqueue(key, jobs);
        }
        self.advance(histories).await;
    }

    /// Goes on in histories of which nothing waits yet: what was applied before is done, runs of types that
    /// nobody hears move their positions in one statement, the rest queues up.
    async fn advance(self: &Arc<Self>, histories: BTreeMap<LaneKey, Vec<Job>>) {
        if histories.is_empty() {
            return;
        }
        for (key, jobs) in position::skip(self, histories).await {
            self.enqueue(key, jobs);
        }
    }

    /// Notes that a job needs nothing more, nor what was folded into it.
    fn done(&self, job: &Job) {
        let mut tracker = self.tracker();
        for job in job.before.iter().chain([job]) {
            tracker.done(&job.place);
        }
        drop(tracker);
        self.taken.fetch_sub(job.size(), Ordering::AcqRel);
    }

    /// Notes that a job is left to whoever reads the partition next.
    fn dropped(&self, jobs: usize) {
        self.taken.fetch_sub(jobs, Ordering::AcqRel);
    }
}
