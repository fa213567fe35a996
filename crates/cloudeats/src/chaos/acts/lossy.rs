//! F8: ways on which packets are lost, late, doubled and overtaken.

use std::time::Duration;

use anyhow::{Context, ensure};
use futures::future::join_all;

use crate::chaos::act::Landed;
use crate::chaos::line::{Counts, Weather};
use crate::chaos::readers::Readers;
use crate::chaos::rig::Rig;

/// How many of a hundred packets are lost, one after the other.
const LOSSES_PCT: [u8; 3] = [2, 5, 10];
const DOUBLED_PCT: u8 = 1;
const JITTER: Duration = Duration::from_millis(10);
/// At the first of these, this much of what is answered otherwise must be answered.
const GOODPUT_MIN_PCT: usize = 80;
/// Somebody asks so often, whether or not the last answer has come.
const ASKS: u32 = 100;
const EVERY: Duration = Duration::from_millis(100);
/// New connections have been made by then.
const CHANGED: Duration = Duration::from_secs(2);

/// Leads everything between services, and to databases, Redis and the provider, over a lossy line.
pub(in crate::chaos) async fn play(rig: &Rig<'_>) -> anyhow::Result<Landed> {
    let line = rig.means.line.as_ref().context("there is no line")?;
    let readers = Readers::gather(rig.site()).await?;
    let healthy = answered(&readers).await;
    ensure!(healthy > 0, "nobody was answered before");

    rig.links.over_the_line().await;
    let mut told = Vec::new();
    for loss_pct in LOSSES_PCT {
        let before = line.counts();
        line.set(Weather { loss_pct, doubled_pct: DOUBLED_PCT, jitter: JITTER });
        tokio::time::sleep(CHANGED).await;
        let goodput_pct = answered(&readers).await * 100 / healthy;
        let met = line.counts().since(before);
        told.push((loss_pct, goodput_pct, met));
    }
    // Before connections are broken off: who was left has to hear of it.
    line.set(Weather::default());
    rig.links.straight().await;

    let words = told.iter().map(|(loss_pct, goodput_pct, met)| {
        format!("{loss_pct} %: {met}, goodput {goodput_pct} %")
    });
    let words = words.collect::<Vec<_>>().join("; ");
    let [(_, goodput_pct, _), ..] = told.as_slice() else { return Ok(None) };
    ensure!(*goodput_pct >= GOODPUT_MIN_PCT, "too little was answered: {words}");
    Ok(told.iter().all(|(.., met)| met.has_all()).then_some(words))
}

/// How many of those who ask are answered in time.
async fn answered(readers: &Readers) -> usize {
    let asks = (0..ASKS).map(async |nth| {
        tokio::time::sleep(EVERY * nth).await;
        readers.ask(nth as usize).await
    });
    join_all(asks).await.into_iter().filter(|answered| *answered).count()
}

impl Counts {
    fn since(self, before: Self) -> Self {
        Self {
            sent: self.sent - before.sent,
            lost: self.lost - before.lost,
            doubled: self.doubled - before.doubled,
            overtaken: self.overtaken - before.overtaken,
        }
    }

    const fn has_all(self) -> bool {
        self.lost > 0 && self.doubled > 0 && self.overtaken > 0
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { sent, lost, doubled, overtaken } = self;
        write!(f, "of {sent} packets {lost} lost, {doubled} doubled, {overtaken} overtaken")
    }
}
