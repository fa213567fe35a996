//! `PostgreSQL`, without knowing any domain: pool, migrations, transactions that end cleanly or not at
//! all, errors that know what they mean, wake-ups, first answers by their keys.

pub mod answers;
mod config;
mod db;
mod error;
mod listen;
mod probe;
mod queue;
mod repeat;
mod tx;

pub use config::{PostgresConfig, connect, migrate};
pub use db::{Connection, Db};
pub use error::StoreError;
pub use listen::{Listener, listen};
pub use probe::probe;
pub use repeat::repeat;
pub use sqlx::PgConnection;
pub use tx::Tx;
