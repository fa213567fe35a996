//! F10: the database's disk is full, and has room again.

use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::time::Instant;

use crate::chaos::act::{Landed, ms};
use crate::chaos::disk::Disk;
use crate::chaos::readers::Readers;
use crate::chaos::rig::{Rig, count};
use crate::chaos::words::Words;
use crate::look;

const LASTS: Duration = Duration::from_secs(10);
const LASTS_MAX: Duration = Duration::from_secs(30);
/// What is given back meanwhile is filled again.
const AGAIN: Duration = Duration::from_millis(250);
/// Of a hundred who read so many are answered all the same.
const READS_MIN_PCT: usize = 90;
const RESUMED_MAX: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(50);
/// What PostgreSQL says who finds no room (SQLSTATE 53100).
const NO_ROOM: &str = "No space left on device";

const CONFIRMED: &str = "SELECT count(*) FROM order_transition WHERE to_state = 'CONFIRMED'";

/// Lets those who write be refused for a while.
pub(in crate::chaos) async fn play(rig: &Rig<'_>) -> anyhow::Result<Landed> {
    let disk = rig.means.disk.as_ref().context("there is no disk")?;
    let Some(work) = rig.at_work("orders").await? else { return Ok(None) };
    let readers = Readers::gather(rig.site()).await?;
    lay_in(rig).await?;
    let mood = rig.game.mood();
    let (away, broken) = (mood.answered(503), mood.answered(500));
    let full = while_full(disk, &readers, rig.words_of("postgres")).await;
    // However it went: there must be room again.
    disk.free()?;
    let Full { refused, asked, answered } = full?;
    let resumed = resumed(rig).await?;
    let (away, broken) = (mood.answered(503) - away, mood.answered(500) - broken);
    if broken > 0 {
        rig.broke(format!("{broken} answers said 500 while the disk was full"));
    }
    let read = format!("{answered} of {asked} reads answered");
    ensure!(answered * 100 >= asked * READS_MIN_PCT, "only {read}");
    let writes = format!("{work}; {refused} writes found no room: 503 {away} times, 500 {broken}");
    let resumed = ms(resumed);
    Ok((refused > 0 && away > 0).then(|| format!("{writes}; {read}; resumed after {resumed}")))
}

/// What was seen while there was no room.
#[derive(Debug, Default)]
struct Full {
    /// Writes that the database refused.
    refused: usize,
    /// How often somebody asked to read.
    asked: usize,
    /// And was answered.
    answered: usize,
}

/// Room for the database's own log, which is laid out in pieces: without any it cannot even read.
async fn lay_in(rig: &Rig<'_>) -> anyhow::Result<()> {
    let mut above = look::from_above(rig.site(), "postgres").await?;
    for step in ["SELECT pg_switch_wal()", "CHECKPOINT"] {
        sqlx::query(step).execute(&mut above).await?;
    }
    Ok(())
}

/// Keeps the disk full until some writes were refused.
async fn while_full(disk: &Disk, readers: &Readers, mut said: Words) -> anyhow::Result<Full> {
    let (begun, mut full) = (Instant::now(), Full::default());
    while begun.elapsed() < LASTS || (full.refused == 0 && begun.elapsed() < LASTS_MAX) {
        tokio::task::block_in_place(|| disk.fill()).context("the disk cannot be filled")?;
        full.answered += usize::from(readers.ask(full.asked).await);
        full.asked += 1;
        full.refused += said.lines().matches(NO_ROOM).count();
        tokio::time::sleep(AGAIN).await;
    }
    Ok(full)
}

/// Waits until orders are confirmed again.
async fn resumed(rig: &Rig<'_>) -> anyhow::Result<Duration> {
    let freed = Instant::now();
    let mut orders = look::into(rig.site(), "orders").await?;
    let before = count(&mut orders, CONFIRMED).await?;
    while count(&mut orders, CONFIRMED).await? == before {
        ensure!(freed.elapsed() < RESUMED_MAX, "nothing was written {} after", ms(RESUMED_MAX));
        tokio::time::sleep(LOOK).await;
    }
    Ok(freed.elapsed())
}
