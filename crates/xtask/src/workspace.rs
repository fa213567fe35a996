//! The workspace as cargo and the file system tell it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;

/// All packages of the repository.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// One package of ours.
#[derive(Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    /// What each feature switches on.
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

/// What a manifest asks for.
#[derive(Debug, Default)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) for_tests: bool,
    pub(crate) features: Vec<String>,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> anyhow::Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--no-deps", "--format-version=1"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self::from_metadata(&serde_json::from_slice(&output.stdout)?)
    }

    pub(crate) fn from_metadata(metadata: &Value) -> anyhow::Result<Self> {
        let path = |key| metadata.get(key).and_then(Value::as_str).map(PathBuf::from).context(key);
        let mut packages: Vec<Package> = list(metadata, "packages").map(package).collect();
        packages.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")?, packages })
    }

    pub(crate) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    /// The packages under `services/`.
    pub(crate) fn services(&self) -> impl Iterator<Item = &Package> {
        let home = self.root.join("services");
        self.packages.iter().filter(move |package| package.dir.starts_with(&home))
    }
}

fn package(value: &Value) -> Package {
    let manifest = PathBuf::from(text(value, "manifest_path"));
    let features = value.get("features").and_then(Value::as_object).into_iter().flatten();
    Package {
        name: text(value, "name"),
        dir: manifest.parent().map(Path::to_path_buf).unwrap_or_default(),
        dependencies: list(value, "dependencies").map(dependency).collect(),
        features: features.map(|(name, on)| (name.clone(), texts(on.as_array()))).collect(),
    }
}

fn dependency(value: &Value) -> Dependency {
    Dependency {
        name: text(value, "name"),
        for_tests: text(value, "kind") == "dev",
        features: texts(value.get("features").and_then(Value::as_array)),
    }
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn texts(values: Option<&Vec<Value>>) -> Vec<String> {
    values.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Every file below `dir` that ends in `extension`, sorted; none where there is no such folder.
pub(crate) fn files(dir: &Path, extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if !dir.is_dir() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Reads a file, or says which one could not be read.
pub(crate) fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}
