//! The log in `EventBridge`, with an SQS queue for each group.

mod cloud_event;
mod entries;
mod queue;
mod setup;

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_eventbridge::config::{Credentials, SharedCredentialsProvider};
use futures::{StreamExt, future::BoxFuture, stream};
use tokio::sync::OnceCell;

use self::{entries::Entry, queue::SqsConsumer, setup::Setup};
use crate::{Abilities, Answers, Consumer, EventLog, EventsConfig, LogError, Record};

/// How long a message is hidden from others while it is applied; renewed as long as that takes.
const VISIBILITY: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(1);
/// Longer than a long poll.
const ATTEMPT: Duration = Duration::from_secs(20);
/// Calls of `PutEvents` at once; what they carry has no order anyway.
const CALLS_AT_ONCE: usize = 8;

/// The log in `EventBridge`: one bus, a rule and a queue for each group. It carries each record at least
/// once and promises nothing else; positions restore the order. A group hears what is told from the
/// moment on at which it has its rule.
pub struct EventBridgeLog {
    bus: aws_sdk_eventbridge::Client,
    queues: aws_sdk_sqs::Client,
    bus_name: String,
    queue_prefix: String,
    visibility: Duration,
    /// Makes what is missing, on an engine other than AWS; there it is infrastructure.
    setup: Option<Setup>,
    bus_made: OnceCell<()>,
}

impl EventBridgeLog {
    /// Prepares the clients. Nothing is asked of AWS yet, so that a service starts without it.
    pub async fn open(config: &EventsConfig) -> Self {
        let (bus_url, queues_url) = (&config.eventbridge_endpoint, &config.sqs_endpoint);
        let elsewhere = bus_url.is_some() || queues_url.is_some();
        let region = config.region.clone();
        let shared = if elsewhere { dummy(region) } else { at_aws(region).await };
        let timeouts =
            TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT);
        let shared = shared
            .into_builder()
            .timeout_config(timeouts.build())
            // The relay tells again, and the consumer asks again: nobody repeats within that.
            .retry_config(RetryConfig::disabled())
            .build();

        let mut bus = aws_sdk_eventbridge::config::Builder::from(&shared);
        bus.set_endpoint_url(bus_url.clone());
        let bus = aws_sdk_eventbridge::Client::from_conf(bus.build());
        let mut queues = aws_sdk_sqs::config::Builder::from(&shared);
        queues.set_endpoint_url(queues_url.clone());
        let queues = aws_sdk_sqs::Client::from_conf(queues.build());
        let bus_name = config.eventbridge_bus.clone();
        let setup = Setup { bus: bus.clone(), queues: queues.clone(), bus_name: bus_name.clone() };
        Self {
            bus,
            queues,
            bus_name,
            queue_prefix: config.sqs_queue_prefix.clone(),
            visibility: VISIBILITY,
            setup: elsewhere.then_some(setup),
            bus_made: OnceCell::new(),
        }
    }

    /// Lets others see the messages of a silent consumer after `visibility` instead of 30 s. SQS counts
    /// whole seconds.
    #[must_use]
    pub fn with_visibility(self, visibility: Duration) -> Self {
        Self { visibility, ..self }
    }

    async fn make_bus(&self) -> Result<(), LogError> {
        if let Some(setup) = &self.setup {
            self.bus_made.get_or_try_init(|| setup.make_bus()).await?;
        }
        Ok(())
    }

    /// A call that got no answer answers so for each of its records; when none got one, the bus is away.
    async fn put(&self, batch: &[Record]) -> Result<Answers, LogError> {
        self.make_bus().await?;
        let entries: Vec<Entry> =
            batch.iter().map(|record| Entry::of(record, &self.bus_name)).collect();
        let chunks = entries::chunks(&entries);
        let calls: Vec<_> = chunks.iter().map(|chunk| entries::put(&self.bus, chunk)).collect();
        let told: Vec<Result<Answers, LogError>> =
            stream::iter(calls).buffered(CALLS_AT_ONCE).collect().await;

        let away = told.iter().all(Result::is_err);
        let mut answers = Answers::with_capacity(batch.len());
        for (told, chunk) in told.into_iter().zip(chunks) {
            match told {
                Ok(told) => answers.extend(told),
                Err(error) if away => return Err(error),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "some facts not told");
                    answers.extend(chunk.iter().map(|_| Err(LogError::refused("no-answer"))));
                }
            }
        }
        Ok(answers)
    }

    async fn join(&self, group: &str, topics: &[String]) -> Result<SqsConsumer, LogError> {
        let name = format!("{}{group}", self.queue_prefix);
        if let Some(setup) = &self.setup {
            self.make_bus().await?;
            setup.make_queue(&name, topics).await?;
        }
        SqsConsumer::join(self.queues.clone(), &name, self.visibility).await
    }
}

