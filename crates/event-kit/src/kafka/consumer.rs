//! A member of a Kafka consumer group; offsets are committed by hand, after the database.

use std::{
    collections::{HashMap, VecDeque},
    error::Error,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, StreamExt, future::BoxFuture};
use rdkafka::{
    ClientConfig, ClientContext, Message, Offset, Statistics, TopicPartitionList,
    client::OAuthToken,
    consumer::{
        BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance, StreamConsumer,
    },
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    message::{BorrowedMessage, Headers as _},
};
use uuid::Uuid;

use super::{access::SignIn, blocking};
use crate::{Consumer, Delivery, Headers, LogError, Mark, Record};

const WAIT: Duration = Duration::from_secs(5);

/// Numbers the assignments of partitions: what was read under a former one cannot be committed.
#[derive(Default)]
struct Leases {
    numbers: Mutex<Numbers>,
    lag: AtomicI64,
    sign_in: SignIn,
}

#[derive(Default)]
struct Numbers {
    last: i64,
    held: HashMap<(String, i32), i64>,
}

impl Leases {
    /// Which assignment this is.
    fn number(&self) -> i64 {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner).last
    }

    fn of(&self, topic: &str, part: i32) -> Option<i64> {
        let leases = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        leases.held.get(&(topic.to_owned(), part)).copied()
    }
}

impl ClientContext for Leases {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = SignIn::ENABLE_REFRESH_OAUTH_TOKEN;

    fn generate_oauth_token(&self, config: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        self.sign_in.generate_oauth_token(config)
    }

    /// Asking the brokers how far behind we are would hold up the reading; librdkafka knows.
    fn stats(&self, statistics: Statistics) {
        let partitions = statistics.topics.values().flat_map(|topic| topic.partitions.values());
        // -1 where it is not known.
        let lag = partitions.map(|partition| partition.consumer_lag.max(0)).sum();
        self.lag.store(lag, Ordering::Relaxed);
    }
}

impl ConsumerContext for Leases {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let mut leases = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        let Numbers { last, held } = &mut *leases;
        *last += 1;
        match rebalance {
            Rebalance::Assign(places) => held.extend(
                places.elements().iter().map(|p| ((p.topic().to_owned(), p.partition()), *last)),
            ),
            Rebalance::Revoke(places) => {
                for place in places.elements() {
                    held.remove(&(place.topic().to_owned(), place.partition()));
                }
            }
            Rebalance::Error(error) => tracing::warn!(%error, "partitions could not be shared"),
        }
    }
}

pub(super) struct KafkaConsumer {
    consumer: Arc<StreamConsumer<Leases>>,
    /// Read while nobody had room.
    aside: VecDeque<Delivery>,
    /// The last assignment that was paused, for want of room, or resumed; and whether it is paused.
    told: (i64, bool),
}

impl KafkaConsumer {
    pub(super) fn join(
        config: &ClientConfig,
        sign_in: &SignIn,
        group: &str,
        topics: &[String],
    ) -> Result<Self, LogError> {
        let consumer: StreamConsumer<Leases> = config
            .clone()
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest")
            .set("statistics.interval.ms", "5000")
            // A commit that gets no answer must not hold up the reading for a minute.
            .set("socket.timeout.ms", "10000")
            .create_with_context(Leases { sign_in: sign_in.clone(), ..Leases::default() })?;
        let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics)?;
        Ok(Self { consumer: Arc::new(consumer), aside: VecDeque::new(), told: (0, false) })
    }

    /// Without room nothing is fetched, but librdkafka is still asked: it believes that who does not ask
    /// is gone, and renews tokens by the way. It remembers a pause of what went to another member, so each new
    /// assignment is told anew.
    fn make_way(&mut self, most: usize) -> Result<(), LogError> {
        let wanted = (self.consumer.context().number(), most == 0);
        if self.told != wanted {
            let ours = self.consumer.assignment()?;
            if most == 0 {
                self.consumer.pause(&ours)?;
            } else {
                self.consumer.resume(&ours)?;
            }
            self.told = wanted;
        }
        Ok(())
    }

    async fn poll_once(&mut self, most: usize, wait: Duration) -> Result<Vec<Delivery>, LogError> {
        self.make_way(most)?;
        let consumer = Arc::clone(&self.consumer);
        let mut stream = consumer.stream();
        let leases = consumer.context();
        if most == 0 || self.aside.is_empty() {
            #[expect(clippy::disallowed_methods, reason = "drops a wait; recv may be cancelled")]
            let first = tokio::time::timeout(wait, stream.next()).await;
            if let Ok(Some(first)) = first {
                self.aside.extend(received(first, leases)?);
            }
        }
        while self.aside.len() < most
            && let Some(Some(next)) = stream.next().now_or_never()
        {
            self.aside.extend(received(next, leases)?);
        }
        Ok(self.aside.drain(..most.min(self.aside.len())).collect())
    }

    async fn commit_marks(&mut self, marks: &[Mark]) -> Result<Vec<Mark>, LogError> {
        let leases = self.consumer.context();
        let (ours, lost): (Vec<&Mark>, Vec<&Mark>) = marks
            .iter()
            .partition(|mark| leases.of(&mark.topic, i32::from(mark.part)) == Some(mark.lease));
        if ours.is_empty() {
            return Ok(lost.into_iter().cloned().collect());
        }
        let mut offsets = TopicPartitionList::new();
        for mark in ours {
            let (part, next) = (i32::from(mark.part), Offset::Offset(mark.next));
            offsets.add_partition_offset(&mark.topic, part, next)?;
        }
        let consumer = Arc::clone(&self.consumer);
        match blocking(move || consumer.commit(&offsets, CommitMode::Sync)).await {
            Ok(()) => Ok(lost.into_iter().cloned().collect()),
            Err(LogError::Kafka(error)) if is_stale(&error) => Ok(marks.to_vec()),
            Err(error) => Err(error),
        }
    }
}

