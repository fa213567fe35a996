//! A stack that is made for a test and holds nothing of former ones.

use std::path::Path;

use crate::commands::down;
use crate::engines::Durability;
use crate::layout::Layout;
use crate::ports::Ports;
use crate::site::SERVICES;
use crate::stack::{Options, Pace, Stack};

/// Starts a whole stack on free ports, empty and unhurt by how often a test asks. What a broken-off run
/// of the same name left behind is ended and thrown away first.
pub async fn up(local: &Path, name: &str, bins: &Path) -> anyhow::Result<Stack> {
    let layout = Layout::new(local, name)?;
    down::end_all(&layout.marks()).await?;
    layout.clear()?;
    Stack::up(Options {
        local: local.to_owned(),
        stack: name.to_owned(),
        ports: Ports::free()?,
        bin_folder: bins.to_owned(),
        services: SERVICES.to_vec(),
        durability: Durability::Volatile,
        pace: Pace::Hurried,
        observe: None,
        secured: false,
    })
    .await
}
