//! Bruno's command line, as `tools/package-lock.json` pins it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};
use tokio::process::Command;

use crate::commands::say;
use crate::layout::make;

const PINS: [&str; 2] = ["package.json", "package-lock.json"];

/// Bruno's command line.
#[derive(Debug)]
pub(super) struct Bru(PathBuf);

impl Bru {
    /// Finds it under `.local/tools/`; puts it there when it is missing or another one is pinned.
    pub(super) async fn provide(repository: &Path, local: &Path) -> anyhow::Result<Self> {
        let node = Command::new("node").arg("--version").stdin(Stdio::null()).output().await;
        node.context("node is missing: Bruno's command line needs Node.js 20 or later and npm")?;
        let folder = local.join("tools");
        make(&folder, 0o755)?;
        let folder = folder.canonicalize()?;
        let program = folder.join("node_modules/.bin/bru");
        if !program.exists() || !is_pinned(repository, &folder) {
            say("fetching Bruno's command line into .local/tools");
            install(repository, &folder).await?;
        }
        Ok(Self(program))
    }

    pub(super) fn program(&self) -> &Path {
        &self.0
    }
}

/// Whether what lies there was installed by these very pins.
fn is_pinned(repository: &Path, folder: &Path) -> bool {
    PINS.iter().all(|name| {
        let wanted = std::fs::read(repository.join("tools").join(name));
        wanted.is_ok_and(|wanted| std::fs::read(folder.join(name)).is_ok_and(|it| it == wanted))
    })
}

async fn install(repository: &Path, folder: &Path) -> anyhow::Result<()> {
    let installing = folder.join("installing");
    make(&installing, 0o755)?;
    for name in PINS {
        let pin = repository.join("tools").join(name);
        std::fs::copy(&pin, installing.join(name))
            .with_context(|| format!("cannot copy {}", pin.display()))?;
    }
    let npm = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(&installing)
        .stdin(Stdio::null())
        .status()
        .await
        .context("npm is missing: Bruno's command line comes from it")?;
    ensure!(npm.success(), "npm cannot install what tools/package-lock.json pins");

    // The pins come last: they say that the rest is whole.
    let modules = folder.join("node_modules");
    if modules.exists() {
        std::fs::remove_dir_all(&modules)?;
    }
    std::fs::rename(installing.join("node_modules"), &modules)?;
    for name in PINS {
        std::fs::rename(installing.join(name), folder.join(name))?;
    }
    std::fs::remove_dir_all(&installing).context("cannot tidy up after npm")
}
