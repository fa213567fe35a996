//! Brings every schema up to date, as the owners of the tables.

use std::path::Path;

use anyhow::{Context, ensure};
use futures::future::try_join_all;
use secrecy::ExposeSecret;

use crate::process::Spec;
use crate::site::{EVENT_LOG, Service, Site};

use super::environment;

pub(super) async fn run(site: &Site, bins: &Path, services: &[Service]) -> anyhow::Result<()> {
    let log = site.database_url(EVENT_LOG, &format!("{EVENT_LOG}_owner"))?;
    let migrated = event_kit::migrate_log(log.expose_secret()).await;
    migrated.context("the schema of the event log cannot be brought up to date")?;
    let owners = services.iter().filter(|service| service.has_database);
    try_join_all(owners.map(|service| migrate(site, bins, service))).await?;
    Ok(())
}

async fn migrate(site: &Site, bins: &Path, service: &Service) -> anyhow::Result<()> {
    let name = service.name;
    let mut spec = Spec::new(&site.layout, name, bins.join(name)).args(["migrate"]);
    spec.env = environment::migrating(site, service)?;
    let output = spec.command().output().await;
    let output = output.with_context(|| format!("`{name} migrate` cannot be run"))?;
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{name} migrate` failed: {}", words.trim());
    Ok(())
}
