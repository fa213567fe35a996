//! The correctness gate: the books are right, and there was an overload at all.

use serde::Serialize;

use super::phases::Found;
use super::timeline::{late_ms, refused};
use crate::axis::gate;

/// Requests that were sent later were not three times the peak.
const LATE_MAX_MS: f64 = 1_000.0;

/// What the records and the client say after the last phase.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Evidence {
    #[serde(flatten)]
    pub(super) books: gate::Evidence,
    /// Requests turned away in the overload.
    pub(super) refused: u64,
    /// The most that one was sent later than it was meant to be.
    pub(super) late_ms: f64,
}

impl Evidence {
    pub(super) fn new(books: gate::Evidence, found: &Found) -> Self {
        let seconds = &found.overload.seconds;
        Self { books, refused: refused(seconds), late_ms: late_ms(seconds) }
    }

    /// The rules that are broken, with the numbers that show it; none where all is well.
    pub(super) fn violations(&self) -> Vec<String> {
        let mut broken = self.books.violations();
        if self.refused == 0 {
            broken.push("nothing was refused: that was no overload".to_owned());
        }
        if self.late_ms > LATE_MAX_MS {
            broken.push(format!("the rate was not kept: {} ms late", self.late_ms));
        }
        broken
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Nothing to object to.
    pub(in crate::axis::overload) fn sound() -> Evidence {
        let books = gate::Evidence { limit: None, ..gate::tests::sound() };
        Evidence { books, refused: 7, late_ms: 3.0 }
    }

    #[test]
    fn nothing_is_said_where_all_is_well() {
        assert_eq!(sound().violations(), Vec::<String>::new());
    }

    #[test]
    fn every_rule_is_looked_at() {
        let breaks: [fn(&mut Evidence); 4] = [
            |it| it.books.acknowledged_and_lost = 1,
            |it| it.books.stock.rows_below_zero_or_oversold = 1,
            |it| it.refused = 0,
            |it| it.late_ms = 1_001.0,
        ];
        for (number, break_it) in breaks.into_iter().enumerate() {
            let mut evidence = sound();
            break_it(&mut evidence);
            assert_eq!(evidence.violations().len(), 1, "break {number}");
        }
    }
}
