//! A private PostgreSQL.

use std::path::Path;

use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use secrecy::ExposeSecret;

use crate::authority::Authority;
use crate::layout::Layout;
use crate::ports::Door;
use crate::process::Spec;
use crate::site::Site;

use super::{Durability, Programs, file};

/// Seven services with fixed pools, listeners and relays, judges and people; RELIABILITY F3.
const CONNECTIONS_MAX: u32 = 240;

pub(super) async fn prepare(
    site: &Site,
    programs: &Programs,
    durability: Durability,
) -> anyhow::Result<Spec> {
    let layout = &site.layout;
    let folder = layout.engine_folder("postgres")?;
    let data = folder.join("data");
    if !data.join("PG_VERSION").is_file() {
        init(site, programs, &folder, durability).await?;
    }
    let port = site.ports.of(Door::Postgres);
    let mut settings = settings(port, durability);
    if let Some(authority) = &site.authority {
        settings.extend(secured(layout, &folder, authority)?);
    }
    let mut spec = Spec::new(layout, "postgres", programs.path("postgres"))
        .args(["-D".into(), data.into_os_string()])
        .args(
            settings.iter().flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]),
        );
    spec.servant = layout.servant();
    // Fast shutdown: sessions are ended, and everything acknowledged is on the disk.
    spec.stop = Signal::SIGINT;
    spec.ports = vec![port];
    Ok(spec)
}

/// Makes the cluster. A half-made one would look whole, so it is made aside and renamed.
async fn init(
    site: &Site,
    programs: &Programs,
    folder: &Path,
    durability: Durability,
) -> anyhow::Result<()> {
    let aside = folder.join("data.new");
    if aside.exists() {
        std::fs::remove_dir_all(&aside)?;
    }
    let password = site.secrets.get("postgres")?;
    let password_file = file(folder, "password.new", password.expose_secret())?;
    site.layout.hand_over(&password_file)?;
    let locale = if cfg!(target_os = "linux") { "C.UTF-8" } else { "C" };

    let mut spec = Spec::new(&site.layout, "initdb", programs.path("initdb"))
        .args(["-D".into(), aside.clone().into_os_string()])
        .args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8"])
        .args([format!("--locale={locale}"), format!("--pwfile={}", password_file.display())]);
    if durability == Durability::Volatile {
        spec = spec.args(["--no-sync"]);
    }
    spec.servant = site.layout.servant();
    let output = spec.command().output().await;
    std::fs::remove_file(&password_file)?;
    let output = output.context("`initdb` cannot be run")?;
    if !output.status.success() {
        bail!("`initdb` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    std::fs::rename(&aside, folder.join("data")).context("the cluster cannot be put in place")
}

fn settings(port: u16, durability: Durability) -> Vec<(&'static str, String)> {
    let synced = if durability == Durability::Durable { "on" } else { "off" };
    vec![
        ("port", port.to_string()),
        ("listen_addresses", "127.0.0.1".to_owned()),
        // Paths of sockets are limited to 107 bytes, and nobody of ours needs one.
        ("unix_socket_directories", String::new()),
        ("max_connections", CONNECTIONS_MAX.to_string()),
        // Even unsynced, what is acknowledged survives the end of PostgreSQL, though not the machine's.
        ("synchronous_commit", "on".to_owned()),
        ("fsync", synced.to_owned()),
        ("full_page_writes", synced.to_owned()),
        ("shared_buffers", "256MB".to_owned()),
        ("max_wal_size", "2GB".to_owned()),
        ("checkpoint_timeout", "15min".to_owned()),
        ("random_page_cost", "1.1".to_owned()),
        // Our queries are short: compiling them costs more than it saves.
        ("jit", "off".to_owned()),
        ("timezone", "UTC".to_owned()),
        ("log_timezone", "UTC".to_owned()),
        ("log_min_duration_statement", "1s".to_owned()),
        ("log_line_prefix", "%m [%p] %q%u@%d ".to_owned()),
    ]
}

/// Nobody comes in without TLS, whatever his password.
fn secured(
    layout: &Layout,
    folder: &Path,
    authority: &Authority,
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let rules = file(folder, "hba.conf", "hostssl all all 127.0.0.1/32 scram-sha-256\n")?;
    layout.hand_over(&rules)?;
    let own = authority.engines();
    Ok(vec![
        ("ssl", "on".to_owned()),
        ("ssl_min_protocol_version", "TLSv1.3".to_owned()),
        ("ssl_cert_file", own.certificate.display().to_string()),
        ("ssl_key_file", own.key.display().to_string()),
        ("hba_file", rules.display().to_string()),
    ])
}
