//! The log in Kafka.

mod access;
mod consumer;
mod iam;

use std::{
    collections::HashSet,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context;
use futures::future::{BoxFuture, join_all};
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    error::{KafkaError, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    metadata::MetadataTopic,
    producer::{FutureProducer, FutureRecord, Producer as _, future_producer::DeliveryFuture},
};

use self::{
    access::{SignIn, Source, Tokens},
    consumer::KafkaConsumer,
};
use crate::{
    Answers, Consumer, EventLog, EventsConfig, LogError, PARTITIONS, Record, config::KafkaAccess,
    eventbridge,
};

const ADMIN_WAIT: Duration = Duration::from_secs(5);
/// How often it is asked whether a broker has made a topic.
const MADE_PAUSE: Duration = Duration::from_millis(200);
const UNEVEN: &str = "a topic has another number of partitions";

/// The log in Kafka: idempotent producer, all replicas, partitions named by us.
#[derive(Clone)]
pub struct KafkaLog {
    config: ClientConfig,
    producer: FutureProducer<SignIn>,
    topics: Arc<Mutex<HashSet<String>>>,
    sign_in: SignIn,
}

impl KafkaLog {
    /// Opens the log as the configuration says; no broker need be there yet.
    ///
    /// # Errors
    /// The brokers are not named, or the configuration is refused by librdkafka.
    pub async fn open(config: &EventsConfig) -> anyhow::Result<Self> {
        let bootstrap = config.kafka_bootstrap.as_ref().context("CE_KAFKA_BOOTSTRAP is missing")?;
        let roots = config.kafka_roots_file.as_deref();
        match config.kafka_access {
            KafkaAccess::Plain => Self::plain(bootstrap),
            KafkaAccess::Tls => {
                let mut native = native(bootstrap);
                access::guard(&mut native, roots, false)?;
                Self::with_sign_in(native, SignIn::default())
            }
            KafkaAccess::Iam => {
                let aws = eventbridge::at_aws(config.region.clone()).await;
                Self::signed(bootstrap, roots, iam::tokens(aws)).await
            }
        }
    }

    /// Opens the log at `host:port,host:port`, where brokers speak plainly; none need be there yet.
    ///
    /// # Errors
    /// The configuration is refused by librdkafka.
    pub fn plain(bootstrap: &str) -> anyhow::Result<Self> {
        Self::with_sign_in(native(bootstrap), SignIn::default())
    }

    /// Opens the log where brokers speak TLS and want tokens of this source.
    pub(crate) async fn signed(
        bootstrap: &str,
        roots: Option<&Path>,
        source: Source,
    ) -> anyhow::Result<Self> {
        let mut native = native(bootstrap);
        access::guard(&mut native, roots, true)?;
        // A topic that is told later than its hearers came is found soon, not after five minutes.
        native.set("topic.metadata.refresh.interval.ms", "10000");
        Self::with_sign_in(native, SignIn(Some(Arc::new(Tokens::of(source).await))))
    }

    fn with_sign_in(config: ClientConfig, sign_in: SignIn) -> anyhow::Result<Self> {
        let producer = config
            .clone()
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "2")
            // The relay gives up and tells again; it must be able to stop meanwhile.
            .set("message.timeout.ms", "15000")
            .create_with_context(sign_in.clone())
            .context("Kafka's client refuses its configuration")?;
        Ok(Self { config, producer, topics: Arc::default(), sign_in })
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
        if self.sign_in.0.is_some() {
            for topic in &wanted {
                self.made_by_the_broker(topic).await?;
            }
            self.topics.lock().unwrap_or_else(PoisonError::into_inner).extend(wanted);
            return Ok(());
        }
        let admin: AdminClient<SignIn> = self.config.create_with_context(self.sign_in.clone())?;
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

    /// Asks for a topic until the broker has made it. Nobody fetches tokens for the admin client of rdkafka
    /// (<https://github.com/fede1024/rust-rdkafka/issues/757>); the producer's own are renewed.
    async fn made_by_the_broker(&self, topic: &str) -> Result<(), LogError> {
        let began = Instant::now();
        loop {
            let (producer, name) = (self.producer.clone(), topic.to_owned());
            let (parts, error) = blocking(move || {
                let found = producer.client().fetch_metadata(Some(&name), ADMIN_WAIT)?;
                let found = found.topics().iter().find(|topic| topic.name() == name);
                let error = found.and_then(MetadataTopic::error).map(RDKafkaErrorCode::from);
                Ok((found.map_or(0, |topic| topic.partitions().len()), error))
            })
            .await?;
            let made = parts == usize::from(PARTITIONS);
            let coming = parts == 0
                && !error.is_some_and(consumer::is_forbidden)
                && began.elapsed() < ADMIN_WAIT;
            match error {
                _ if made => return Ok(()),
                _ if coming => tokio::time::sleep(MADE_PAUSE).await,
                Some(code) => {
                    tracing::error!(topic, error = %code, "the brokers give no topic");
                    return Err(KafkaError::MetadataFetch(code).into());
                }
                None => {
                    tracing::error!(topic, found = parts, wanted = PARTITIONS, "{UNEVEN}");
                    return Err(LogError::Broken(UNEVEN));
                }
            }
        }
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

fn native(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("client.id", "cloudeats");
    config
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
            // Where tokens are wanted, only its owner may make a topic.
            if self.sign_in.0.is_none() {
                self.ensure(topics.iter().map(String::as_str)).await?;
            }
            let consumer = KafkaConsumer::join(&self.config, &self.sign_in, group, topics)?;
            Ok(Box::new(consumer) as Box<dyn Consumer>)
        })
    }
}