/// Engines other than AWS want a signature and do not look at it; real credentials must not reach them.
fn dummy(region: String) -> SdkConfig {
    let credentials = Credentials::new("local", "local", None, None, "dummy");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// As the role of the pod, or by the credentials of the environment.
pub(crate) async fn at_aws(region: String) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest()).region(Region::new(region)).load().await
}

impl EventLog for EventBridgeLog {
    fn publish<'a>(&'a self, batch: &'a [Record]) -> BoxFuture<'a, Result<Answers, LogError>> {
        Box::pin(self.put(batch))
    }

    fn consumer<'a>(
        &'a self,
        group: &'a str,
        topics: &'a [String],
    ) -> BoxFuture<'a, Result<Box<dyn Consumer>, LogError>> {
        Box::pin(async move { Ok(Box::new(self.join(group, topics).await?) as Box<dyn Consumer>) })
    }

    fn abilities(&self) -> Abilities {
        Abilities { ordered: false, replay: false, fenced: false }
    }
}

impl std::fmt::Debug for EventBridgeLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventBridgeLog").field("bus", &self.bus_name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod live {
    use std::{
        collections::BTreeSet,
        time::{Duration, Instant},
    };

    use clap::Parser;
    use common::types::{Clock, SystemClock};

    use super::*;
    use crate::{Delivery, Headers, Mark};

    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        events: EventsConfig,
    }

    /// A log with a bus of its own, and one-second patience.
    async fn a_log() -> EventBridgeLog {
        #[expect(clippy::disallowed_methods, reason = "names an emulator for the tests alone")]
        let endpoint = std::env::var("TEST_AWS_ENDPOINT")
            .expect("TEST_AWS_ENDPOINT names an AWS emulator (moto); `cloudeats test` starts one");
        let name = format!("test-{}", SystemClock.new_id().simple());
        let config = EventsConfig {
            eventbridge_bus: name.clone(),
            eventbridge_endpoint: Some(endpoint.clone()),
            sqs_endpoint: Some(endpoint),
            sqs_queue_prefix: format!("{name}-"),
            ..Cli::parse_from(["log"]).events
        };
        EventBridgeLog::open(&config).await.with_visibility(Duration::from_secs(3))
    }

    fn a_record(topic: &str, bytes: usize) -> Record {
        let id = SystemClock.new_id();
        let headers = Headers::from([("ce_id".to_owned(), id.to_string())]);
        let body = format!("\"{}\"", "x".repeat(bytes)).into_bytes();
        Record { topic: topic.to_owned(), part: 2, id, key: String::new(), headers, body }
    }

    async fn read(reader: &mut SqsConsumer, count: usize) -> Vec<Delivery> {
        let (mut found, began) = (Vec::new(), Instant::now());
        while found.len() < count {
            assert!(began.elapsed() < Duration::from_secs(20), "{} of {count} came", found.len());
            found.extend(reader.poll(100, Duration::from_millis(100)).await.unwrap());
        }
        found
    }

    async fn comes_nothing(reader: &mut SqsConsumer) {
        for _ in 0..40 {
            assert_eq!(reader.poll(100, Duration::from_millis(100)).await.unwrap(), []);
        }
    }

    fn of(topic: &str) -> [String; 1] {
        [topic.to_owned()]
    }

    #[tokio::test]
    async fn the_bus_answers_for_each_entry() {
        let log = a_log().await;
        let mut reader = log.join("shop", &of("bakery")).await.unwrap();
        let mut batch: Vec<Record> = (0..23).map(|_| a_record("bakery", 10)).collect();
        // The bus takes no entry without a source.
        batch[4].topic.clear();
        batch[17] = a_record("bakery", 300_000);

        let answers = log.put(&batch).await.unwrap();

        let refused: Vec<usize> = (0..23).filter(|n| answers[*n].is_err()).collect();
        assert_eq!(refused, [4, 17]);
        assert!(
            matches!(&answers[4], Err(LogError::Refused { code }) if code == "InvalidArgument")
        );
        assert!(matches!(answers[17], Err(LogError::TooLarge { .. })));
        let came: BTreeSet<_> =
            read(&mut reader, 21).await.into_iter().map(|d| d.record.id).collect();
        let sent = batch.iter().zip(&answers).filter(|(_, answer)| answer.is_ok());
        assert_eq!(came, sent.map(|(record, _)| record.id).collect());
    }

    #[tokio::test]
    async fn a_bus_that_is_away_refuses_nothing_and_fails_as_a_whole() {
        let log = a_log().await;
        let nowhere = log.bus.config().to_builder().endpoint_url("http://127.0.0.1:9").build();
        let nowhere = aws_sdk_eventbridge::Client::from_conf(nowhere);
        log.make_bus().await.unwrap();
        let log = EventBridgeLog { bus: nowhere, ..log };

        let failed = log.put(&[a_record("bakery", 1), a_record("bakery", 1)]).await;

        assert!(matches!(failed, Err(LogError::Aws(_))), "{failed:?}");
    }

    #[tokio::test]
    async fn a_queue_hears_everything_about_its_sources_and_nothing_else() {
        let log = a_log().await;
        let mut shop = log.join("shop", &of("bakery")).await.unwrap();
        let mut mill = log.join("mill", &["bakery".to_owned(), "farm".to_owned()]).await.unwrap();

        log.put(&[a_record("bakery", 1), a_record("farm", 1), a_record("dairy", 1)]).await.unwrap();

        let topics = |read: Vec<Delivery>| -> BTreeSet<String> {
            read.into_iter().map(|delivery| delivery.record.topic).collect()
        };
        assert_eq!(
            topics(read(&mut mill, 2).await),
            ["bakery".to_owned(), "farm".to_owned()].into()
        );
        assert_eq!(topics(read(&mut shop, 1).await), ["bakery".to_owned()].into());
        comes_nothing(&mut shop).await;
    }

    #[tokio::test]
    async fn what_is_being_applied_is_kept_from_others_until_its_reader_is_gone() {
        let log = a_log().await;
        let mut first = log.join("shop", &of("bakery")).await.unwrap();
        log.put(&[a_record("bakery", 1), a_record("bakery", 1)]).await.unwrap();
        let held = read(&mut first, 2).await;
        let mut second = log.join("shop", &of("bakery")).await.unwrap();

        for _ in 0..20 {
            let waited = first.poll(0, Duration::from_millis(200));
            let (nothing, others) =
                futures::future::join(waited, second.poll(9, Duration::from_millis(200))).await;
            assert_eq!((nothing.unwrap(), others.unwrap()), (vec![], vec![]));
        }
        assert_eq!(first.lag().await.unwrap(), 2);

        let Delivery { record, offset, lease } = &held[0];
        let mark = Mark {
            topic: record.topic.clone(),
            part: record.part,
            lease: *lease,
            next: offset + 1,
        };
        let of_another = Mark { lease: lease - 1, ..mark.clone() };
        let refused = first.commit(&[mark, of_another.clone()]).await.unwrap();
        assert_eq!(refused, [of_another]);
        drop(first);

        let left = read(&mut second, 1).await;
        assert_eq!(left[0].record.id, held[1].record.id);
        comes_nothing(&mut second).await;
    }
}
