//! F7: a payment provider that is slow, or whose answers are lost.

use std::fmt;
use std::time::Duration;

use anyhow::Context;
use sandbox::provider::faults::Faults;
use serde::Deserialize;
use tokio::time::Instant;

use crate::api::{Api, Call};
use crate::chaos::act::Landed;
use crate::chaos::rig::Rig;
use crate::ports::Door;

/// So many operations make it all but certain that one of them was struck: 0.8^20 = 1 %.
const STRUCK_MIN: usize = 20;
const LASTS: Duration = Duration::from_secs(8);
const LASTS_MAX: Duration = Duration::from_secs(40);
const LOOK: Duration = Duration::from_millis(250);

/// How the provider misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It works and loses one answer of five, and breaks before or after the work now and then.
    LosesReplies,
    /// It takes longer than anybody waits in the foreground.
    Slow,
}

impl Fault {
    fn knobs(self) -> Faults {
        match self {
            Self::LosesReplies => {
                Faults { lose_reply: 0.2, fail_before: 0.05, fail_after: 0.05, ..Faults::default() }
            }
            Self::Slow => Faults { delay_ms: 3_000, ..Faults::default() },
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LosesReplies => "provider loses 20 % of its replies",
            Self::Slow => "provider takes 3 s",
        })
    }
}

pub(in crate::chaos) async fn play(rig: &Rig<'_>, fault: Fault) -> anyhow::Result<Landed> {
    let api = Api::new(rig.site().http_url(Door::Provider))?;
    let before = operations(&api, 0).await?;
    set(&api, &fault.knobs()).await?;
    let struck = struck(&api, before).await;
    // Whatever was seen: it must not go on misbehaving.
    set(&api, &Faults::default()).await?;
    let struck = struck?;
    Ok((struck >= STRUCK_MIN).then(|| format!("{struck} operations at the provider")))
}

/// How many operations there are while it misbehaves.
async fn struck(api: &Api, before: usize) -> anyhow::Result<usize> {
    let begun = Instant::now();
    let mut struck = 0;
    while begun.elapsed() < LASTS || (struck < STRUCK_MIN && begun.elapsed() < LASTS_MAX) {
        tokio::time::sleep(LOOK).await;
        struck = operations(api, before).await? - before;
    }
    Ok(struck)
}

async fn set(api: &Api, faults: &Faults) -> anyhow::Result<()> {
    let call = Call::put("/v1/faults", faults)?;
    api.send(&call, None).await.context("the provider is away")?.expect_ok("no faults")?;
    Ok(())
}

/// How many operations its journal has; `known` of them need not be counted again.
async fn operations(api: &Api, known: usize) -> anyhow::Result<usize> {
    #[derive(Deserialize)]
    struct Page {
        next_after: usize,
    }
    let mut after = known;
    loop {
        let call = Call::get(format!("/v1/operations?after={after}&limit=1000"));
        let page: Page = api.send(&call, None).await?.expect_ok("no journal")?.json()?;
        if page.next_after == after {
            return Ok(after);
        }
        after = page.next_after;
    }
}
