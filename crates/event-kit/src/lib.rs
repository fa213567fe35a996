//! Facts on their way: staged in the transaction that makes them true, told in order, applied once.
//!
//! [`outbox`] stages, [`relay`] tells, an [`EventLog`] carries, [`Log::deliver`] hands to
//! [`Listeners`], [`inbox`] claims, [`dead_letters`] keeps what could not be applied, a [`snapshot`]
//! replaces what is missing.

mod config;
pub mod dead_letters;
mod deliver;
pub mod desk;
mod envelope;
mod eventbridge;
mod heard;
pub mod inbox;
mod kafka;
mod listeners;
mod log;
mod metrics;
pub mod outbox;
mod postgres;
mod relay;
pub mod snapshot;
#[cfg(test)]
mod suite;
mod trace;

pub use config::{Backend, EventsConfig, KafkaAccess, connect};
pub use envelope::{
    Envelope, EnvelopeError, Headers, PARTITIONS, partition_of, source_of, topic_of,
};
pub use eventbridge::EventBridgeLog;
pub use heard::Heard;
pub use kafka::KafkaLog;
pub use listeners::Listeners;
pub use log::{Abilities, Answers, Consumer, Delivery, EventLog, Log, LogError, Mark, Record};
pub use postgres::{PostgresLog, migrate_log};
pub use relay::relay;

/// The tables of the kit, as every service's first migration makes them.
#[cfg(test)]
pub(crate) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
