//! Vendure as npm brings it: what `load-tests/compare/vendure` pins, under `.local/tools/vendure`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context;
use cloudeats::commands::say;
use serde_json::Value;
use tokio::process::Command;

use crate::axis::NotAvailable;

const PACKAGE: (&str, &str) = ("package.json", include_str!("../../../vendure/package.json"));
const LOCK: (&str, &str) =
    ("package-lock.json", include_str!("../../../vendure/package-lock.json"));
const CONTENT: (&str, &str) = ("products.csv", include_str!("../../../vendure/products.csv"));
const SERVER: (&str, &str) = ("server.cjs", include_str!("../../../vendure/server.cjs"));
/// The pins of what lies in `node_modules`, written when all of it does.
const DONE: &str = "installed.json";
const NODE_MIN: u32 = 20;
const PACKAGES: [&str; 3] = ["@vendure/core", "typeorm", "pg"];

/// Vendure, ready to be started.
pub(super) struct Installed {
    folder: PathBuf,
    /// Of Vendure, Node.js and what carries the load between it and PostgreSQL.
    pub(super) versions: BTreeMap<String, String>,
}

impl Installed {
    /// Finds it; fetches it where it is missing or other versions are pinned.
    pub(super) async fn provide(local: &Path) -> anyhow::Result<Self> {
        let node = Command::new("node").arg("--version").stdin(Stdio::null()).output().await;
        let node = node.map_err(|_| missing("node is missing: Vendure needs Node.js and npm"))?;
        let node = String::from_utf8_lossy(&node.stdout).trim().to_owned();
        if major(&node).is_none_or(|major| major < NODE_MIN) {
            return Err(
                missing(format!("node is {node}: Vendure needs {NODE_MIN} or later")).into()
            );
        }

        let folder = local.join("tools/vendure");
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let folder = folder.canonicalize()?;
        for (name, text) in [PACKAGE, LOCK, CONTENT, SERVER] {
            std::fs::write(folder.join(name), text)?;
        }
        if std::fs::read_to_string(folder.join(DONE)).is_ok_and(|pins| pins == LOCK.1) {
            return Ok(Self { folder, versions: versions(&node) });
        }
        say("fetching Vendure into .local/tools");
        fetch(&folder).await?;
        std::fs::write(folder.join(DONE), LOCK.1)?;
        Ok(Self { folder, versions: versions(&node) })
    }

    /// The program that `node` runs.
    pub(super) fn program(&self) -> PathBuf {
        self.folder.join(SERVER.0)
    }
}

async fn fetch(folder: &Path) -> anyhow::Result<()> {
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|_| missing("npm is missing: Vendure comes from it"))?;
    if npm.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&npm.stderr);
    let why = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it does not say why");
    Err(missing(format!("npm cannot bring what package-lock.json pins: {}", why.trim())).into())
}

fn missing(why: impl Into<String>) -> NotAvailable {
    NotAvailable(why.into())
}

/// `20` of `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

fn versions(node: &str) -> BTreeMap<String, String> {
    let lock: Value = serde_json::from_str(LOCK.1).unwrap_or_default();
    let pinned = |package: &str| {
        let found = lock.get("packages").and_then(|it| it.get(format!("node_modules/{package}")));
        let version = found.and_then(|it| it.get("version")?.as_str()).unwrap_or_default();
        (format!("npm.{package}"), version.to_owned())
    };
    let node = ("node".to_owned(), node.to_owned());
    PACKAGES.into_iter().map(pinned).chain([node]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_of_node_is_read() {
        for (said, expected) in [("v20.20.2", Some(20)), ("v8.0.0", Some(8)), ("", None)] {
            assert_eq!(major(said), expected, "{said}");
        }
    }

    #[test]
    fn every_named_package_is_pinned() {
        let versions = versions("v20.20.2");
        assert_eq!(versions["npm.@vendure/core"], "3.7.1");
        assert!(versions.values().all(|version| !version.is_empty()), "{versions:?}");
    }

    #[test]
    fn every_pinned_package_has_a_checksum_and_names_no_registry() {
        let lock: Value = serde_json::from_str(LOCK.1).unwrap();
        for (name, package) in lock["packages"].as_object().unwrap() {
            let bundled = package["inBundle"] == true;
            assert!(name.is_empty() || bundled || package["integrity"].is_string(), "{name}");
            assert!(package["resolved"].is_null(), "{name}");
        }
    }
}
