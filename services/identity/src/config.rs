//! What only the identity service needs to know.

use std::path::PathBuf;

use event_kit::EventsConfig;
use postgres_kit::PostgresConfig;
use secrecy::SecretString;

use crate::Lives;

/// The configuration of the identity service.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented in the kit")]
    pub postgres: PostgresConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented in the kit")]
    pub events: EventsConfig,
    /// Who is made an admin while there is none.
    #[command(flatten)]
    pub admin: AdminConfig,
    /// Private key that signs access tokens: P-256, PKCS#8, PEM.
    #[arg(long, env = "CE_SIGNING_KEY_FILE")]
    pub signing_key_file: PathBuf,
    /// Life of an access token, in seconds.
    #[arg(long, env = "CE_ACCESS_LIFE_S", default_value_t = 900,
        value_parser = clap::value_parser!(i64).range(1..=3_600))]
    pub access_life_s: i64,
    /// Life of a refresh token, in seconds.
    #[arg(long, env = "CE_REFRESH_LIFE_S", default_value_t = 2_592_000,
        value_parser = clap::value_parser!(i64).range(1..=7_776_000))]
    pub refresh_life_s: i64,
    /// Memory of one Argon2id hash, in KiB. Less than the default is for tests and simulations.
    #[arg(long, env = "CE_ARGON2_MEMORY_KIB", default_value_t = 19_456,
        value_parser = clap::value_parser!(u32).range(64..=1_048_576))]
    pub argon2_memory_kib: u32,
}

/// The first admin.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct AdminConfig {
    /// Address of the admin that is made at the start while there is none.
    #[arg(long, env = "CE_BOOTSTRAP_ADMIN_EMAIL", requires = "bootstrap_admin_password")]
    pub bootstrap_admin_email: Option<String>,
    /// The password of that admin.
    #[arg(long, env = "CE_BOOTSTRAP_ADMIN_PASSWORD", hide_env_values = true)]
    pub bootstrap_admin_password: Option<SecretString>,
}

impl Config {
    /// How long tokens live.
    #[must_use]
    pub const fn lives(&self) -> Lives {
        Lives { access_s: self.access_life_s, refresh_s: self.refresh_life_s }
    }
}
