//! The embedded DynamoDB, as a process of its own.

use std::path::Path;

use crate::ports::Door;
use crate::process::Spec;
use crate::site::Site;

pub(super) fn prepare(site: &Site, bin_folder: &Path) -> anyhow::Result<Spec> {
    let folder = site.layout.folder().join("dynamo");
    crate::layout::make(&folder, 0o700)?;
    let port = site.ports.of(Door::Dynamo);
    let mut spec = Spec::new(&site.layout, "dynamo", bin_folder.join("cloudeats"))
        .args(["dynamo", "serve", "--address", &format!("127.0.0.1:{port}"), "--file"])
        .args([folder.join("tables.sqlite")]);
    spec.ports = vec![port];
    Ok(spec)
}
