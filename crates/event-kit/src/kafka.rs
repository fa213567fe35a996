//! The log in Kafka.

mod consumer;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::{BoxFuture, join_all};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord, future_producer::DeliveryFuture},
};

use self::consumer::KafkaConsumer;
use crate::{Answers, Consumer, EventLog, LogError, PARTITIONS, Record};

const ADMIN_WAIT: Duration = Duration::from_secs(5);

/// The log in Kafka: idempotent producer, all replicas, partitions named by us.
#[derive(Clone)]
pub struct KafkaLog {
    config: ClientConfig,
    producer: FutureProducer,
    topics: Arc<Mutex<HashSet<String>>>,
}

impl KafkaLog {
    /// Opens the log at `host:port,host:port`; no broker need be there yet.
    ///
    /// # Errors
    /// The configuration is refused by librdkafka.
    pub fn open(bootstrap: &str) -> anyhow::Result<Self> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", bootstrap).set("client.id", "cloudeats");
        let producer = config
            .clone()
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "2")
            // The relay gives up and tells again; it must be able to stop meanwhile.
            .set("message.timeout.ms", "15000")
            .create()?;
        Ok(Self { config, producer, topics: Arc::default() })
    }

    /// Sets a property of librdkafka's consumers.
    #[must_use]
    pub fn with(mut self, property: &str, value: &str) -> Self {
        self.config.set(property, value);
        self
    }

    /// Makes topics that are missing; a broker that makes them by itself would choose the number of
    /// partitions.
    async fn ensure<'a>(&self, topics: impl Iterator<Item = &'a str>) -> Result<(), LogError> {
        let wanted: HashSet<String> = {
            let known = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
            topics.filter(|topic| !known.contains(*topic)).map(str::to_owned).collect()
        };
        if wanted.is_empty() {
            return Ok(());
        }
        let admin: AdminClient<DefaultClientContext> = self.config.create()?;
        let (admin, there) = blocking(move || {
            let there = admin.inner().fetch_metadata(None, ADMIN_WAIT)?;
            let there: HashSet<_> = there.topics().iter().map(|t| t.name().to_owned()).collect();
            Ok((admin, there))
        })
        .await?;
        let missing: Vec<NewTopic<'_>> = wanted
            .iter()
            .filter(|topic| !there.contains(*topic))
            // As many replicas as the brokers are told to keep.
            .map(|topic| NewTopic::new(topic, i32::from(PARTITIONS), TopicReplication::Fixed(-1)))
            .collect();
        if !missing.is_empty() {
            let options = AdminOptions::new().operation_timeout(Some(ADMIN_WAIT));
            for made in admin.create_topics(&missing, &options).await? {
                match made {
                    Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                    Err((_, code)) => return Err(KafkaError::AdminOp(code).into()),
                }
            }
        }
        self.topics.lock().unwrap_or_else(PoisonError::into_inner).extend(wanted);
        Ok(())
    }

    /// Hands a record to the producer, which sends in this order.
    fn send(&self, record: &Record) -> Result<DeliveryFuture, LogError> {
        let headers = record.headers.iter().fold(
            OwnedHeaders::new_with_capacity(record.headers.len()),
            |headers, (key, value)| headers.insert(Header { key, value: Some(value) }),
        );
        let message = FutureRecord::to(&record.topic)
            .partition(i32::from(record.part))
            .key(&record.key)
            .headers(headers)
            .payload(&record.body);
        self.producer.send_result(message).map_err(|(error, _)| error.into())
    }

    async fn produce(&self, batch: &[Record]) -> Result<Answers, LogError> {
        self.ensure(batch.iter().map(|record| record.topic.as_str())).await?;
        let mut failed: HashSet<(&str, &str)> = HashSet::new();
        let mut sent = Vec::with_capacity(batch.len());
        for record in batch {
            let history = (record.topic.as_str(), record.key.as_str());
            let answer =
                if failed.contains(&history) { Err(LogError::Behind) } else { self.send(record) };
            if answer.is_err() {
                failed.insert(history);
            }
            sent.push(answer);
        }
        Ok(join_all(sent.into_iter().map(reported)).await)
    }
}

/// Waits for the brokers' report about a record.
async fn reported(sent: Result<DeliveryFuture, LogError>) -> Result<(), LogError> {
    match sent?.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err((error, _))) => Err(error.into()),
        Err(_) => Err(LogError::Broken("the producer is gone")),
    }
}

/// Runs what blocks in librdkafka.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, LogError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(LogError::Broken("a call of librdkafka panicked")),
    }
}

impl EventLog for KafkaLog {
    fn publish<'a>(&'a self, batch: &'a [Record]) -> BoxFuture<'a, Result<Answers, LogError>> {
        Box::pin(self.produce(batch))
    }

    fn consumer<'a>(
        &'a self,
        group: &'a str,
        topics: &'a [String],
    ) -> BoxFuture<'a, Result<Box<dyn Consumer>, LogError>> {
        Box::pin(async move {
            self.ensure(topics.iter().map(String::as_str)).await?;
            let consumer = KafkaConsumer::join(&self.config, group, topics)?;
            Ok(Box::new(consumer) as Box<dyn Consumer>)
        })
    }
}

impl std::fmt::Debug for KafkaLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaLog").finish_non_exhaustive()
    }
}
