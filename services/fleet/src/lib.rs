//! Fleet: vehicles, couriers, deliveries, and where they are.

mod app;
#[cfg(test)]
mod bench;
mod config;
mod domain;
pub mod events;
mod metrics;
pub mod mqtt;
pub mod routes;
mod store;
pub mod workers;

pub use app::{App, Settings};
pub use config::Config;

/// The schema of the fleet database.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();
