//! Tells facts at a steady rate, however long each takes.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use common::types::Fault;
use event_kit::outbox;
use futures::future::join_all;
use postgres_kit::{Db, StoreError};
use tokio::time::Instant;

use super::book::Book;
use super::listener::Told;

const HANDS: usize = 16;

/// How the telling went.
#[derive(Debug, Clone, Default)]
pub(super) struct Telling {
    /// The most that a fact was told later than it was meant to be.
    pub(super) late_max: Duration,
    /// What was not told, by reason.
    pub(super) failed: BTreeMap<&'static str, usize>,
}

/// Who tells, as part of which run.
pub(super) struct Teller<'a> {
    pub(super) db: &'a Db,
    pub(super) book: &'a Book,
    pub(super) run: &'a str,
    /// Facts per second.
    pub(super) rate: u32,
}

impl Teller<'_> {
    /// Tells the facts with these numbers, each at its time.
    pub(super) async fn tell(&self, numbers: Range<usize>) -> Telling {
        let began = Instant::now();
        let hands = (0..HANDS).map(|hand| {
            let own = (numbers.start + hand..numbers.end).step_by(HANDS);
            self.tell_own(began, numbers.start, own)
        });
        join_all(hands).await.into_iter().fold(Telling::default(), Telling::and)
    }

    async fn tell_own(
        &self,
        began: Instant,
        first: usize,
        own: impl Iterator<Item = usize>,
    ) -> Telling {
        let mut telling = Telling::default();
        for number in own {
            let place = u32::try_from(number - first).unwrap_or(u32::MAX);
            let meant_at = began + Duration::from_secs(1) * place / self.rate;
            tokio::time::sleep_until(meant_at).await;
            telling.late_max = telling.late_max.max(meant_at.elapsed());
            if let Err(fault) = self.tell_one(number).await {
                *telling.failed.entry(fault.code()).or_default() += 1;
            }
        }
        telling
    }

    pub(super) async fn tell_one(&self, number: usize) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        outbox::stage(&mut tx, &Told::new(self.run, number)).await?;
        tx.commit().await?;
        self.book.note_committed(number);
        Ok(())
    }
}

impl Telling {
    fn and(mut self, other: Self) -> Self {
        self.late_max = self.late_max.max(other.late_max);
        for (code, count) in other.failed {
            *self.failed.entry(code).or_default() += count;
        }
        self
    }
}
