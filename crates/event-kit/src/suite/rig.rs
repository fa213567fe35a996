//! A service's database, a log and a service that hears.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use clap::Parser;
use common::types::{Cell, Class, Clock, Event, Fault, OrderId, SystemClock};
use postgres_kit::{Db, StoreError};
use rdkafka::{mocking::MockCluster, producer::DefaultProducerContext};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    EventBridgeLog, EventLog, EventsConfig, Heard, KafkaLog, Listeners, Log, PARTITIONS,
    PostgresLog, inbox, kafka::signed::source, migrate_log, outbox, relay, snapshot,
    snapshot::Missed, topic_of,
};

/// The service that tells.
pub(super) const SOURCE: &str = "bakery";
pub(super) const LEASE: Duration = Duration::from_millis(1_500);
/// Whoever asks Kafka for nothing that long is taken for gone; the least that brokers allow.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(6);
/// SQS counts whole seconds.
const VISIBILITY: Duration = Duration::from_secs(2);
/// A played Kafka group takes 3 to 5 s to agree, each time somebody comes or goes.
pub(super) const PATIENCE: Duration = Duration::from_mins(3);

/// Something happened; what, is in its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Baked {
    pub(super) loaf: String,
    pub(super) note: String,
}

impl Event for Baked {
    const TYPE: &'static str = "com.cloudeats.bakery.baked.v1";

    fn key(&self) -> String {
        self.loaf.clone()
    }
}

/// Nobody hears it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cooled {
    pub(super) loaf: String,
}

impl Event for Cooled {
    const TYPE: &'static str = "com.cloudeats.bakery.cooled.v1";

    fn key(&self) -> String {
        self.loaf.clone()
    }
}

/// Belongs to an order and a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sold {
    pub(super) loaf: String,
    pub(super) order_id: OrderId,
    pub(super) cell: Cell,
}

impl Event for Sold {
    const TYPE: &'static str = "com.cloudeats.bakery.sold.v1";

    fn key(&self) -> String {
        self.loaf.clone()
    }

    fn order(&self) -> Option<OrderId> {
        Some(self.order_id)
    }

    fn cell(&self) -> Option<&Cell> {
        Some(&self.cell)
    }
}

pub(super) fn baked(loaf: &str, note: &(impl ToString + ?Sized)) -> Baked {
    Baked { loaf: loaf.to_owned(), note: note.to_string() }
}

#[derive(Debug, thiserror::Error)]
pub(super) enum HearError {
    #[error("the shelf is full")]
    Full,
    #[error("nobody wants it")]
    Unwanted,
    #[error("the bakery does not answer")]
    Away,
    #[error("it could not be stored")]
    Store(#[from] StoreError),
}

impl Fault for HearError {
    fn class(&self) -> Class {
        match self {
            Self::Full | Self::Away => Class::Unavailable,
            Self::Unwanted => Class::Invalid,
            Self::Store(fault) => fault.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Full => "shelf-full",
            Self::Unwanted => "unwanted",
            Self::Away => "bakery-away",
            Self::Store(fault) => fault.code(),
        }
    }
}

/// The service that hears: it writes down what it applied, in the transaction of the claim.
#[derive(Clone)]
pub(super) struct Shelf {
    db: Db,
    /// Loaf and note that are refused, and how often; negative: for ever.
    pub(super) refused: Arc<Mutex<BTreeMap<(String, String), i32>>>,
    pub(super) heard: Arc<Mutex<Vec<Heard<Baked>>>>,
    pub(super) called: Arc<Mutex<Vec<Baked>>>,
    /// How often the bakery does not answer when it is asked what it holds.
    pub(super) away: Arc<Mutex<u32>>,
}

impl Shelf {
    pub(super) async fn put(self, heard: Heard<Baked>) -> Result<(), HearError> {
        let note = heard.fact.note.clone();
        self.called.lock().unwrap().push(heard.fact.clone());
        let mut tx = self.db.begin().await?;
        if !inbox::claim_or_skip(&mut tx, &heard).await? {
            return Ok(());
        }
        assert!(!note.contains("panic"), "as the note asked for");
        self.refuse(&heard.fact)?;
        sqlx::query("INSERT INTO shelf (loaf, seq, note) VALUES ($1, $2, $3)")
            .bind(&heard.key)
            .bind(heard.seq)
            .bind(&note)
            .execute(&mut *tx)
            .await
            .map_err(StoreError::from)?;
        tx.commit().await?;
        self.heard.lock().unwrap().push(heard);
        Ok(())
    }

