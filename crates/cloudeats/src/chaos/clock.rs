//! A clock that services are made to read instead of the machine's.

use std::path::PathBuf;

use anyhow::{Context, ensure};

use crate::engines::faketime;
use crate::layout::Layout;

/// What `libfaketime` reads at every look at the clock.
#[derive(Debug)]
pub(super) struct Clock {
    library: PathBuf,
    file: PathBuf,
}

impl Clock {
    /// A clock that goes right, for the services of one stack.
    pub(super) async fn make(layout: &Layout) -> anyhow::Result<Self> {
        let library = faketime::provide(layout).await?;
        let path = library.to_string_lossy();
        // The linker takes both for the end of a name.
        ensure!(!path.contains([' ', ':']), "the path {path} cannot be preloaded");
        let clock = Self { library, file: layout.folder().join("clock") };
        clock.set(0)?;
        Ok(clock)
    }

    /// From now on it is so many seconds fast, or slow.
    pub(super) fn set(&self, shift_s: i64) -> anyhow::Result<()> {
        // Written aside and renamed: nobody reads half a time.
        let aside = self.file.with_extension("new");
        std::fs::write(&aside, format!("{shift_s:+}\n"))
            .and_then(|()| std::fs::rename(&aside, &self.file))
            .with_context(|| format!("cannot write {}", self.file.display()))
    }

    /// What makes a process read it. Time that is only measured goes on as it does.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        let (library, file) = (self.library.display(), self.file.display());
        [
            ("LD_PRELOAD", library.to_string()),
            ("FAKETIME_TIMESTAMP_FILE", file.to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}
