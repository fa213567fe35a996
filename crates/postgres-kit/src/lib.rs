//! `PostgreSQL`, without knowing any domain: pool, migrations, transactions that end cleanly or not at
//! all, errors that know what they mean, wake-ups, first answers by their keys, a clock that goes as the
//! database's does.

pub mod answers;
mod clock;
mod config;
mod db;
mod error;
mod listen;
mod meter;
mod probe;
mod queue;
mod repeat;
mod tx;

pub use clock::{DatabaseClock, clock};
pub use config::{PostgresConfig, connect, migrate};
pub use db::{Connection, Db};
pub use error::StoreError;
pub use listen::{Listener, listen};
pub use probe::probe;
pub use repeat::repeat;
pub use sqlx::PgConnection;
pub use tx::Tx;