/// Whether the group has gone on without us.
fn is_stale(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::RebalanceInProgress
                | RDKafkaErrorCode::AssignmentLost
        )
    )
}

/// What librdkafka overcomes by itself, such as a broker that is away, is only told. It says once that something
/// is forbidden and is then silent: whoever asks anew hears of it again.
fn received(
    message: KafkaResult<BorrowedMessage<'_>>,
    leases: &Leases,
) -> Result<Option<Delivery>, LogError> {
    match message {
        Ok(message) => Ok(delivery(&message, leases)),
        Err(KafkaError::MessageConsumption(code)) if !is_forbidden(code) => {
            tracing::warn!(error = %code, "kafka cannot be read for now");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// A right is missing, of which waiting makes none.
pub(super) fn is_forbidden(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{
        ClusterAuthorizationFailed, GroupAuthorizationFailed, TopicAuthorizationFailed,
    };
    matches!(code, ClusterAuthorizationFailed | GroupAuthorizationFailed | TopicAuthorizationFailed)
}

/// A message of a partition that is ours; one that was revoked meanwhile is another's to read.
fn delivery(message: &BorrowedMessage<'_>, leases: &Leases) -> Option<Delivery> {
    let lease = leases.of(message.topic(), message.partition())?;
    let headers: Headers = message
        .headers()
        .into_iter()
        .flat_map(|headers| headers.iter())
        .filter_map(|header| Some((header.key.to_owned(), text(header.value?))))
        .collect();
    let id = headers.get("ce_id").and_then(|id| Uuid::parse_str(id).ok()).unwrap_or_default();
    Some(Delivery {
        record: Record {
            topic: message.topic().to_owned(),
            part: u16::try_from(message.partition()).ok()?,
            id,
            key: message.key().map(text).unwrap_or_default(),
            headers,
            body: message.payload().unwrap_or_default().to_vec(),
        },
        offset: message.offset(),
        lease,
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Consumer for KafkaConsumer {
    fn poll(
        &mut self,
        most: usize,
        wait: Duration,
    ) -> BoxFuture<'_, Result<Vec<Delivery>, LogError>> {
        Box::pin(self.poll_once(most, wait))
    }

    fn commit<'a>(&'a mut self, marks: &'a [Mark]) -> BoxFuture<'a, Result<Vec<Mark>, LogError>> {
        Box::pin(self.commit_marks(marks))
    }

    fn seek<'a>(
        &'a mut self,
        topic: &'a str,
        part: u16,
        offset: i64,
    ) -> BoxFuture<'a, Result<(), LogError>> {
        self.aside
            .retain(|delivery| delivery.record.topic != topic || delivery.record.part != part);
        let (consumer, topic) = (Arc::clone(&self.consumer), topic.to_owned());
        Box::pin(blocking(move || {
            consumer.seek(&topic, i32::from(part), Offset::Offset(offset), WAIT)
        }))
    }

    fn lag(&mut self) -> BoxFuture<'_, Result<i64, LogError>> {
        let lag = self.consumer.context().lag.load(Ordering::Relaxed);
        Box::pin(std::future::ready(Ok(lag)))
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, Result<(), LogError>> {
        // Dropping it leaves the group, which waits for the brokers.
        Box::pin(blocking(move || {
            drop(self);
            Ok(())
        }))
    }
}
