//! What only the fleet service needs to know.

use std::{path::PathBuf, time::Duration};

use event_kit::EventsConfig;
use postgres_kit::PostgresConfig;
use secrecy::SecretString;

use crate::Settings;

/// The configuration of the fleet service.
#[derive(Debug, Clone, clap::Args)]
pub struct Config {
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented in the kit")]
    pub postgres: PostgresConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented in the kit")]
    pub events: EventsConfig,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented there")]
    pub mqtt: MqttConfig,
    /// A courier who is silent for so long before collecting loses the delivery, in seconds
    #[arg(long, env = "CE_COURIER_SILENCE_S", default_value_t = 120)]
    pub courier_silence_s: u64,
    /// A position that would need a faster vehicle is not believed, in metres per second
    #[arg(long, env = "CE_VEHICLE_SPEED_MAX_MPS", default_value_t = 55.0)]
    pub vehicle_speed_max_mps: f64,
    /// How long tracks of vehicles are kept, in days
    #[arg(long, env = "CE_TRACK_KEPT_DAYS", default_value_t = 30)]
    pub track_kept_days: u64,
}

/// Where devices speak.
#[derive(Debug, Clone, clap::Args)]
pub struct MqttConfig {
    /// `mqtt://host:port` of the broker, or `mqtts://` for TLS; without one no device is heard
    #[arg(long, env = "CE_MQTT_URL")]
    pub mqtt_url: Option<String>,
    /// Who may have signed the broker's certificate, as PEM; needed for `mqtts://`
    #[arg(long, env = "CE_MQTT_ROOTS_FILE")]
    pub mqtt_roots_file: Option<PathBuf>,
    /// The service's own certificate for a broker that asks for one, as PEM
    #[arg(long, env = "CE_MQTT_CERTIFICATE_FILE", requires = "mqtt_key_file")]
    pub mqtt_certificate_file: Option<PathBuf>,
    /// The private key of that certificate, as PEM
    #[arg(long, env = "CE_MQTT_KEY_FILE", requires = "mqtt_certificate_file")]
    pub mqtt_key_file: Option<PathBuf>,
    /// The service's user at the broker
    #[arg(long, env = "CE_MQTT_USERNAME", default_value = "fleet")]
    pub mqtt_username: String,
    /// The password of that user
    #[arg(long, env = "CE_MQTT_PASSWORD", hide_env_values = true)]
    pub mqtt_password: Option<SecretString>,
    /// The broker keeps what this process has not taken under this name: each replica needs its own, the
    /// same after a restart
    #[arg(long, env = "CE_MQTT_CLIENT_ID", default_value = "fleet-0", value_parser = client_id)]
    pub mqtt_client_id: String,
    /// Messages that a vehicle may send each second; ten times as many at once
    #[arg(long, env = "CE_MQTT_MESSAGES_PER_S", default_value_t = 10)]
    pub mqtt_messages_per_s: u32,
    /// Positions that are stored at once, at most
    #[arg(long, env = "CE_TELEMETRY_BATCH_ROWS", default_value_t = 500)]
    pub telemetry_batch_rows: usize,
    /// How long a position waits for others to be stored with, in milliseconds
    #[arg(long, env = "CE_TELEMETRY_BATCH_WAIT_MS", default_value_t = 100)]
    pub telemetry_batch_wait_ms: u64,
}

impl Config {
    /// What operators decide about the fleet itself.
    #[must_use]
    pub fn settings(&self) -> Settings {
        const DAY_S: u64 = 24 * 3_600;
        Settings {
            courier_silence: Duration::from_secs(self.courier_silence_s),
            speed_max_mps: self.vehicle_speed_max_mps,
            track_kept: Duration::from_secs(self.track_kept_days.saturating_mul(DAY_S)),
        }
    }
}

/// MQTT 3.1.1 obliges brokers to take names of this form only (3.1.3.1), but for the hyphen.
fn client_id(text: &str) -> Result<String, &'static str> {
    let clean = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if (1..=23).contains(&text.len()) && text.bytes().all(clean) {
        Ok(text.to_owned())
    } else {
        Err("1 to 23 of A-Z, a-z, 0-9 and -")
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        config: MqttConfig,
    }

    #[test]
    fn a_name_that_a_broker_need_not_take_is_refused_before_a_port_opens() {
        for name in ["", "a/b", "ünique", "123456789012345678901234"] {
            assert!(Cli::try_parse_from(["x", "--mqtt-client-id", name]).is_err(), "{name}");
        }
        let cli = Cli::try_parse_from(["x", "--mqtt-client-id", "fleet-1"]);
        assert_eq!(cli.map(|cli| cli.config.mqtt_client_id).ok().as_deref(), Some("fleet-1"));
    }
}
