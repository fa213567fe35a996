//! Stock that is set by hand.

use common::types::{OrderId, Timestamp};
use uuid::Uuid;

/// What lies there and what of it is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stock {
    pub(crate) on_hand: i64,
    pub(crate) reserved: i64,
}

/// What a person says about stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// So much lies there.
    To(i64),
    /// So much came, negative: went.
    By(i64),
}

/// Why stock moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MovementKind {
    Receipt,
    Adjustment,
    Count,
    Waste,
}

/// Stock that moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Movement {
    pub(crate) kind: MovementKind,
    pub(crate) quantity: i64,
}

/// A movement of the past; sales name their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    pub(crate) quantity: i64,
    pub(crate) order: Option<OrderId>,
    pub(crate) at: Timestamp,
}

/// Why stock cannot be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SetStockRefused {
    #[error("orders hold more than that")]
    BelowReserved,
    #[error("a store holds 0 to 1000000000000 of an item")]
    OutOfRange,
}

const ON_HAND_MAX: i64 = 1_000_000_000_000;

impl Stock {
    /// Nothing.
    pub(crate) const NONE: Self = Self { on_hand: 0, reserved: 0 };

    /// What is promised to nobody.
    pub(crate) const fn free(self) -> i64 {
        self.on_hand - self.reserved
    }

    /// Sets stock by hand; `None` where nothing moved. What comes first is a receipt, whatever it was
    /// called: there was nothing to count or to put right.
    pub(crate) fn set(
        &mut self,
        change: Change,
        kind: MovementKind,
        has_moved: bool,
    ) -> Result<Option<Movement>, SetStockRefused> {
        let on_hand = match change {
            Change::To(on_hand) => on_hand,
            Change::By(delta) => self.on_hand.saturating_add(delta),
        };
        if on_hand < self.reserved {
            return Err(SetStockRefused::BelowReserved);
        }
        if !(0..=ON_HAND_MAX).contains(&on_hand) {
            return Err(SetStockRefused::OutOfRange);
        }
        let quantity = on_hand - self.on_hand;
        self.on_hand = on_hand;
        let kind = if has_moved { kind } else { MovementKind::Receipt };
        Ok((quantity != 0).then_some(Movement { kind, quantity }))
    }
}

impl MovementKind {
    /// The word for it, as movements keep it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "RECEIPT",
            Self::Adjustment => "ADJUSTMENT",
            Self::Count => "COUNT",
            Self::Waste => "WASTE",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn opening_stock_is_a_receipt() {
        let mut stock = Stock::NONE;
        let opening = stock.set(Change::To(24), MovementKind::Count, false);
        assert_eq!(opening, Ok(Some(Movement { kind: MovementKind::Receipt, quantity: 24 })));

        let again = stock.set(Change::To(24), MovementKind::Count, true);
        assert_eq!((again, stock.on_hand), (Ok(None), 24));
    }

    #[test]
    fn what_orders_hold_cannot_be_counted_away() {
        let mut stock = Stock { on_hand: 10, reserved: 4 };
        let refused = Err(SetStockRefused::BelowReserved);
        assert_eq!(stock.set(Change::To(3), MovementKind::Count, true), refused);
        assert_eq!(stock.set(Change::By(-7), MovementKind::Waste, true), refused);
        assert_eq!(stock, Stock { on_hand: 10, reserved: 4 });
    }

    proptest! {
        #[test]
        fn on_hand_is_the_sum_of_what_moved(changes in prop::collection::vec((any::<bool>(), -50_i64..100), 0..30)) {
            let (mut stock, mut sum, mut moved) = (Stock::NONE, 0, false);
            for (by, n) in changes {
                let change = if by { Change::By(n) } else { Change::To(n) };
                if let Ok(Some(movement)) = stock.set(change, MovementKind::Count, moved) {
                    sum += movement.quantity;
                    moved = true;
                }
                prop_assert_eq!(stock.on_hand, sum);
                prop_assert!(stock.on_hand >= 0);
            }
        }
    }
}
