//! Where the files of a stack lie.

use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use xxhash_rust::xxh3::xxh3_64;

use crate::engines::servant::Servant;

/// The folders of one stack: `.local/<stack>/`, and `.local/engines/` for all stacks.
#[derive(Debug, Clone)]
pub struct Layout {
    local: PathBuf,
    home: PathBuf,
    stack: String,
    servant: Option<Servant>,
}

impl Layout {
    /// Finds or makes the folders of `stack` under `local`.
    ///
    /// Engines run unprivileged. Where root keeps `local` behind a folder that others may not enter,
    /// the engines' files lie under `/var/tmp` instead: see [`Layout::moved`].
    pub fn new(local: &Path, stack: &str) -> anyhow::Result<Self> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let named = (1..=32).contains(&stack.len()) && stack.chars().all(plain);
        ensure!(
            named && stack != "engines",
            "a stack's name is lower-case letters, digits and `-`"
        );
        make(local, 0o755)?;
        let local = local.canonicalize().with_context(|| format!("no {}", local.display()))?;
        let servant = Servant::needed()?;
        let home = match servant {
            Some(servant) if !servant.may_enter(&local)? => elsewhere(&local)?,
            _ => local.clone(),
        };
        let layout = Self { local, home, stack: stack.to_owned(), servant };
        make(&layout.folder(), 0o755)?;
        make(&layout.home.join(stack), 0o755)?;
        Ok(layout)
    }

    /// The stack's name.
    #[must_use]
    pub fn stack(&self) -> &str {
        &self.stack
    }

    /// Who runs the engines, where it is not the caller.
    #[must_use]
    pub fn servant(&self) -> Option<Servant> {
        self.servant
    }

    /// Where the engines' files lie, if not beside the rest.
    #[must_use]
    pub fn moved(&self) -> Option<&Path> {
        (self.home != self.local).then_some(self.home.as_path())
    }

    /// Everything of this stack but the engines' files.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.local.join(&self.stack)
    }

    /// The folders of all stacks.
    #[must_use]
    pub fn local(&self) -> &Path {
        &self.local
    }

    /// Logs, one file for each process.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.folder().join("logs")
    }

    /// What runs: one file for each process.
    #[must_use]
    pub fn marks(&self) -> PathBuf {
        self.folder().join("pids")
    }

    /// Passwords, readable by the owner alone.
    #[must_use]
    pub fn secrets(&self) -> PathBuf {
        self.folder().join("secrets")
    }

    /// Private keys of services and the public key set.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.folder().join("keys")
    }

    /// The ports in use.
    #[must_use]
    pub fn ports_file(&self) -> PathBuf {
        self.folder().join("ports.json")
    }

    /// The folder of an engine's data, which belongs to whoever runs the engine.
    pub fn engine_folder(&self, engine: &str) -> anyhow::Result<PathBuf> {
        let folder = self.home.join(&self.stack).join(engine);
        make(&folder, 0o700)?;
        self.hand_over(&folder)?;
        Ok(folder)
    }

    /// Where engines from packages are unpacked, for all stacks.
    #[must_use]
    pub fn packages(&self) -> PathBuf {
        self.home.join("engines")
    }

    /// Throws away everything of this stack. Nothing of it may run.
    pub fn clear(&self) -> anyhow::Result<()> {
        for folder in [self.folder(), self.home.join(&self.stack)] {
            if folder.exists() {
                std::fs::remove_dir_all(&folder)
                    .with_context(|| format!("cannot remove {}", folder.display()))?;
            }
            make(&folder, 0o755)?;
        }
        Ok(())
    }

    /// Gives a file or folder to whoever runs the engines.
    pub fn hand_over(&self, path: &Path) -> anyhow::Result<()> {
        let Some(Servant { uid, gid }) = self.servant else { return Ok(()) };
        std::os::unix::fs::chown(path, Some(uid), Some(gid))
            .with_context(|| format!("cannot give {} to user {uid}", path.display()))
    }
}

/// Makes a folder and those above it; an existing one stays as it is.
pub(crate) fn make(folder: &Path, mode: u32) -> anyhow::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(folder)
        .with_context(|| format!("cannot make {}", folder.display()))
}

/// A folder of the caller's that anybody may enter, one for each `local`.
fn elsewhere(local: &Path) -> anyhow::Result<PathBuf> {
    let hash = xxh3_64(local.as_os_str().as_encoded_bytes());
    let folder = PathBuf::from(format!("/var/tmp/cloudeats-{hash:016x}"));
    make(&folder, 0o755)?;
    // /var/tmp belongs to everybody: somebody else may have been here first.
    let found = std::fs::symlink_metadata(&folder)?;
    let mine = found.is_dir() && found.uid() == nix::unistd::geteuid().as_raw();
    ensure!(mine, "{} belongs to somebody else: remove it", folder.display());
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_has_a_name_that_is_safe_as_a_folder() {
        let local = tempfile::tempdir().unwrap();
        for name in ["", "..", "a/b", "Run", "engines", &"x".repeat(33)] {
            assert!(Layout::new(local.path(), name).is_err(), "{name}");
        }
        assert!(Layout::new(local.path(), "run").unwrap().logs().ends_with("run/logs"));
    }
}
