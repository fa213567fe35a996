//! What only the gateway needs to know.

use redis_kit::RedisConfig;

/// The configuration of the gateway.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented in the kit")]
    pub redis: RedisConfig,
    /// How often somebody may ask.
    #[command(flatten)]
    pub rates: RateConfig,
    /// Who stands before the gateway, and who may read its answers.
    #[command(flatten)]
    pub edge: EdgeConfig,
    /// Base URL of the identity service.
    #[arg(long, env = "CE_IDENTITY_URL", default_value = "http://127.0.0.1:8001")]
    pub identity_url: String,
    /// Base URL of the inventory service.
    #[arg(long, env = "CE_INVENTORY_URL", default_value = "http://127.0.0.1:8002")]
    pub inventory_url: String,
    /// Base URL of the orders service.
    #[arg(long, env = "CE_ORDERS_URL", default_value = "http://127.0.0.1:8003")]
    pub orders_url: String,
    /// Base URL of the payment service.
    #[arg(long, env = "CE_PAYMENT_URL", default_value = "http://127.0.0.1:8004")]
    pub payment_url: String,
    /// Base URL of the fleet service.
    #[arg(long, env = "CE_FLEET_URL", default_value = "http://127.0.0.1:8005")]
    pub fleet_url: String,
    /// Base URL of the notification service.
    #[arg(long, env = "CE_NOTIFICATION_URL", default_value = "http://127.0.0.1:8006")]
    pub notification_url: String,
}

/// How often somebody may ask.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct RateConfig {
    /// Requests of one principal a minute.
    #[arg(long, env = "CE_RATE_PRINCIPAL_PER_MIN", default_value_t = 100)]
    pub rate_principal_per_min: u32,
    /// Requests from one address a minute, without a token.
    #[arg(long, env = "CE_RATE_GUEST_PER_MIN", default_value_t = 30)]
    pub rate_guest_per_min: u32,
    /// Orders of one principal a minute.
    #[arg(long, env = "CE_RATE_ORDERS_PER_MIN", default_value_t = 10)]
    pub rate_orders_per_min: u32,
    /// Requests to `/v1/auth` from one address a minute.
    #[arg(long, env = "CE_RATE_AUTH_PER_MIN", default_value_t = 30)]
    pub rate_auth_per_min: u32,
    /// Messages of payment providers from one address a minute.
    #[arg(long, env = "CE_RATE_WEBHOOK_PER_MIN", default_value_t = 6_000)]
    pub rate_webhook_per_min: u32,
}

/// Who stands before the gateway, and who may read its answers.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct EdgeConfig {
    /// Origins whose pages may read answers, separated by commas; none by default.
    #[arg(long, env = "CE_CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<String>,
    /// Hosts under which the gateway is known, separated by commas, without ports; none: any will do.
    #[arg(long, env = "CE_PUBLIC_HOSTS", value_delimiter = ',')]
    pub public_hosts: Vec<String>,
    /// TLS ends before the gateway: answers say that browsers shall insist on it.
    #[arg(long, env = "CE_PUBLIC_TLS")]
    pub public_tls: bool,
    /// Proxies of ours before the gateway; so many entries of `X-Forwarded-For`, from its end, are believed.
    #[arg(long, env = "CE_TRUSTED_PROXIES", default_value_t = 0)]
    pub trusted_proxies: usize,
}