    /// Takes what the bakery holds now, which is in the same database here.
    pub(super) async fn restock(self, missed: Missed) -> Result<(), HearError> {
        self.ask()?;
        let mut tx = self.db.begin().await?;
        let seq = snapshot::last_told(&mut tx, &missed.key).await?;
        let epoch = "SELECT coalesce(max(epoch), 0) FROM outbox WHERE key = $1";
        let epoch = sqlx::query_scalar(epoch).bind(&missed.key).fetch_one(&mut *tx);
        let epoch = epoch.await.map_err(StoreError::from)?;
        if !snapshot::take(&mut tx, &missed, seq, epoch).await? {
            return Ok(());
        }
        // What was parked while a snapshot was taken asks for it again: the same state is no news.
        let restocked = "INSERT INTO shelf (loaf, seq, note)
                         SELECT $1, $2, 'restocked'
                          WHERE NOT EXISTS (SELECT FROM shelf WHERE loaf = $1 AND seq = $2 AND note = 'restocked')";
        sqlx::query(restocked)
            .bind(&missed.key)
            .bind(seq)
            .execute(&mut *tx)
            .await
            .map_err(StoreError::from)?;
        tx.commit().await?;
        Ok(())
    }

    fn ask(&self) -> Result<(), HearError> {
        let mut away = self.away.lock().unwrap();
        if *away == 0 {
            return Ok(());
        }
        *away -= 1;
        Err(HearError::Away)
    }

    /// One in the same place, which remembers for itself what it heard.
    pub(super) fn another(&self) -> Self {
        Self { heard: Arc::default(), ..self.clone() }
    }

    pub(super) fn refuse_for(&self, loaf: &str, note: &str, times: i32) {
        self.refused.lock().unwrap().insert((loaf.to_owned(), note.to_owned()), times);
    }

    fn refuse(&self, Baked { loaf, note }: &Baked) -> Result<(), HearError> {
        let mut refused = self.refused.lock().unwrap();
        match refused.get_mut(&(loaf.clone(), note.clone())) {
            Some(0) | None => Ok(()),
            Some(times) if *times < 0 => Err(HearError::Unwanted),
            Some(times) => {
                *times -= 1;
                Err(HearError::Full)
            }
        }
    }
}

pub(super) struct Rig {
    pub(super) db: Db,
    pub(super) log: Log,
    pub(super) shelf: Shelf,
    /// The group; another one on every rig, for brokers that outlive a test.
    pub(super) consumer: &'static str,
    stop: CancellationToken,
    tasks: TaskTracker,
    away: Away,
}

/// What has to be taken away after the story.
enum Away {
    Database(Box<PgConnectOptions>, String),
    Mock(
        #[expect(dead_code, reason = "it lives as long as the rig")]
        MockCluster<'static, DefaultProducerContext>,
    ),
    Nothing,
}

/// A part that runs until it is stopped or killed.
pub(super) struct Running {
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }

    /// As a SIGKILL would, as far as a process can do that to its own task.
    pub(super) async fn kill(self) {
        self.task.abort();
        self.task.await.unwrap_err();
    }
}

#[derive(clap::Parser)]
struct Cli {
    #[command(flatten)]
    events: EventsConfig,
}

fn config() -> EventsConfig {
    let args =
        ["rig", "--event-gap-wait-ms", "1500", "--event-retry-ms", "5", "--region", "eu-west-1"];
    Cli::parse_from(args).events
}

