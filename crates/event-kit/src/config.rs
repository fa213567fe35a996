//! Which log, and how patient we are.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use secrecy::{ExposeSecret, SecretString};

use crate::{EventBridgeLog, EventLog, KafkaLog, Log, PostgresLog};

/// What carries events between services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Backend {
    /// Tables of a `PostgreSQL` database of their own.
    Postgres,
    /// Kafka 2.4 or later.
    Kafka,
    /// An AWS `EventBridge` bus, with an SQS queue for each consumer.
    #[value(name = "eventbridge")]
    EventBridge,
}

/// How Kafka's brokers are spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum KafkaAccess {
    /// In plain words, by anybody.
    Plain,
    /// TLS, by anybody.
    Tls,
    /// TLS, by a role of AWS IAM, as MSK asks for; brokers make a topic when its owner first tells something.
    Iam,
}

/// Where facts are told and heard.
#[derive(Debug, Clone, clap::Args)]
pub struct EventsConfig {
    /// What carries events between services.
    #[arg(long, env = "CE_EVENT_LOG", value_enum, default_value = "postgres")]
    pub event_log: Backend,
    /// `postgres://` URL of the database that holds the `PostgreSQL` log.
    #[arg(long, env = "CE_EVENT_LOG_URL", hide_env_values = true)]
    pub event_log_url: Option<SecretString>,
    /// Kafka brokers to begin with, `host:port,host:port`.
    #[arg(long, env = "CE_KAFKA_BOOTSTRAP")]
    pub kafka_bootstrap: Option<String>,
    /// How Kafka's brokers are spoken to. Binaries speak TLS to them when they are built with the feature
    /// `event-kit/kafka-tls`, as those are that the Dockerfile compiles.
    #[arg(long, env = "CE_KAFKA_ACCESS", value_enum, default_value = "plain")]
    pub kafka_access: KafkaAccess,
    /// PEM file of who may have signed the certificates of Kafka's brokers; without it, whomever the machine trusts.
    #[arg(long, env = "CE_KAFKA_ROOTS_FILE")]
    pub kafka_roots_file: Option<PathBuf>,
    /// Name of the `EventBridge` bus.
    #[arg(long, env = "CE_EVENTBRIDGE_BUS", default_value = "cloudeats")]
    pub eventbridge_bus: String,
    /// An engine other than AWS for `EventBridge`; bus, rules and queues that are missing there are made.
    #[arg(long, env = "CE_EVENTBRIDGE_ENDPOINT")]
    pub eventbridge_endpoint: Option<String>,
    /// An engine other than AWS for SQS.
    #[arg(long, env = "CE_SQS_ENDPOINT")]
    pub sqs_endpoint: Option<String>,
    /// Stands before a consumer's name in the names of its queue and its rule.
    #[arg(long, env = "CE_SQS_QUEUE_PREFIX", default_value = "cloudeats-")]
    pub sqs_queue_prefix: String,
    /// The region in which facts of this process originate, and where its AWS services are.
    #[arg(long, env = "CE_REGION", default_value = "us-east-1")]
    pub region: String,
    /// Most events that are applied at the same time; each has a key of its own.
    #[arg(long, env = "CE_EVENT_PARALLEL_MAX", default_value_t = 4)]
    pub event_parallel_max: usize,
    /// How long an event waits for the one before it, before it is parked.
    #[arg(long, env = "CE_EVENT_GAP_WAIT_MS", default_value_t = 5_000)]
    pub event_gap_wait_ms: u64,
    /// Pause after the first of five attempts; each further one is five times longer, 20 s at most.
    #[arg(long, env = "CE_EVENT_RETRY_MS", default_value_t = 250)]
    pub event_retry_ms: u64,
    /// How long published facts stay in the outbox.
    #[arg(long, env = "CE_OUTBOX_KEEP_H", default_value_t = 72)]
    pub outbox_keep_h: u32,
    /// How long the inbox remembers; longer than the log keeps anything.
    #[arg(long, env = "CE_INBOX_KEEP_H", default_value_t = 24 * 14)]
    pub inbox_keep_h: u32,
    /// How long the `PostgreSQL` log keeps events.
    #[arg(long, env = "CE_EVENT_LOG_KEEP_H", default_value_t = 24 * 7)]
    pub event_log_keep_h: u32,
}

impl EventsConfig {
    pub(crate) fn gap_wait(&self) -> Duration {
        Duration::from_millis(self.event_gap_wait_ms)
    }

    pub(crate) fn retry_pause(&self, attempt: u32) -> Duration {
        const PAUSE_MAX_MS: u64 = 20_000;
        let grown = self.event_retry_ms.saturating_mul(5_u64.saturating_pow(attempt - 1));
        Duration::from_millis(grown.min(PAUSE_MAX_MS))
    }
}

/// Opens the event log. A log that is away does not hinder it: facts wait in the outbox.
///
/// # Errors
/// The address is missing or cannot be read.
pub async fn connect(config: &EventsConfig) -> anyhow::Result<Log> {
    let backend: Arc<dyn EventLog> = match config.event_log {
        Backend::Postgres => {
            let url = config.event_log_url.as_ref().context("CE_EVENT_LOG_URL is missing")?;
            Arc::new(PostgresLog::open(url.expose_secret(), config.event_log_keep_h)?)
        }
        Backend::Kafka => Arc::new(KafkaLog::open(config).await?),
        Backend::EventBridge => {
            let endpoints = [&config.eventbridge_endpoint, &config.sqs_endpoint];
            let elsewhere = endpoints.into_iter().flatten().count();
            ensure!(elsewhere != 1, "CE_EVENTBRIDGE_ENDPOINT and CE_SQS_ENDPOINT belong together");
            Arc::new(EventBridgeLog::open(config).await)
        }
    };
    Ok(Log::new(backend, config.clone()))
}
