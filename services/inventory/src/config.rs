//! What only the inventory service needs to know.

use dynamo_kit::DynamoConfig;
use event_kit::EventsConfig;
use postgres_kit::PostgresConfig;
use redis_kit::RedisConfig;

/// The configuration of the inventory service.
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
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented in the kit")]
    pub redis: RedisConfig,
    /// Base URL of the orders service, asked before an expired hold is released.
    #[arg(long, env = "CE_ORDERS_URL")]
    pub orders_url: String,
    /// How often expired holds are looked for, in milliseconds.
    #[arg(long, env = "CE_SWEEP_EVERY_MS", default_value_t = 5_000,
        value_parser = clap::value_parser!(u64).range(50..=3_600_000))]
    pub sweep_every_ms: u64,
}
