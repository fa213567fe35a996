//! A disk for the database's files that is small enough to be filled.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use crate::layout::Layout;

use super::ground::Ground;

/// A seeded cluster has 250 MB, its log half of that; the rest is what a long run writes.
const SIZE: &str = "1g";
const BALLAST: &str = "ballast";
const CHUNK_BYTES: usize = 1024 * 1024;
/// The smallest piece that a file system takes or refuses.
const PIECE_BYTES: usize = 4096;

/// What PostgreSQL is told, so that its own log leaves room on such a disk.
pub(super) const TOLD: [&str; 2] = ["-c", "max_wal_size=256MB"];

/// A file system in memory, mounted for as long as this lives.
#[derive(Debug)]
pub(super) struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Puts the database's files of a stack, of which there are none yet, on a disk of their own.
    pub(super) fn mount(layout: &Layout, ground: &Ground) -> anyhow::Result<Self> {
        match ground {
            Ground::Own => {}
            Ground::Common => anyhow::bail!("no file system is mounted on common ground"),
            Ground::Refused(why) => anyhow::bail!("nothing can be mounted: {why}"),
        }
        let folder = layout.engine_folder("postgres")?;
        mount(&folder)?;
        let disk = Self { folder };
        layout.hand_over(&disk.folder)?;
        Ok(disk)
    }

    /// Fills what is free, to the last piece.
    pub(super) fn fill(&self) -> std::io::Result<()> {
        let path = self.folder.join(BALLAST);
        let mut ballast = std::fs::OpenOptions::new().append(true).create(true).open(path)?;
        for size in [CHUNK_BYTES, PIECE_BYTES] {
            let piece = vec![0; size];
            let full = loop {
                if let Err(error) = ballast.write_all(&piece) {
                    break error;
                }
            };
            if full.kind() != ErrorKind::StorageFull {
                return Err(full);
            }
        }
        Ok(())
    }

    /// There is room again.
    pub(super) fn free(&self) -> std::io::Result<()> {
        match std::fs::remove_file(self.folder.join(BALLAST)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(target_os = "linux")]
fn mount(folder: &std::path::Path) -> anyhow::Result<()> {
    use anyhow::Context;
    use nix::mount::{MsFlags, mount};

    let options = format!("size={SIZE},mode=0700");
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), folder, Some("tmpfs"), flags, Some(options.as_str()))
        .with_context(|| format!("no file system can be mounted at {}", folder.display()))
}

#[cfg(not(target_os = "linux"))]
fn mount(_folder: &std::path::Path) -> anyhow::Result<()> {
    anyhow::bail!("there is no tmpfs of {SIZE}")
}

impl Drop for Disk {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        if let Err(error) = nix::mount::umount2(&self.folder, nix::mount::MntFlags::MNT_DETACH) {
            tracing::warn!(%error, "the disk stays mounted until this process ends");
        }
    }
}
