//! Processes that we start: what they are, who they are, and how they end.

pub mod mark;
pub mod memory;
pub mod supervisor;

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, PgConnection};
use tokio::process::{Child, Command};

use crate::engines::servant::Servant;
use crate::layout::{Layout, make};

use self::mark::Mark;

const LOG_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// A process to be started.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Its name, also of its log and its mark.
    pub name: String,
    /// The binary.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its whole environment, apart from what every process needs (`PATH`, `HOME`, `LANG` and so on).
    pub env: Vec<(String, String)>,
    /// Who runs it, where it is not the caller.
    pub servant: Option<Servant>,
    /// The signal that asks it to end in order.
    pub stop: Signal,
    /// The ports it listens on.
    pub ports: Vec<u16>,
    /// Where it writes.
    pub log: PathBuf,
    /// Where its mark lies.
    pub mark: PathBuf,
}

/// How it is seen that a process serves.
#[derive(Debug, Clone)]
pub enum Ready {
    /// A connection is accepted at this port of the loopback.
    Tcp(u16),
    /// This path at this port of the loopback answers 200.
    Http(u16, &'static str),
    /// This database lets us in.
    Sql(SecretString),
}

impl Spec {
    /// `program` under `name`, ended by SIGTERM.
    #[must_use]
    pub fn new(layout: &Layout, name: &str, program: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            program,
            args: Vec::new(),
            env: Vec::new(),
            servant: None,
            stop: Signal::SIGTERM,
            ports: Vec::new(),
            log: layout.logs().join(format!("{name}.log")),
            mark: layout.marks().join(format!("{name}.json")),
        }
    }

    /// With these arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// A command with this environment and nothing of the caller's that could be mistaken for it.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear().envs(inherited()).envs(self.env.iter().cloned());
        command.stdin(Stdio::null());
        if let Some(Servant { uid, gid }) = self.servant {
            command.uid(uid).gid(gid).current_dir("/");
        }
        command
    }

    /// Starts the process and leaves its mark.
    ///
    /// It has a process group of its own: a Ctrl-C is for whoever started it, who ends it in order.
    pub fn spawn(&self) -> anyhow::Result<Child> {
        self.spawn_told(Vec::new())
    }

    /// The same, told something more.
    pub(crate) fn spawn_told(&self, more: Vec<(String, String)>) -> anyhow::Result<Child> {
        let log = self.open_log()?;
        let child = self
            .command()
            .envs(more)
            .process_group(0)
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} does not start", self.program.display()))?;
        if let Some(pid) = child.id() {
            Mark::of(pid, self.stop, self.ports.clone())?.write(&self.mark)?;
        }
        Ok(child)
    }

    fn open_log(&self) -> anyhow::Result<File> {
        if let Some(folder) = self.log.parent() {
            make(folder, 0o755)?;
        }
        if length(&self.log) > LOG_MAX_BYTES {
            std::fs::rename(&self.log, self.log.with_extension("log.1"))?;
        }
        let log = OpenOptions::new().append(true).create(true).open(&self.log);
        log.with_context(|| format!("cannot write {}", self.log.display()))
    }
}

impl Ready {
    /// Asks once.
    pub async fn holds(&self) -> bool {
        match self {
            Self::Tcp(port) => tokio::net::TcpStream::connect(("127.0.0.1", *port)).await.is_ok(),
            Self::Http(port, path) => answers_200(*port, path).await.unwrap_or(false),
            Self::Sql(url) => PgConnection::connect(url.expose_secret()).await.is_ok(),
        }
    }

    /// Asks every 20 ms until it holds, `gone` tells why it never will, or time is up.
    pub async fn wait(
        &self,
        within: Duration,
        gone: impl Fn() -> Option<String>,
    ) -> anyhow::Result<()> {
        let started = Instant::now();
        while !self.holds().await {
            if let Some(why) = gone() {
                bail!("{why}");
            }
            if started.elapsed() > within {
                bail!("not ready after {} s", within.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

/// One request over a fresh connection, bounded in time: no client, no pool, no TLS is needed.
async fn answers_200(port: u16, path: &str) -> std::io::Result<bool> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await?;
        Ok(status.ends_with(b" 200"))
    };
    #[expect(clippy::disallowed_methods, reason = "a probe: nothing is lost when it is dropped")]
    let answered = tokio::time::timeout(Duration::from_secs(1), ask).await;
    answered.unwrap_or(Ok(false))
}

/// What every process may know of the caller's environment. `CE_` variables are no part of it: a
/// stack is what its table says, whatever the caller's shell has set; logs and traces excepted.
fn inherited() -> impl Iterator<Item = (OsString, OsString)> {
    const NAMES: [&str; 14] = [
        "PATH",
        "HOME",
        "USER",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "RUST_BACKTRACE",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "CE_LOG_FILTER",
        "CE_OTLP_ENDPOINT",
        "CE_OTLP_SAMPLE_RATIO",
        "LLVM_PROFILE_FILE",
    ];
    std::env::vars_os().filter(|(name, _)| NAMES.iter().any(|known| name == known))
}

/// How long a log is.
pub(crate) fn length(log: &Path) -> u64 {
    std::fs::metadata(log).map_or(0, |found| found.len())
}

/// The last lines of a log after its first `began` bytes, for people.
pub(crate) fn last_lines(log: &Path, began: u64) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let began = usize::try_from(began).unwrap_or(0);
    let text = String::from_utf8_lossy(bytes.get(began..).unwrap_or_default());
    let mut lines: Vec<String> =
        text.lines().rev().take(8).map(|line| format!("\n    {line}")).collect();
    lines.reverse();
    lines.concat()
}

/// The folder of our binaries: the one given, or that of the running program.
pub fn bin_folder(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(folder) = given {
        return Ok(folder.to_owned());
    }
    let mut folder = std::env::current_exe().context("this program does not know where it is")?;
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    Ok(folder)
}
