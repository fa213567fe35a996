//! Looking into databases: as somebody who may change nothing, or may see everything.

use anyhow::Context;
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};

use crate::site::{CHECKER, Site};

/// A connection to a database of the stack, for reading.
pub(crate) async fn into(site: &Site, database: &str) -> anyhow::Result<PgConnection> {
    let url = site.database_url(database, CHECKER)?;
    let connected = PgConnection::connect(url.expose_secret()).await;
    connected.with_context(|| format!("the database `{database}` cannot be read"))
}

/// A connection as the superuser, who sees all sessions.
pub(crate) async fn from_above(site: &Site, database: &str) -> anyhow::Result<PgConnection> {
    let url = site.superuser_url(database)?;
    let connected = PgConnection::connect(url.expose_secret()).await;
    connected.with_context(|| format!("the database `{database}` does not let us in"))
}
