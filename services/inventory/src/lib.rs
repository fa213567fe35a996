//! Inventory: stores, menus, recipes, stock, and what is held of it for orders.

mod app;
#[cfg(test)]
mod bench;
pub mod clients;
mod config;
mod domain;
pub mod events;
#[cfg(test)]
mod races;
pub mod routes;
mod store;
pub mod sweeper;

pub use app::App;
pub use config::Config;

/// The schema of the inventory database.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();
