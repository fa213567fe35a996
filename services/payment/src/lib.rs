//! Payments: money held, taken and let go, with a ledger that adds up.

mod app;
#[cfg(test)]
mod bench;
pub mod clients;
mod config;
mod domain;
mod events;
mod metrics;
pub mod reconciliation;
pub mod routes;
pub mod saga;
mod store;

pub use app::App;
pub use config::Config;

/// The schema of the payment database.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();
