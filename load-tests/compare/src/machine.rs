//! The machine that is measured on.

pub(crate) mod cpu;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::Serialize;

/// Above this load somebody else is at work.
const QUIET_LOAD: f64 = 0.5;
const LOOK: Duration = Duration::from_secs(5);

/// What a figure depends on beside the code.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) cpu: String,
    pub(crate) memory_mb: u64,
    pub(crate) kernel: String,
    /// The commit that is measured; with `-dirty` where files differ from it.
    pub(crate) commit: String,
}

impl Machine {
    pub(crate) fn look() -> anyhow::Result<Self> {
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            cpu: field("/proc/cpuinfo", "model name").unwrap_or_default(),
            memory_mb: field("/proc/meminfo", "MemTotal").map_or(0, |text| kb(&text) / 1024),
            kernel: read("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            commit: said(Command::new("git").args([
                "describe",
                "--always",
                "--dirty",
                "--abbrev=40",
                "--exclude=*",
            ]))
            .unwrap_or_else(|| "none".to_owned()),
        })
    }
}

/// The load average of the last minute.
pub(crate) fn load() -> anyhow::Result<f64> {
    let text = read("/proc/loadavg")?;
    let load = text.split_whitespace().next().and_then(|word| word.parse().ok());
    load.context("/proc/loadavg is unreadable")
}

/// Waits until the machine is quiet; `false` where it is not after `within`.
pub(crate) async fn quiet(within: Duration) -> anyhow::Result<bool> {
    let begun = Instant::now();
    while load()? >= QUIET_LOAD {
        if begun.elapsed() >= within {
            return Ok(false);
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(true)
}

/// The first line that a program says, if it can.
pub(crate) fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).lines().next()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The value of `name: value` in a file of the kernel's.
fn field(file: impl AsRef<Path>, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let value = text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        (found.trim() == name).then_some(value)
    });
    value.map(|value| value.trim().to_owned())
}

fn kb(text: &str) -> u64 {
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

fn read(file: &str) -> anyhow::Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("{file} is unreadable: no Linux?"))
}
