//! A private Prometheus, which asks the services what they say of themselves and knows our alarms.

use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::json;

use crate::layout::make;
use crate::ports::Door;
use crate::process::Spec;
use crate::site::{Service, Site};

use super::{Programs, file};

/// What it is told beside its targets: rules, and alarms.
const FOLDERS: [&str; 2] = ["rules", "alerts"];
const CONFIG: &str = "local.yaml";
/// A week of a busy stack.
const DATA_MAX: &str = "512MB";

/// With a copy of `rules`, the folder `observability/prometheus`, as they are now.
pub(crate) fn prepare(
    site: &Site,
    programs: &Programs,
    services: &[Service],
    rules: &Path,
) -> anyhow::Result<Spec> {
    let layout = &site.layout;
    let folder = layout.engine_folder("prometheus")?;
    let config = copy(site, &rules.join(CONFIG), &folder)?;
    for name in FOLDERS {
        let copied = folder.join(name);
        // A rule that is no more is no longer asked.
        if copied.exists() {
            std::fs::remove_dir_all(&copied)?;
        }
        make(&copied, 0o700)?;
        layout.hand_over(&copied)?;
        let found = std::fs::read_dir(rules.join(name));
        for rule in found.with_context(|| format!("no {}/{name}", rules.display()))? {
            copy(site, &rule?.path(), &copied)?;
        }
    }
    layout.hand_over(&file(&folder, "targets.json", &targets(site, services))?)?;

    let port = site.ports.of(Door::Prometheus);
    let mut spec = Spec::new(layout, "prometheus", programs.path("prometheus")).args([
        format!("--config.file={}", config.display()),
        format!("--storage.tsdb.path={}", folder.join("data").display()),
        format!("--storage.tsdb.retention.size={DATA_MAX}"),
        format!("--web.listen-address=127.0.0.1:{port}"),
        "--log.level=warn".to_owned(),
    ]);
    spec.servant = layout.servant();
    spec.ports = vec![port];
    Ok(spec)
}

/// Whether rules lie in a folder, asked before anything is started.
pub(crate) fn refuse_stranger(rules: &Path) -> anyhow::Result<()> {
    ensure!(
        rules.join(CONFIG).is_file(),
        "no {CONFIG} in {}: start it in the repository, or name the folder with --observe=FOLDER",
        rules.display()
    );
    Ok(())
}

fn copy(site: &Site, from: &Path, folder: &Path) -> anyhow::Result<std::path::PathBuf> {
    let text = std::fs::read_to_string(from);
    let text = text.with_context(|| format!("cannot read {}", from.display()))?;
    let name = from.file_name().and_then(|name| name.to_str()).context("a file has a name")?;
    let copied = file(folder, name, &text)?;
    site.layout.hand_over(&copied)?;
    Ok(copied)
}

/// The admin ports, with the labels that rules and panels count on.
fn targets(site: &Site, services: &[Service]) -> String {
    let targets: Vec<_> = services
        .iter()
        .map(|service| {
            json!({
                "targets": [format!("127.0.0.1:{}", site.admin_port(service))],
                "labels": {"service": service.name, "region": "local"},
            })
        })
        .collect();
    serde_json::Value::from(targets).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Layout;
    use crate::ports::Ports;
    use crate::site::SERVICES;

    fn rules() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../observability/prometheus")
    }

    #[test]
    fn it_asks_every_service_and_knows_every_rule_as_it_is_now() {
        let local = tempfile::tempdir().unwrap();
        let layout = Layout::new(local.path(), "run").unwrap();
        let site = Site::new(layout, Ports::fixed(100).unwrap()).unwrap();
        let programs = Programs::in_folder("/usr/bin".into());
        prepare(&site, &programs, &SERVICES, &rules()).unwrap();
        let folder = site.layout.engine_folder("prometheus").unwrap();
        std::fs::write(folder.join("alerts/old.yaml"), "").unwrap();

        let spec = prepare(&site, &programs, &SERVICES, &rules()).unwrap();

        assert_eq!(spec.ports, [9199]);
        assert!(spec.args.iter().any(|arg| arg == "--web.listen-address=127.0.0.1:9199"));
        let targets = std::fs::read_to_string(folder.join("targets.json")).unwrap();
        let targets: Vec<serde_json::Value> = serde_json::from_str(&targets).unwrap();
        assert_eq!(targets.len(), 7);
        let orders = targets.iter().find(|it| it["labels"]["service"] == "orders").unwrap();
        assert_eq!(orders["targets"], json!(["127.0.0.1:9103"]));
        assert_eq!(orders["labels"]["region"], "local");
        assert!(!folder.join("alerts/old.yaml").exists());
        for (name, there) in [("alerts", rules().join("alerts")), ("rules", rules().join("rules"))]
        {
            let files = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
            assert_eq!(files(&folder.join(name)), files(&there), "{name}");
        }
    }

    #[test]
    fn a_folder_without_rules_is_named_before_anything_starts() {
        let empty = tempfile::tempdir().unwrap();
        refuse_stranger(&rules()).unwrap();
        let error = refuse_stranger(empty.path()).unwrap_err().to_string();
        assert!(error.contains("--observe=FOLDER"), "{error}");
    }
}
