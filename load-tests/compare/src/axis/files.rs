//! The two files of a result.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

/// Writes `<axis>.json` for programs and `<axis>.md` for people.
pub(super) fn write(folder: &Path, axis: &str, json: &Value, markdown: &str) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(json)? + "\n";
    let file = |ending: &str| folder.join(format!("{axis}.{ending}"));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(file("json"), json))
        .and_then(|()| std::fs::write(file("md"), markdown))
        .with_context(|| format!("cannot write into {}", folder.display()))
}
