//! Keeps processes running until they shall end.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use tokio::process::Child;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::mark::Mark;
use super::memory::Memory;
use super::{Ready, Spec, last_lines, length};

/// A process that ends sooner than this has failed to start.
const QUICK: Duration = Duration::from_secs(5);
/// So many quick ends are forgiven before a pause.
const FORGIVEN: u32 = 2;
const PAUSE_MIN: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Starts processes, starts them again when they end, and ends them in reverse order.
#[derive(Debug, Default)]
pub struct Supervisor {
    tasks: TaskTracker,
    kept: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    spec: Arc<Spec>,
    /// The length of its log before its first line.
    began: u64,
    stop: CancellationToken,
    quick_ends: Arc<AtomicU32>,
    next: Arc<Next>,
    started: Instant,
    ready_after: OnceLock<Duration>,
    task: JoinHandle<()>,
}

/// What a process is told besides, one entry for each of its next starts.
#[derive(Debug, Default)]
struct Next(Mutex<VecDeque<Vec<(String, String)>>>);

/// What a process took.
#[derive(Debug)]
pub struct Took<'a> {
    /// Its name.
    pub name: &'a str,
    /// From its first start until it served.
    pub ready_after: Option<Duration>,
    /// By now, where it can be seen.
    pub memory: Option<Memory>,
}

impl Supervisor {
    /// Starts a process and keeps it running.
    pub fn keep(&mut self, spec: Spec) -> anyhow::Result<()> {
        let began = length(&spec.log);
        let child = spec.spawn()?;
        let (spec, stop) = (Arc::new(spec), CancellationToken::new());
        let (quick_ends, next) = (Arc::new(AtomicU32::new(0)), Arc::new(Next::default()));
        let watching = Watch {
            spec: spec.clone(),
            stop: stop.clone(),
            quick_ends: quick_ends.clone(),
            next: next.clone(),
        };
        let task = self.tasks.spawn(watching.watch(child));
        let (started, ready_after) = (Instant::now(), OnceLock::new());
        self.kept.push(Kept { spec, began, stop, quick_ends, next, started, ready_after, task });
        Ok(())
    }

    /// Waits until a process serves; gives up when it ends again and again.
    pub async fn ready(&self, name: &str, ready: &Ready, within: Duration) -> anyhow::Result<()> {
        let kept = self.find(name)?;
        let gone = || {
            let ends = kept.quick_ends.load(Ordering::Relaxed);
            (ends > FORGIVEN).then(|| format!("it ended {ends} times right after its start"))
        };
        ready.wait(within, gone).await.with_context(|| {
            let (log, words) = (&kept.spec.log, last_lines(&kept.spec.log, kept.began));
            format!("`{name}` does not serve; last words in {}:{words}\n   ", log.display())
        })?;
        kept.ready_after.get_or_init(|| kept.started.elapsed());
        Ok(())
    }

    /// Tells a process something more at a start of its own: the next one that nobody has used yet.
    pub fn tell_next(&self, name: &str, variables: Vec<(String, String)>) -> anyhow::Result<()> {
        self.find(name)?.next.push(variables);
        Ok(())
    }

    /// What each process took, in the order of their starts.
    pub fn took(&self) -> impl Iterator<Item = Took<'_>> {
        self.kept.iter().map(|kept| Took {
            name: &kept.spec.name,
            ready_after: kept.ready_after.get().copied(),
            memory: Mark::living(&kept.spec.mark).and_then(|mark| Memory::of(mark.pid)),
        })
    }

    /// The process that now runs under this name.
    #[must_use]
    pub fn mark(&self, name: &str) -> Option<Mark> {
        Mark::living(&self.find(name).ok()?.spec.mark)
    }

    /// Ends the processes in reverse order, `together` those that need no order.
    pub async fn stop(mut self, together: impl Fn(&str) -> bool, within: Duration) {
        let (free, ordered): (Vec<_>, Vec<_>) =
            self.kept.drain(..).partition(|kept| together(&kept.spec.name));
        futures::future::join_all(free.into_iter().map(|kept| kept.end(within))).await;
        for kept in ordered.into_iter().rev() {
            kept.end(within).await;
        }
    }

    fn find(&self, name: &str) -> anyhow::Result<&Kept> {
        let found = self.kept.iter().find(|kept| kept.spec.name == name);
        found.ok_or_else(|| anyhow!("there is no process `{name}`"))
    }
}

