//! What only the orders service needs to know.

use dynamo_kit::DynamoConfig;
use event_kit::EventsConfig;
use postgres_kit::PostgresConfig;
use service_kit::IntakeConfig;

/// The configuration of the orders service.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented in the kit")]
    pub postgres: PostgresConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented in the kit")]
    pub events: EventsConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented in the kit")]
    pub dynamo: DynamoConfig,
    /// How many orders may be begun.
    #[command(flatten)]
    pub intake: IntakeConfig,
    /// Base URL of the inventory service.
    #[arg(long, env = "CE_INVENTORY_URL", default_value = "http://127.0.0.1:8002")]
    pub inventory_url: String,
    /// Base URL of the payment service.
    #[arg(long, env = "CE_PAYMENT_URL", default_value = "http://127.0.0.1:8004")]
    pub payment_url: String,
    /// Base URL of the fleet service.
    #[arg(long, env = "CE_FLEET_URL", default_value = "http://127.0.0.1:8005")]
    pub fleet_url: String,
    /// How long `POST /v1/orders` waits for a decision before it answers 202, in milliseconds.
    #[arg(long, env = "CE_DECISION_WAIT_MS", default_value_t = 800)]
    pub decision_wait_ms: u64,
    /// Most orders on which this process works at once.
    #[arg(long, env = "CE_SAGA_SLOTS", default_value_t = 16)]
    pub saga_slots: usize,
}
