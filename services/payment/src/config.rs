//! What only the payment service needs to know.

use event_kit::EventsConfig;
use postgres_kit::PostgresConfig;

use crate::clients::WebhookSecret;

/// The configuration of the payment service.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented in the kit")]
    pub postgres: PostgresConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented in the kit")]
    pub events: EventsConfig,
    /// Base URL of the payment provider.
    #[arg(long, env = "CE_PROVIDER_URL", default_value = "http://127.0.0.1:18101")]
    pub provider_url: String,
    /// Longest wait for one answer of the provider; the caller's own deadline shortens it.
    #[arg(long, env = "CE_PROVIDER_TIMEOUT_MS", default_value_t = 5_000)]
    pub provider_timeout_ms: u64,
    /// What signs the provider's webhooks: `whsec_` and Base64 (Standard Webhooks). Without it none is
    /// believed, and the provider is asked instead.
    #[arg(long, env = "CE_PROVIDER_WEBHOOK_SECRET", hide_env_values = true)]
    pub provider_webhook_secret: Option<WebhookSecret>,
    /// How often the provider's books are held beside ours.
    #[arg(long, env = "CE_RECONCILE_EVERY_S", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    pub reconcile_every_s: u64,
    /// How long after the end of a day (UTC) the provider's file of that day is asked for.
    #[arg(long, env = "CE_SETTLEMENT_AFTER_MIN", default_value_t = 180, value_parser = clap::value_parser!(i64).range(0..=1440))]
    pub settlement_after_min: i64,
}