impl Drop for Supervisor {
    /// Whoever breaks off leaves nothing running, though nobody waits for its end.
    fn drop(&mut self) {
        for kept in self.kept.iter().rev() {
            kept.ask_to_stop();
        }
    }
}

impl Kept {
    fn ask_to_stop(&self) {
        self.stop.cancel();
        if let Some(mark) = Mark::living(&self.spec.mark)
            && let Err(error) = mark.ask_to_stop()
        {
            tracing::warn!(process = self.spec.name, error = format!("{error:#}"), "not stopped");
        }
    }

    async fn end(self, within: Duration) {
        self.ask_to_stop();
        let asked = Instant::now();
        while !self.task.is_finished() {
            if asked.elapsed() > within
                && let Some(mark) = Mark::living(&self.spec.mark)
            {
                tracing::warn!(process = self.spec.name, "ended by force");
                let _gone_already = mark.send(nix::sys::signal::Signal::SIGKILL);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // A missing mark says the same as one that matches nobody.
        let _missing = std::fs::remove_file(&self.spec.mark);
    }
}

impl Next {
    fn push(&self, variables: Vec<(String, String)>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(variables);
    }

    fn take(&self) -> Vec<(String, String)> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        taken.unwrap_or_default()
    }
}

/// Waits for the end of a process, and starts it again.
struct Watch {
    spec: Arc<Spec>,
    stop: CancellationToken,
    quick_ends: Arc<AtomicU32>,
    next: Arc<Next>,
}

impl Watch {
    async fn watch(self, child: Child) {
        let Self { spec, stop, quick_ends, next } = self;
        let (mut running, mut doomed) = (Some(child), false);
        loop {
            let started = Instant::now();
            let ended = match running.take() {
                Some(mut child) => {
                    child.wait().await.map_or_else(|error| error.to_string(), |it| it.to_string())
                }
                None => "it could not be started".to_owned(),
            };
            if stop.is_cancelled() {
                return;
            }
            // Whoever was told to crash has not failed to start.
            let quick = started.elapsed() < QUICK && !doomed;
            let ends = if quick { quick_ends.fetch_add(1, Ordering::Relaxed) + 1 } else { 0 };
            quick_ends.store(ends, Ordering::Relaxed);
            tracing::warn!(process = spec.name, ended, "a process ended and is started again");
            if stop.run_until_cancelled(tokio::time::sleep(pause(ends))).await.is_none() {
                return;
            }
            let told = next.take();
            doomed = !told.is_empty();
            match spec.spawn_told(told) {
                Ok(child) => running = Some(child),
                Err(error) => {
                    tracing::error!(process = spec.name, error = format!("{error:#}"), "no start");
                }
            }
            if stop.is_cancelled() {
                // The stop came between the pause and the start: its signal met nobody.
                let _gone_already = Mark::living(&spec.mark).map(|mark| mark.ask_to_stop());
            }
        }
    }
}

/// None after a crash, which must be healed within 2 s; growing after repeated ones.
fn pause(quick_ends: u32) -> Duration {
    match quick_ends.checked_sub(FORGIVEN + 1) {
        None => Duration::ZERO,
        Some(more) => PAUSE_MIN.saturating_mul(1 << more.min(8)).min(PAUSE_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_healed_at_once_and_a_series_of_crashes_slowly() {
        let pauses: Vec<u128> = (0..10).map(|ends| pause(ends).as_millis()).collect();
        assert_eq!(pauses, [0, 0, 0, 200, 400, 800, 1600, 3200, 5000, 5000]);
    }
}
