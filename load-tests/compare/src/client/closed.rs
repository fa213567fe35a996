//! As fast as possible: whoever has an answer sends the next request.
//!
//! Finds the highest rate. It sends less while the server stalls, so its waits are never quoted.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Operate, Phase, Tally};

/// Whoever failed comes back a little later: refusals are quick, and would be all that is measured.
const AFTER_FAILURE: Duration = Duration::from_millis(20);

/// Lets all of `workers` operate for the whole phase.
pub(crate) async fn closed<W: Operate>(workers: Vec<W>, phase: Phase) -> anyhow::Result<Tally> {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for worker in workers {
        tasks.spawn(work(worker, phase, begun));
    }
    let mut tally = Tally::new()?;
    while let Some(ended) = tasks.join_next().await {
        tally.add(ended??)?;
    }
    Ok(tally)
}

async fn work<W: Operate>(mut worker: W, phase: Phase, begun: Instant) -> anyhow::Result<Tally> {
    let mut tally = Tally::new()?;
    while begun.elapsed() < phase.whole() {
        let sent = Instant::now();
        let outcome = worker.once().await;
        let failed = outcome.is_err();
        let ended = Instant::now();
        tally.note(phase.counts(begun, ended), ended - sent, outcome);
        if failed {
            tokio::time::sleep(AFTER_FAILURE).await;
        }
    }
    Ok(tally)
}
