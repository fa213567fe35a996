//! The client of every side: when something is sent, and how long it took.

mod closed;
mod open;
mod tally;
mod wire;

use std::time::Duration;

use tokio::time::Instant;

pub(crate) use self::closed::closed;
pub(crate) use self::open::open;
pub(crate) use self::tally::Tally;
pub(crate) use self::wire::{Reply, Wire};

/// Somebody who does the measured operation, again and again.
pub(crate) trait Operate: Send + 'static {
    /// Does it once, to its end.
    fn once(&mut self) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Does it once, where it was meant to be begun at this time.
    fn once_due(&mut self, _meant: Instant) -> impl Future<Output = Result<(), Failure>> + Send {
        self.once()
    }
}

/// The operation did not end as it should: a word to count it under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure(pub(crate) String);

/// How long is sent, and from when on it counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Phase {
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
}

impl Phase {
    fn whole(self) -> Duration {
        self.warm_up + self.measured
    }

    /// Whether what happened at `at` counts in a phase that began at `begun`.
    fn counts(self, begun: Instant, at: Instant) -> bool {
        let since = at.saturating_duration_since(begun);
        since >= self.warm_up && since < self.whole()
    }
}
