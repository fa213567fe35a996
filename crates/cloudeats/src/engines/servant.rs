//! The unprivileged user who runs the engines for root: PostgreSQL refuses to run as root.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::Context;
use nix::unistd::{User, geteuid};

/// A user and the user's group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Servant {
    /// The user's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
}

impl Servant {
    /// `postgres` or `nobody` where the caller is root, else nobody.
    pub fn needed() -> anyhow::Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let find = |name| User::from_name(name).ok().flatten();
        let user = find("postgres").or_else(|| find("nobody"));
        let user = user.context("root needs a user `postgres` or `nobody` to run PostgreSQL as")?;
        Ok(Some(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
    }

    /// Whether the user gets into a folder: every folder above it must let the user through.
    pub fn may_enter(self, folder: &Path) -> anyhow::Result<bool> {
        for above in folder.ancestors() {
            let found = std::fs::metadata(above)
                .with_context(|| format!("cannot look at {}", above.display()))?;
            let bit = match (found.uid() == self.uid, found.gid() == self.gid) {
                (true, _) => 0o100,
                (_, true) => 0o010,
                _ => 0o001,
            };
            if found.mode() & bit == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_stranger_does_not_get_behind_a_closed_folder() {
        let outer = tempfile::tempdir().unwrap();
        let inner = outer.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        let stranger = Servant { uid: 64_000, gid: 64_000 };

        let mode = |mode| std::fs::set_permissions(outer.path(), PermissionsExt::from_mode(mode));
        mode(0o700).unwrap();
        assert!(!stranger.may_enter(&inner).unwrap());
        mode(0o711).unwrap();
        assert!(stranger.may_enter(&inner).unwrap());
    }
}
