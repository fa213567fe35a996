//! What only the notification service needs to know.

use event_kit::EventsConfig;
use postgres_kit::PostgresConfig;
use secrecy::SecretString;

/// The configuration of the notification service.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented in the kit")]
    pub postgres: PostgresConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented in the kit")]
    pub events: EventsConfig,
    /// Base URL of the identity service, asked for addresses at the moment of sending.
    #[arg(long, env = "CE_IDENTITY_URL", default_value = "http://127.0.0.1:8001")]
    pub identity_url: String,
    /// Mail server: `smtp://host:port` in the clear, `smtp://user:password@host:587?tls=required`, or
    /// `smtps://`.
    #[arg(
        long,
        env = "CE_SMTP_URL",
        hide_env_values = true,
        default_value = "smtp://127.0.0.1:18125"
    )]
    pub smtp_url: SecretString,
    /// Whom letters come from.
    #[arg(
        long,
        env = "CE_MAIL_FROM",
        default_value = "CloudEats Direct <orders@cloudeats.example>"
    )]
    pub mail_from: String,
}
