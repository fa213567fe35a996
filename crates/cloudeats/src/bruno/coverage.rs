//! Every operation has one request, and every request asks for an operation.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::Collection;

/// A request with this tag asks for no operation: it looks at the door itself.
const NO_OPERATION: &str = "edge";

#[derive(Deserialize)]
struct Document {
    paths: BTreeMap<String, BTreeMap<String, Value>>,
}

/// What does not match, by name.
pub(super) fn differences(repository: &Path) -> anyhow::Result<Vec<String>> {
    let mut differences = Vec::new();
    let operations = operations(repository)?;
    for collection in [Collection::External, Collection::Internal] {
        let requests = requests(&collection.folder(repository))?;
        let wanted = operations.iter().filter(|(_, of)| **of == collection);
        let wanted: BTreeSet<&String> = wanted.map(|(operation, _)| operation).collect();
        let missing = wanted.iter().filter(|operation| !requests.contains(**operation));
        differences.extend(missing.map(|it| format!("{}: no request {it}.bru", collection.name())));
        let surplus = requests.iter().filter(|request| !wanted.contains(request));
        differences
            .extend(surplus.map(|it| format!("{}: {it}.bru asks for nothing", collection.name())));
    }
    Ok(differences)
}

/// `service/operation_id`, each with where it belongs.
fn operations(repository: &Path) -> anyhow::Result<BTreeMap<String, Collection>> {
    let mut operations = BTreeMap::new();
    for (service, path) in entries(&repository.join("docs/openapi"))? {
        let Some(service) = service.strip_suffix(".json") else { continue };
        let document: Document = serde_json::from_slice(&std::fs::read(&path)?)
            .with_context(|| format!("{} is no OpenAPI document", path.display()))?;
        for (path, methods) in document.paths {
            let inside = path.starts_with("/v1/internal/");
            let collection = if inside { Collection::Internal } else { Collection::External };
            let ids = methods.values().filter_map(|method| method.get("operationId")?.as_str());
            operations.extend(ids.map(|id| (format!("{service}/{id}"), collection)));
        }
    }
    ensure!(!operations.is_empty(), "no operations in docs/openapi: run `cargo xtask openapi`");
    Ok(operations)
}

/// `service/operation_id` of each request of a collection.
fn requests(collection: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut requests = BTreeSet::new();
    for (service, folder) in entries(collection)? {
        if !folder.is_dir() || service == "environments" {
            continue;
        }
        for (file, path) in entries(&folder)? {
            let Some(name) = file.strip_suffix(".bru").filter(|name| *name != "folder") else {
                continue;
            };
            let text = std::fs::read_to_string(&path)?;
            let is = |line: &str| text.lines().any(|it| it.trim() == line);
            ensure!(is(&format!("name: {name}")), "{} has another name inside", path.display());
            ensure!(is("assert {"), "{} asserts nothing", path.display());
            if !is(NO_OPERATION) {
                requests.insert(format!("{service}/{name}"));
            }
        }
    }
    Ok(requests)
}

/// Names and paths of what lies in a folder.
fn entries(folder: &Path) -> anyhow::Result<Vec<(String, std::path::PathBuf)>> {
    let read = std::fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
    read.map(|entry| {
        let entry = entry?;
        Ok((entry.file_name().to_string_lossy().into_owned(), entry.path()))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_one_request_and_every_request_an_operation() {
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        assert_eq!(differences(&repository).unwrap(), Vec::<String>::new());
    }
}
