//! moto, the emulator of AWS, for the shape of what we say to EventBridge and SQS. It is no engine of ours:
//! it keeps no promise but that of an answer's form.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::Command;

use crate::layout::{Layout, make};
use crate::process::supervisor::Supervisor;
use crate::process::{Ready, Spec};

const START_MAX: Duration = Duration::from_mins(1);
const PACKAGE: &str = "moto[server]==5.2.5";

/// An emulator that ends with the value.
#[derive(Debug)]
pub struct Moto {
    supervisor: Supervisor,
    endpoint: String,
}

impl Moto {
    /// Fetches what is missing and starts an empty emulator on a free port.
    pub async fn start(layout: &Layout) -> anyhow::Result<Self> {
        let python = python(layout).await?;
        let port = free_port()?;
        let mut spec = Spec::new(layout, "moto", python);
        spec = spec.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        spec.ports = vec![port];

        let mut supervisor = Supervisor::default();
        supervisor.keep(spec)?;
        supervisor.ready("moto", &Ready::Tcp(port), START_MAX).await?;
        Ok(Self { supervisor, endpoint: format!("http://127.0.0.1:{port}") })
    }

    /// Where it answers.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Ends the emulator.
    pub async fn stop(self) {
        self.supervisor.stop(|_| true, START_MAX).await;
    }
}

/// A Python that has the emulator, in an environment of its own.
async fn python(layout: &Layout) -> anyhow::Result<PathBuf> {
    let folder = layout.packages().join("moto");
    let python = folder.join("bin/python3");
    let whole = folder.join("whole");
    if whole.is_file() {
        return Ok(python);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    make(&layout.packages(), 0o755)?;
    run("python3", |python| python.args(["-m", "venv"]).arg(&folder)).await?;
    run(&python, |python| python.args(["-m", "pip", "install", "--quiet", PACKAGE])).await?;
    std::fs::write(whole, PACKAGE)?;
    Ok(python)
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no port is free")?;
    Ok(listener.local_addr()?.port())
}

async fn run(
    program: impl AsRef<Path>,
    with: impl FnOnce(&mut Command) -> &mut Command,
) -> anyhow::Result<()> {
    let program = program.as_ref();
    let mut command = Command::new(program);
    let output = with(&mut command).stdin(Stdio::null()).output().await;
    let name = program.display();
    let output = output.with_context(|| {
        format!("`{name}` cannot be run: the emulator of AWS needs Python 3 with venv and PyPI")
    })?;
    if output.status.success() {
        return Ok(());
    }
    let words = [output.stdout, output.stderr].concat();
    bail!(
        "`{name}` failed, and the emulator of AWS needs it (on Debian: the package python3-venv): {}",
        String::from_utf8_lossy(&words).trim()
    );
}