impl std::fmt::Debug for KafkaLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaLog").finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod signed {
    //! Tokens as the least suspicious of brokers takes them: nobody signed them
    //! (RFC 7515, section 6).

    use std::{sync::Arc, time::Duration};

    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use common::types::{Clock, SystemClock};

    use super::access::{Source, Token};

    /// Short, so that a story needs several.
    const LIFE: Duration = Duration::from_secs(20);

    pub(crate) fn source() -> Source {
        Arc::new(|| {
            let now = SystemClock.now();
            Box::pin(async move {
                let until = now.checked_add(LIFE)?;
                let (from, to) = (now.as_second(), until.as_second());
                let claims = format!(r#"{{"sub":"cloudeats","iat":{from},"exp":{to}}}"#);
                let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
                let words = format!("{}.{}.", part(r#"{"alg":"none"}"#), part(&claims));
                Ok(Token { words, until })
            })
        })
    }
}

/// On the broker of `cloudeats test --part kafka-signed`.
#[cfg(test)]
#[cfg(feature = "kafka-tls")]
mod live {
    use std::path::PathBuf;

    use super::{access::Token, *};

    #[expect(clippy::disallowed_methods, reason = "names a broker for the tests alone")]
    fn variable(name: &str) -> String {
        std::env::var(name).expect("`cloudeats test --part kafka-signed` starts a broker")
    }

    fn roots() -> PathBuf {
        variable("TEST_KAFKA_ROOTS").into()
    }

    fn record() -> Record {
        Record {
            topic: "cloudeats.signed".to_owned(),
            part: 0,
            id: uuid::Uuid::nil(),
            key: "key".to_owned(),
            headers: crate::Headers::new(),
            body: b"{}".to_vec(),
        }
    }

    async fn is_told(log: &KafkaLog) -> bool {
        match log.publish(&[record()]).await {
            Ok(answers) => answers.into_iter().all(|answer| answer.is_ok()),
            Err(_) => false,
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_broker_that_was_signed_by_somebody_else_is_told_nothing() {
        let bootstrap = variable("KAFKA_BOOTSTRAP");
        let theirs =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../k8s/components/aws/roots/roots.pem");
        let ours = KafkaLog::signed(&bootstrap, Some(&roots()), signed::source()).await.unwrap();
        let wary = KafkaLog::signed(&bootstrap, Some(&theirs), signed::source()).await.unwrap();

        assert!(is_told(&ours).await);
        assert!(!is_told(&wary).await);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_broker_that_asks_for_no_token_is_told_by_tls() {
        let mut native = native(&variable("TEST_KAFKA_TLS"));
        access::guard(&mut native, Some(&roots()), false).unwrap();
        let log = KafkaLog::with_sign_in(native, SignIn::default()).unwrap();

        assert!(is_told(&log).await);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_broker_hears_nobody_without_a_token_that_it_takes() {
        let bootstrap = variable("KAFKA_BOOTSTRAP");
        let source: Source = Arc::new(|| {
            Box::pin(async {
                Ok(Token { words: "nobody.knows.me".to_owned(), until: jiff::Timestamp::MAX })
            })
        });
        let mut native = native(&bootstrap);
        access::guard(&mut native, Some(&roots()), false).unwrap();

        let stranger = KafkaLog::signed(&bootstrap, Some(&roots()), source).await.unwrap();
        let anybody = KafkaLog::with_sign_in(native, SignIn::default()).unwrap();
        let plain = KafkaLog::plain(&bootstrap).unwrap();

        assert!(!is_told(&stranger).await);
        assert!(!is_told(&anybody).await);
        assert!(!is_told(&plain).await);
    }
}
