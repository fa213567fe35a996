//! Notifications: what people are told, in their inbox and by letter.

mod app;
#[cfg(test)]
mod bench;
pub mod clients;
mod config;
mod domain;
pub mod events;
pub mod routes;
pub mod sender;
mod store;

pub use app::App;
pub use config::Config;

/// The schema of the notification database.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();
