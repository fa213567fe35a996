//! Which service asks, hears or checks which, derived from the features of contracts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

use crate::workspace::{Package, Workspace, files, read};

const HEAD: &str = "\
# Derived from the manifests by `cargo xtask graph`; not written by hand.
# http: asked while a request waits, so never in a ring. events: heard. repair: asked by sweepers.
";
const KINDS: [&str; 3] = ["http", "events", "repair"];

/// For each service, the producers by kind of edge.
type Graph = BTreeMap<String, BTreeMap<&'static str, BTreeSet<String>>>;

/// Writes the file that [`check`] compares.
pub(crate) fn write(workspace: &Workspace) -> anyhow::Result<()> {
    let path = path(workspace);
    path.parent().map(std::fs::create_dir_all).transpose()?;
    Ok(std::fs::write(path, text(&graph(workspace)))?)
}

/// A stale file, and rings.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let path = path(workspace);
    let written = if path.is_file() { read(&path)? } else { String::new() };
    let mut findings = rings(workspace);
    if written != text(&graph(workspace)) {
        findings.push("docs/service-graph.toml is stale: cargo xtask graph".to_owned());
    }
    Ok(findings)
}

/// Rings of services that wait for one another.
pub(crate) fn rings(workspace: &Workspace) -> Vec<String> {
    let graph = graph(workspace);
    let ring = graph.keys().find_map(|start| ring(&graph, &mut vec![start.clone()]));
    let say = |ring: Vec<String>| format!("services wait for one another: {}", ring.join(" -> "));
    ring.map(say).into_iter().collect()
}

/// How many packages import each of ours, and how many lines it has.
pub(crate) fn sizes(workspace: &Workspace) -> anyhow::Result<String> {
    let mut table = format!("{:<22} {:>6} {:>8}\n", "package", "fan-in", "lines");
    for package in &workspace.packages {
        let imports = |other: &&Package| {
            other.dependencies.iter().any(|to| to.name == package.name && !to.for_tests)
        };
        let fan_in = workspace.packages.iter().filter(imports).count();
        let mut lines = 0;
        for file in files(&package.dir.join("src"), "rs")? {
            lines += read(&file)?.lines().count();
        }
        writeln!(table, "{:<22} {fan_in:>6} {lines:>8}", package.name)?;
    }
    Ok(table)
}

fn path(workspace: &Workspace) -> PathBuf {
    workspace.root.join("docs/service-graph.toml")
}

fn graph(workspace: &Workspace) -> Graph {
    let mut graph = Graph::new();
    for service in workspace.services() {
        let edges = graph.entry(service.name.clone()).or_default();
        for dependency in service.dependencies.iter().filter(|to| !to.for_tests) {
            let Some(producer) = dependency.name.strip_suffix("-contract") else { continue };
            if producer == service.name {
                continue;
            }
            let on = switched_on(workspace, &dependency.name, &dependency.features);
            for kind in KINDS.into_iter().filter(|kind| on.contains(*kind)) {
                edges.entry(kind).or_default().insert(producer.to_owned());
            }
        }
    }
    graph
}

/// The features asked for, and those that they bring along.
fn switched_on(workspace: &Workspace, contract: &str, asked: &[String]) -> BTreeSet<String> {
    let mut on = BTreeSet::new();
    let mut open = asked.to_vec();
    while let Some(feature) = open.pop() {
        let brought = workspace.package(contract).and_then(|found| found.features.get(&feature));
        if on.insert(feature) {
            open.extend(brought.into_iter().flatten().cloned());
        }
    }
    on
}

fn text(graph: &Graph) -> String {
    let mut text = HEAD.to_owned();
    for (service, edges) in graph {
        text.extend(["\n[", service, "]\n"]);
        for kind in KINDS {
            let producers = edges.get(kind).into_iter().flatten();
            let producers: Vec<String> = producers.map(|name| format!("\"{name}\"")).collect();
            text.extend([kind, " = [", &producers.join(", "), "]\n"]);
        }
    }
    text
}

/// Goes on from the end of `way` until it meets itself.
fn ring(graph: &Graph, way: &mut Vec<String>) -> Option<Vec<String>> {
    let here = way.last()?;
    let next = graph.get(here).and_then(|edges| edges.get("http")).cloned().unwrap_or_default();
    for producer in next {
        if let Some(met) = way.iter().position(|passed| *passed == producer) {
            let mut ring = way.get(met..)?.to_vec();
            ring.push(producer);
            return Some(ring);
        }
        way.push(producer);
        if let Some(found) = ring(graph, way) {
            return Some(found);
        }
        way.pop();
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A workspace of services and what each takes from whose contract.
    fn workspace(edges: &[(&str, &str, &str)]) -> Workspace {
        let services: BTreeSet<&str> =
            edges.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
        let service = |name: &&str| {
            let dependencies: Vec<_> = edges
                .iter()
                .filter(|(from, ..)| from == name)
                .map(|(_, to, on)| {
                    json!({ "name": format!("{to}-contract"), "kind": null, "features": [on] })
                })
                .collect();
            let manifest = format!("/w/services/{name}/Cargo.toml");
            json!({ "name": name, "manifest_path": manifest, "dependencies": dependencies })
        };
        let mut packages: Vec<_> = services.iter().map(service).collect();
        packages.push(json!({
            "name": "fleet-contract",
            "manifest_path": "/w/crates/fleet-contract/Cargo.toml",
            "features": { "http": [], "mqtt": ["http"] },
        }));
        let metadata = json!({
            "workspace_root": "/w", "target_directory": "/w/target", "packages": packages,
        });
        Workspace::from_metadata(&metadata).unwrap()
    }

    #[test]
    fn features_are_edges() {
        let workspace = workspace(&[
            ("orders", "inventory", "http"),
            ("orders", "fleet", "events"),
            ("orders", "payment", "repair"),
            ("notification", "fleet", "mqtt"),
            ("fleet", "fleet", "http"),
        ]);
        let text = text(&graph(&workspace));
        assert!(text.contains(
            "[orders]\nhttp = [\"inventory\"]\nevents = [\"fleet\"]\nrepair = [\"payment\"]\n"
        ));
        assert!(text.contains("[notification]\nhttp = [\"fleet\"]\n"), "mqtt brings http along");
        assert!(text.contains("[fleet]\nhttp = []\n"), "a service's own contract is no edge");
    }

    #[test]
    fn services_that_wait_for_one_another_are_refused() {
        let ring = workspace(&[
            ("gateway", "orders", "http"),
            ("orders", "payment", "http"),
            ("payment", "orders", "http"),
        ]);
        let found = ["services wait for one another: orders -> payment -> orders"];
        assert_eq!(rings(&ring), found);
    }

    #[test]
    fn facts_and_repairs_may_go_round() {
        let round = workspace(&[
            ("orders", "payment", "http"),
            ("payment", "orders", "events"),
            ("payment", "orders", "repair"),
        ]);
        assert!(rings(&round).is_empty());
    }

    #[test]
    fn this_workspace_has_no_ring_and_no_stale_graph() {
        assert_eq!(check(&Workspace::load().unwrap()).unwrap(), Vec::<String>::new());
    }
}
