//! The seam between us and what carries events.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use postgres_kit::Db;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{EventsConfig, Listeners, deliver, envelope::Headers};

/// An event as a log carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The topic.
    pub topic: String,
    /// The partition, [`crate::partition_of`] the key.
    pub part: u16,
    /// The `CloudEvents` id.
    pub id: Uuid,
    /// What the event is about.
    pub key: String,
    /// The envelope.
    pub headers: Headers,
    /// The fact, JSON.
    pub body: Vec<u8>,
}

/// A record as a consumer receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The record.
    pub record: Record,
    /// Its place in topic and partition.
    pub offset: i64,
    /// Under which assignment of the partition it was read; a later one has a higher number.
    pub lease: i64,
}

/// How far a partition has been applied under a lease.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub part: u16,
    /// The lease under which it was read.
    pub lease: i64,
    /// The offset of the first record that is not applied.
    pub next: i64,
}

/// The log did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The `PostgreSQL` log failed.
    #[error("the event log did not answer")]
    Postgres(#[from] sqlx::Error),
    /// Kafka failed.
    #[error("kafka did not answer")]
    Kafka(#[from] rdkafka::error::KafkaError),
    /// `EventBridge` or SQS failed.
    #[error("aws did not answer")]
    Aws(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The log refused the record.
    #[error("the log refused the record: {code}")]
    Refused {
        /// Why, in the words of the log.
        code: String,
    },
    /// The log cannot do this; [`EventLog::abilities`] says so beforehand.
    #[error("{0}")]
    Cannot(&'static str),
    /// The record is larger than the log takes.
    #[error("the record has {bytes} bytes, more than the log takes")]
    TooLarge {
        /// Headers and body.
        bytes: usize,
    },
    /// A record of the same key before it failed.
    #[error("an earlier record of the same key failed")]
    Behind,
    /// The partition belongs to another consumer.
    #[error("the partition is not ours")]
    NotOurs,
    /// The log answered something that cannot be.
    #[error("the event log is broken: {0}")]
    Broken(&'static str),
}

impl LogError {
    pub(crate) fn aws(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Aws(error.into())
    }

    pub(crate) fn refused(code: &str) -> Self {
        Self::Refused { code: code.to_owned() }
    }
}

/// What a backend does beyond carrying each record at least once. Where it does not, the layers above
/// make up for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// Records of a key come in the order in which they were appended. Else positions restore it.
    pub ordered: bool,
    /// Records are kept once they are applied: a group can begin at the first and [`Consumer::seek`] goes
    /// back. Else the outbox tells again, and owners are asked for snapshots.
    pub replay: bool,
    /// A consumer that lost a partition cannot commit. Else a commit speaks of single records, and is
    /// right whoever makes it.
    pub fenced: bool,
}

/// What became of each record of a batch.
pub type Answers = Vec<Result<(), LogError>>;

/// What carries events: a backend. Order within topic and partition is a backend's good will, not a
/// promise: positions restore it.
pub trait EventLog: Send + Sync + 'static {
    /// Appends records and answers for each of them, in their order; after one that failed, none of the
    /// same key need be tried. An error means that the record may have been appended: it is told again.
    fn publish<'a>(&'a self, batch: &'a [Record]) -> BoxFuture<'a, Result<Answers, LogError>>;

    /// Joins a group that shares the partitions of the topics.
    fn consumer<'a>(
        &'a self,
        group: &'a str,
        topics: &'a [String],
    ) -> BoxFuture<'a, Result<Box<dyn Consumer>, LogError>>;

    /// What the backend does beyond carrying each record at least once: all of it, unless it says so.
    fn abilities(&self) -> Abilities {
        Abilities { ordered: true, replay: true, fenced: true }
    }

    /// Whether somebody hears one of these records, which were published just now, as far as the log knows.
    /// The relay makes haste only with what is awaited.
    fn awaits(&self, _batch: &[Record]) -> bool {
        true
    }

    /// Forgets what is older than the retention, where the backend does not do so by itself. Called now
    /// and then.
    fn prune(&self) -> BoxFuture<'_, Result<u64, LogError>> {
        Box::pin(std::future::ready(Ok(0)))
    }
}

/// A member of a group.
pub trait Consumer: Send {
    /// Says which types are heard. Records of others come as well, where they may be late: with the next one
    /// that is heard, or a second after they were appended. Called before the first poll, or never.
    fn hear(&mut self, _types: &[&str]) {}

    /// Takes up to `most` records, waiting up to `wait` for the first. Must be called every few
    /// seconds, with `most` 0 if need be, or the leases lapse. Not cancelled.
    fn poll(
        &mut self,
        most: usize,
        wait: Duration,
    ) -> BoxFuture<'_, Result<Vec<Delivery>, LogError>>;

    /// Remembers how far partitions have been applied; answers with the marks that were refused because
    /// their lease is not ours any more.
    fn commit<'a>(&'a mut self, marks: &'a [Mark]) -> BoxFuture<'a, Result<Vec<Mark>, LogError>>;

    /// Reads a partition that is ours again from `offset`, where the log can.
    fn seek<'a>(
        &'a mut self,
        topic: &'a str,
        part: u16,
        offset: i64,
    ) -> BoxFuture<'a, Result<(), LogError>>;

    /// Records in our partitions that are not committed yet.
    fn lag(&mut self) -> BoxFuture<'_, Result<i64, LogError>>;

    /// Gives the partitions to others.
    fn close(self: Box<Self>) -> BoxFuture<'static, Result<(), LogError>>;
}

/// The event log.
#[derive(Clone)]
pub struct Log {
    pub(crate) backend: Arc<dyn EventLog>,
    pub(crate) config: Arc<EventsConfig>,
}

impl Log {
    /// A log on any backend.
    #[must_use]
    pub fn new(backend: Arc<dyn EventLog>, config: EventsConfig) -> Self {
        Self { backend, config: Arc::new(config) }
    }

    /// Delivers facts to `listeners` until stopped: in order per source and key, different keys side by
    /// side, each on a task of its own that nobody drops.
    pub fn deliver(
        &self,
        db: Db,
        listeners: Listeners,
    ) -> impl FnOnce(CancellationToken) -> BoxFuture<'static, anyhow::Result<()>> + Send + use<>
    {
        let log = self.clone();
        move |stop| Box::pin(deliver::run(log, db, listeners, stop))
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Log").field(&self.config.event_log).finish()
    }
}

/// A partition as a database knows it.
pub(crate) fn number_of(part: u16) -> i16 {
    i16::try_from(part).unwrap_or(i16::MAX)
}

/// A partition as a database knows it, read.
pub(crate) fn part_of(number: i16) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
