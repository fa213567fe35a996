//! How often may be asked again: a tenth of the first asks, and never more than ten in a row.

use std::sync::atomic::{AtomicU32, Ordering};

/// Tenths of a retry.
const FULL: u32 = 100;
const RETRY: u32 = 10;
const EARNED: u32 = 1;

/// One dependency's retries. When it is down for all, repeating is what keeps it down.
pub(super) struct Budget(AtomicU32);

impl Budget {
    pub(super) fn new() -> Self {
        Self(AtomicU32::new(FULL))
    }

    /// A first ask earns a tenth of a retry.
    pub(super) fn earn(&self) {
        let more = |tenths: u32| (tenths < FULL).then_some(tenths + EARNED);
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// Whether a retry may be made; it is counted.
    pub(super) fn spend(&self) -> bool {
        let less = |tenths: u32| tenths.checked_sub(RETRY);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn ten_retries_are_there_at_first_and_then_one_in_ten() {
        let budget = Budget::new();
        assert_eq!((0..20).filter(|_| budget.spend()).count(), 10);
        for _ in 0..30 {
            budget.earn();
        }
        assert_eq!((0..20).filter(|_| budget.spend()).count(), 3);
    }

    #[test]
    fn what_is_not_spent_does_not_heap_up() {
        let budget = Budget::new();
        for _ in 0..10_000 {
            budget.earn();
        }
        assert_eq!((0..20).filter(|_| budget.spend()).count(), 10);
    }
}
