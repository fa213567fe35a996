//! The files that a repository must have.

use std::path::Path;

const REPOSITORY: [&str; 20] = [
    ".cargo/config.toml",
    ".ci/run",
    ".editorconfig",
    ".github/workflows/ci.yml",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "clippy.toml",
    "deny.toml",
    "docs/ARCHITECTURE.md",
    "docs/adr",
    "docs/problems",
    "docs/service-graph.toml",
    "rust-toolchain.toml",
    "rustfmt.toml",
];

/// What is not there.
pub(crate) fn missing(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut wanted: Vec<String> = REPOSITORY.map(str::to_owned).into();
    for entry in std::fs::read_dir(root.join("services"))? {
        let service = entry?.file_name().to_string_lossy().into_owned();
        wanted.push(format!("services/{service}/README.md"));
        wanted.push(format!("docs/openapi/{service}.json"));
    }
    wanted.sort();
    wanted.retain(|path| !root.join(path).exists());
    Ok(wanted.into_iter().map(|path| format!("{path} is missing")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn nothing_is_missing() {
        let found = missing(&Workspace::load().unwrap().root).unwrap();
        assert_eq!(found, Vec::<String>::new());
    }
}
