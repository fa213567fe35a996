//! The library that makes a process see another time, fetched as engines are.

use std::path::{Path, PathBuf};

use crate::layout::Layout;

use super::packages::Packages;

/// The one for programs with threads.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";
const PACKAGE: &str = "libfaketime";

/// Finds or fetches it.
pub(crate) async fn provide(layout: &Layout) -> anyhow::Result<PathBuf> {
    let found = [Path::new("/usr/lib"), Path::new("/lib")].into_iter().find_map(below);
    match found {
        Some(library) => Ok(library),
        None => Packages::open(layout.packages())?.fetch_file(PACKAGE, below).await,
    }
}

/// Below a folder of libraries, whatever the machine is.
fn below(folder: &Path) -> Option<PathBuf> {
    let inner = std::fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path());
    let mut places = inner.chain([folder.to_owned()]).map(|place| place.join(LIBRARY));
    places.find(|library| library.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_found_in_the_folder_of_any_machine() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(below(root.path()), None);
        let folder = root.path().join("riscv64-linux-gnu/faketime");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("libfaketimeMT.so.1"), "").unwrap();
        assert_eq!(below(root.path()), Some(folder.join("libfaketimeMT.so.1")));
    }
}