impl Rig {
    pub(super) async fn on_postgres(pool: PgPool) -> Self {
        let server = PgConnectOptions::clone(&pool.connect_options());
        let name = format!("event_log_{}", SystemClock.new_id().simple());
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(create).execute(&pool).await.unwrap();
        let mut url = sqlx::ConnectOptions::to_url_lossy(&server);
        url.set_path(&name);
        migrate_log(url.as_str()).await.unwrap();
        let log = PostgresLog::open(url.as_str(), 24).unwrap().with_lease(LEASE);
        Self::new(pool, Arc::new(log), Away::Database(Box::new(server), name)).await
    }

    /// On an AWS emulator, with a bus of its own. The group is there before anything is told, as it is
    /// where Terraform makes it.
    pub(super) async fn on_eventbridge(pool: PgPool) -> Self {
        #[expect(clippy::disallowed_methods, reason = "names an emulator for the tests alone")]
        let endpoint = std::env::var("TEST_AWS_ENDPOINT")
            .expect("TEST_AWS_ENDPOINT names an AWS emulator (moto); `cloudeats test` starts one");
        let name = format!("test-{}", SystemClock.new_id().simple());
        let config = EventsConfig {
            eventbridge_bus: name.clone(),
            eventbridge_endpoint: Some(endpoint.clone()),
            sqs_endpoint: Some(endpoint),
            sqs_queue_prefix: "test-".to_owned(),
            ..config()
        };
        let log = EventBridgeLog::open(&config).await.with_visibility(VISIBILITY);
        let rig = Self::new(pool, Arc::new(log), Away::Nothing).await;
        rig.log.backend.consumer(rig.consumer, &[topic_of(SOURCE)]).await.unwrap();
        rig
    }

    pub(super) async fn on_kafka(pool: PgPool) -> Self {
        #[expect(clippy::disallowed_methods, reason = "names a broker for the tests alone")]
        let broker = std::env::var("KAFKA_BOOTSTRAP");
        let (bootstrap, away) = if let Ok(bootstrap) = broker {
            (bootstrap, Away::Nothing)
        } else {
            let mock = MockCluster::new(3).unwrap();
            mock.create_topic(&topic_of(SOURCE), i32::from(PARTITIONS), 3).unwrap();
            (mock.bootstrap_servers(), Away::Mock(mock))
        };
        #[expect(clippy::disallowed_methods, reason = "names a file for the tests alone")]
        let roots = std::env::var("TEST_KAFKA_ROOTS");
        let log = match roots {
            Ok(roots) => KafkaLog::signed(&bootstrap, Some(roots.as_ref()), source()).await,
            Err(_) => KafkaLog::plain(&bootstrap),
        };
        let log = log
            .unwrap()
            .with("session.timeout.ms", &SILENCE_MAX.as_millis().to_string())
            .with("max.poll.interval.ms", &SILENCE_MAX.as_millis().to_string())
            .with("heartbeat.interval.ms", "300");
        Self::new(pool, Arc::new(log), away).await
    }

