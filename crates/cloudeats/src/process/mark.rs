//! Who a process is: a pid alone may by now belong to somebody else.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::errno::Errno;
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::layout::make;

/// A process that we started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its pid.
    pub pid: u32,
    /// When it started, in the words of the operating system.
    started: String,
    /// The number of the signal that asks it to end in order.
    stop: i32,
    /// The ports it listens on.
    pub ports: Vec<u16>,
}

impl Mark {
    /// The mark of a running process.
    pub fn of(pid: u32, stop: Signal, ports: Vec<u16>) -> anyhow::Result<Self> {
        // A process that has ended already leaves a mark that matches nobody.
        let started = start_of(pid).unwrap_or_default();
        Ok(Self { pid, started, stop: stop as i32, ports })
    }

    /// The mark in a file, if it is there and the process lives.
    #[must_use]
    pub fn living(path: &Path) -> Option<Self> {
        let text = std::fs::read(path).ok()?;
        serde_json::from_slice(&text).ok().filter(Self::lives)
    }

    /// All living processes whose marks lie in `folder`, by name.
    #[must_use]
    pub fn all_living(folder: &Path) -> Vec<(String, Self)> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut found: Vec<_> = entries
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                Some((path.file_stem()?.to_str()?.to_owned(), Self::living(&path)?))
            })
            .collect();
        found.sort_by(|(left, _), (right, _)| left.cmp(right));
        found
    }

    /// Leaves the mark at `path`.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        if let Some(folder) = path.parent() {
            make(folder, 0o755)?;
        }
        // Written aside and renamed: a reader sees the old mark or the new one.
        let aside = path.with_extension("new");
        std::fs::write(&aside, serde_json::to_vec(self)?)
            .and_then(|()| std::fs::rename(&aside, path))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Whether this very process still runs.
    #[must_use]
    pub fn lives(&self) -> bool {
        start_of(self.pid).is_some_and(|started| started == self.started)
    }

    /// Asks the process to end in order.
    pub fn ask_to_stop(&self) -> anyhow::Result<()> {
        self.send(Signal::try_from(self.stop).unwrap_or(Signal::SIGTERM))
    }

    /// Sends a signal, if this very process still runs.
    pub fn send(&self, what: Signal) -> anyhow::Result<()> {
        if !self.lives() {
            return Ok(());
        }
        match signal::kill(Pid::from_raw(i32::try_from(self.pid)?), what) {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("cannot signal process {}", self.pid)),
        }
    }

    /// Asks it to end, waits, and ends it by force where it does not.
    pub async fn end(&self, within: Duration) -> anyhow::Result<()> {
        self.ask_to_stop()?;
        if !self.gone(within).await {
            self.send(Signal::SIGKILL)?;
            self.gone(Duration::from_secs(5)).await;
        }
        Ok(())
    }

    /// Waits until it has ended; false where it has not.
    pub async fn gone(&self, within: Duration) -> bool {
        let started = Instant::now();
        while self.lives() {
            if started.elapsed() > within {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        true
    }
}

/// When a process started; nothing where it has ended, even if nobody has fetched its exit code.
fn start_of(pid: u32) -> Option<String> {
    if let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The second field is the program's name in parentheses, and may contain anything.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let alive = !matches!(fields.first(), Some(&"Z" | &"X"));
        return fields.get(19).filter(|_| alive).map(|ticks| (*ticks).to_owned());
    }
    if Path::new("/proc/self/stat").exists() {
        return None;
    }
    let mut ps = std::process::Command::new("ps");
    let text = ps.args(["-o", "lstart=", "-p"]).arg(pid.to_string()).output().ok()?.stdout;
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_mark_knows_its_process_and_no_other() {
        let mut child = tokio::process::Command::new("sleep").arg("60").spawn().unwrap();
        let mark = Mark::of(child.id().unwrap(), Signal::SIGTERM, vec![]).unwrap();
        let impostor = Mark { started: "some other day".to_owned(), ..mark.clone() };

        assert!(mark.lives());
        assert!(!impostor.lives());
        impostor.send(Signal::SIGKILL).unwrap();
        assert!(mark.lives());

        mark.end(Duration::from_secs(5)).await.unwrap();
        assert!(!mark.lives());
        child.wait().await.unwrap();
    }
}
