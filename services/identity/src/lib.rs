//! Identity: accounts, credentials, sessions, roles and the keys that sign tokens.

mod app;
#[cfg(test)]
mod bench;
mod config;
mod domain;
mod events;
mod first_admin;
mod passwords;
pub mod pruning;
pub mod routes;
mod store;
mod tokens;

pub use app::App;
pub use config::{AdminConfig, Config};
pub use first_admin::FirstAdmin;
pub use passwords::Passwords;
pub use tokens::{Lives, Tokens};

/// The schema of the identity database.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();