    async fn new(pool: PgPool, log: Arc<dyn EventLog>, away: Away) -> Self {
        let table = "CREATE TABLE shelf (
                         n bigint GENERATED ALWAYS AS IDENTITY, loaf text, seq bigint, note text)";
        sqlx::query(table).execute(&pool).await.unwrap();
        let db = Db::from_pool(pool);
        let (refused, heard, called) = (Arc::default(), Arc::default(), Arc::default());
        let shelf = Shelf { db: db.clone(), refused, heard, called, away: Arc::default() };
        let consumer =
            Box::leak(format!("shop-{}", SystemClock.new_id().simple()).into_boxed_str());
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        Self { db, log: Log::new(log, config()), shelf, consumer, stop, tasks, away }
    }

    /// Stops what still runs and takes away what was made.
    pub(super) async fn remove(self) {
        let Self { log, stop, tasks, away, .. } = self;
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        drop(log);
        if let Away::Database(server, name) = away {
            let drop = sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
            let mut server = sqlx::ConnectOptions::connect(&*server).await.unwrap();
            sqlx::query(drop).execute(&mut server).await.unwrap();
        }
    }

    pub(super) fn listeners(&self) -> Listeners {
        Listeners::new(self.consumer).on(&self.shelf, Shelf::put)
    }

    pub(super) fn relay(&self) -> Running {
        self.run(relay(self.db.clone(), self.log.clone()))
    }

    pub(super) fn deliver(&self) -> Running {
        self.deliver_to(self.listeners())
    }

    /// A delivery that parks nothing while a story lasts.
    pub(super) fn deliver_patiently(&self) -> Running {
        let config = EventsConfig { event_gap_wait_ms: 60_000, ..config() };
        let log = Log::new(Arc::clone(&self.log.backend), config);
        self.run(log.deliver(self.db.clone(), self.listeners()))
    }

    /// A delivery that can ask the bakery what it holds.
    pub(super) fn deliver_restocking(&self) -> Running {
        self.deliver_to(self.listeners().refetching(SOURCE, &self.shelf, Shelf::restock))
    }

    pub(super) fn deliver_to(&self, listeners: Listeners) -> Running {
        self.run(self.log.deliver(self.db.clone(), listeners))
    }

    fn run<F>(&self, part: impl FnOnce(CancellationToken) -> F) -> Running
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let stop = self.stop.child_token();
        Running { task: self.tasks.spawn(part(stop.clone())), stop }
    }

    pub(super) async fn tell<E: Event>(&self, fact: &E) {
        let mut tx = self.db.begin().await.unwrap();
        outbox::stage(&mut tx, fact).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Numbers and notes of what was applied about a loaf, in the order in which it was.
    pub(super) async fn on_shelf(&self, loaf: &str) -> Vec<(i64, String)> {
        sqlx::query_as("SELECT seq, note FROM shelf WHERE loaf = $1 ORDER BY n")
            .bind(loaf)
            .fetch_all(self.db.pool())
            .await
            .unwrap()
    }

    pub(super) async fn shelf_holds(&self, loaf: &str, expected: &[(i64, &str)]) {
        let expected: Vec<_> =
            expected.iter().map(|(seq, note)| (*seq, (*note).to_owned())).collect();
        until(async || self.on_shelf(loaf).await.len() >= expected.len()).await;
        assert_eq!(self.on_shelf(loaf).await, expected);
    }

    /// Codes of open letters about a loaf.
    pub(super) async fn letters(&self, loaf: &str) -> Vec<(i64, String)> {
        sqlx::query_as(
            "SELECT seq, code FROM dead_letter WHERE key = $1 AND settled_at IS NULL ORDER BY seq",
        )
        .bind(loaf)
        .fetch_all(self.db.pool())
        .await
        .unwrap()
    }

    pub(super) async fn letters_are(&self, loaf: &str, expected: &[(i64, &str)]) {
        let expected: Vec<_> =
            expected.iter().map(|(seq, code)| (*seq, (*code).to_owned())).collect();
        until(async || self.letters(loaf).await == expected).await;
    }

    pub(super) async fn position(&self, loaf: &str) -> Option<i64> {
        sqlx::query_scalar("SELECT seq FROM event_position WHERE consumer = $1 AND key = $2")
            .bind(self.consumer)
            .bind(loaf)
            .fetch_optional(self.db.pool())
            .await
            .unwrap()
    }

    /// Makes facts that were told before look as if they had not been.
    pub(super) async fn forget_telling(&self, condition: &str) {
        let again = format!("UPDATE outbox SET published_at = NULL WHERE {condition}");
        sqlx::query(sqlx::AssertSqlSafe(again)).execute(self.db.pool()).await.unwrap();
    }

    pub(super) async fn all_told(&self) {
        let waiting = "SELECT count(1) FROM outbox WHERE published_at IS NULL";
        until(async || {
            sqlx::query_scalar::<_, i64>(waiting).fetch_one(self.db.pool()).await.unwrap() == 0
        })
        .await;
    }
}

/// A name that no other test knows.
pub(super) fn loaf() -> String {
    SystemClock.new_id().to_string()
}

pub(super) fn new_id() -> Uuid {
    SystemClock.new_id()
}

pub(super) async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < PATIENCE, "it did not come to pass");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
