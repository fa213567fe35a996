//! The event kit's tables are the same in every service's database.

use std::path::Path;

use anyhow::Context;

const KIT: &str = "crates/event-kit/migrations/0001_event_kit.sql";

/// Services whose copy of the kit's migration is missing or differs. A service without a database
/// has no migrations and needs no copy.
pub(crate) fn differences(root: &Path) -> anyhow::Result<Vec<String>> {
    let kit = std::fs::read(root.join(KIT)).context(KIT)?;
    let mut findings = Vec::new();
    for entry in std::fs::read_dir(root.join("services"))? {
        let migrations = entry?.path().join("migrations");
        if !migrations.is_dir() {
            continue;
        }
        let copy = migrations.join("0001_event_kit.sql");
        if std::fs::read(&copy).ok().as_deref() != Some(&kit[..]) {
            let shown = copy.strip_prefix(root).unwrap_or(&copy).display();
            findings.push(format!("{shown} is not {KIT}"));
        }
    }
    findings.sort();
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn every_service_has_the_kits_tables_byte_by_byte() {
        let found = differences(&Workspace::load().unwrap().root).unwrap();
        assert_eq!(found, Vec::<String>::new());
    }
}
