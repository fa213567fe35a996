//! Engines that the machine already has.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// An engine that is a program of somebody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Engine {
    /// The systems of record.
    Postgres,
    /// What may be lost.
    Redis,
    /// MQTT.
    Mosquitto,
    /// What the services say of themselves, for those who want to see it.
    Prometheus,
}

/// The folder with an engine's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    folder: PathBuf,
}

impl Engine {
    /// Those without which no stack runs.
    pub const NEEDED: [Self; 3] = [Self::Postgres, Self::Redis, Self::Mosquitto];

    /// The programs without which it is of no use.
    #[must_use]
    pub fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["postgres", "initdb"],
            Self::Redis => &["redis-server"],
            Self::Mosquitto => &["mosquitto"],
            Self::Prometheus => &["prometheus"],
        }
    }

    /// What Homebrew calls it.
    #[must_use]
    pub fn formula(self) -> &'static str {
        match self {
            Self::Postgres => "postgresql@15",
            Self::Redis => "redis",
            Self::Mosquitto => "mosquitto",
            Self::Prometheus => "prometheus",
        }
    }
}

impl Programs {
    pub(super) fn in_folder(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The path of one program.
    #[must_use]
    pub fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Where programs may lie: the PATH, then what is often missing from it.
pub(super) fn places() -> Vec<PathBuf> {
    let path: OsString = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    places.push("/usr/lib/postgresql/15/bin".into());
    places.extend(versions(Path::new("/usr/lib/postgresql")));
    places.extend(
        ["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin", "/opt/homebrew/sbin"]
            .map(PathBuf::from),
    );
    places.extend(
        ["/opt/homebrew", "/usr/local"].map(|root| Path::new(root).join("opt/postgresql@15/bin")),
    );
    places
}

/// The `bin` folders of the versions in a folder, the latest first.
pub(super) fn versions(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            Some((path.file_name()?.to_str()?.parse().ok()?, path.join("bin")))
        })
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, path)| path).collect()
}

/// The first place that holds all programs of the engine.
pub(super) fn find(engine: Engine, places: &[PathBuf]) -> Option<Programs> {
    let holds =
        |folder: &&PathBuf| engine.programs().iter().all(|name| folder.join(name).is_file());
    let first = engine.programs().first()?;
    let folder = places.iter().find(holds)?;
    // A link on the PATH leads to the folder that holds the engine's other programs, too.
    let real = folder.join(first).canonicalize().context("a dead link").ok()?;
    let beside = real.parent().map(Path::to_owned).filter(|folder| holds(&folder));
    Some(Programs::in_folder(beside.unwrap_or_else(|| folder.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_where_all_its_programs_are() {
        let place = tempfile::tempdir().unwrap();
        let (half, link, whole) =
            (place.path().join("half"), place.path().join("link"), place.path().join("whole"));
        for folder in [&half, &link, &whole] {
            std::fs::create_dir(folder).unwrap();
        }
        std::fs::write(half.join("postgres"), "").unwrap();
        for name in ["postgres", "initdb", "psql"] {
            std::fs::write(whole.join(name), "").unwrap();
        }
        for name in ["postgres", "initdb"] {
            std::os::unix::fs::symlink(whole.join(name), link.join(name)).unwrap();
        }

        assert_eq!(find(Engine::Postgres, std::slice::from_ref(&half)), None);
        let found = find(Engine::Postgres, &[half, link]).unwrap();
        assert_eq!(found.folder(), whole.canonicalize().unwrap());
    }

    #[test]
    fn the_latest_version_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        for version in ["9", "16", "15", "junk"] {
            std::fs::create_dir(folder.path().join(version)).unwrap();
        }
        let found = versions(folder.path());
        let expected = ["16/bin", "15/bin", "9/bin"].map(|name| folder.path().join(name));
        assert_eq!(found, expected);
    }
}
