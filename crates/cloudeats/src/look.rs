//! Looking into databases as somebody who may change nothing.

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
