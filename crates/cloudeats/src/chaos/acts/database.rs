//! F2a: the database ends, in order or not, and comes back.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::Instant;

use crate::chaos::act::{Landed, ms};
use crate::chaos::rig::Rig;
use crate::look;

const LOOK: Duration = Duration::from_millis(20);
const AWAY_MAX: Duration = Duration::from_secs(5);
const BACK_MAX: Duration = Duration::from_mins(1);

/// How the database ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Sessions are ended in order.
    Fast,
    /// One session's process is killed: all others must go, for it may have spoiled what they share.
    OneBackend,
    /// All processes end at once, and recovery follows.
    Immediate,
    /// Only the first process is killed; its children live on for a moment.
    Postmaster,
}

pub(in crate::chaos) async fn play(rig: &Rig<'_>, end: End) -> anyhow::Result<Landed> {
    let Some(work) = rig.at_work("orders").await? else { return Ok(None) };
    let outage = match end {
        End::Fast => rig.replace("postgres", Signal::SIGINT).await?,
        End::Immediate => rig.replace("postgres", Signal::SIGQUIT).await?,
        End::Postmaster => rig.replace("postgres", Signal::SIGKILL).await?,
        End::OneBackend => kill_one(rig).await?,
    };
    Ok(Some(format!("{work}; database away for {}", ms(outage))))
}

/// Kills one session of `orders`, best one that is at work.
async fn kill_one(rig: &Rig<'_>) -> anyhow::Result<Duration> {
    let mut above = look::from_above(rig.site(), "postgres").await?;
    let pid: i32 = sqlx::query_scalar(
        "SELECT pid
           FROM pg_stat_activity
          WHERE usename = 'orders' AND datname = 'orders'
          ORDER BY state = 'active' DESC, xact_start NULLS LAST
          LIMIT 1",
    )
    .fetch_optional(&mut above)
    .await?
    .context("orders has no session")?;
    kill(Pid::from_raw(pid), Signal::SIGKILL).context("the session's process cannot be killed")?;
    let killed = Instant::now();
    // Our own session is ended with all others.
    while sqlx::query("SELECT 1").execute(&mut above).await.is_ok() && killed.elapsed() < AWAY_MAX {
        tokio::time::sleep(LOOK).await;
    }
    while look::from_above(rig.site(), "postgres").await.is_err() {
        ensure!(killed.elapsed() < BACK_MAX, "it was not back after {}", ms(BACK_MAX));
        tokio::time::sleep(LOOK).await;
    }
    Ok(killed.elapsed())
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fast => "PostgreSQL restarted, fast",
            Self::OneBackend => "PostgreSQL, one backend killed",
            Self::Immediate => "PostgreSQL restarted, immediate",
            Self::Postmaster => "PostgreSQL, postmaster killed",
        })
    }
}
