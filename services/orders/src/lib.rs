//! Orders: carts, orders, the saga that keeps their promises, and the kitchen's board.

mod app;
#[cfg(test)]
mod bench;
pub mod clients;
mod config;
mod domain;
pub mod events;
pub mod export;
mod metrics;
pub mod projection;
pub mod pruning;
pub mod routes;
pub mod saga;
#[cfg(test)]
mod simulation;
mod store;
mod wire;

pub use app::{App, Inbox, Parts};
pub use config::Config;

/// The schema of the orders database.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();
