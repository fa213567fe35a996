//! Each service's own words about itself, kept in the repository.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::workspace::{Package, Workspace, read};

/// Writes or compares `docs/openapi/<service>.json`.
pub(crate) fn run(workspace: &Workspace, options: &[&str]) -> anyhow::Result<Vec<String>> {
    let (check, binaries) = match options {
        [] => (false, build(workspace)?),
        ["--check"] => (true, build(workspace)?),
        ["--bin-dir", dir] => (false, PathBuf::from(dir)),
        ["--check", "--bin-dir", dir] | ["--bin-dir", dir, "--check"] => (true, PathBuf::from(dir)),
        _ => bail!("openapi [--check] [--bin-dir DIR]"),
    };
    let home = workspace.root.join("docs/openapi");
    if !check {
        std::fs::create_dir_all(&home)?;
    }
    let mut findings = Vec::new();
    for service in workspace.services().filter(|service| is_program(service)) {
        let path = home.join(format!("{}.json", service.name));
        let document = document(&binaries.join(&service.name))?;
        if !check {
            std::fs::write(&path, document)?;
        } else if !path.is_file() || read(&path)? != document {
            findings.push(format!("docs/openapi/{}.json is stale: make openapi", service.name));
        }
    }
    Ok(findings)
}

fn is_program(service: &Package) -> bool {
    service.dir.join("src/main.rs").is_file()
}

/// Builds the binaries in one go; returns where they lie.
fn build(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // As `make` does: a choice of packages has features of its own, and all would be built twice.
    command.args(["build", "--quiet", "--workspace", "--bins"]).current_dir(&workspace.root);
    ensure!(command.status()?.success(), "the services do not build");
    Ok(workspace.target.join("debug"))
}

/// Pretty JSON in the order in which the service says it.
fn document(binary: &Path) -> anyhow::Result<String> {
    let shown = binary.display();
    let output = Command::new(binary).arg("openapi").output().with_context(|| shown.to_string())?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{shown} openapi: {errors}");
    let document: Value =
        serde_json::from_slice(&output.stdout).with_context(|| format!("{shown} openapi"))?;
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
