//! What is held for an order.

use common::types::{Cell, ItemId, OrderId, StoreId, Timestamp};

/// A hold with its lines. A tombstone has neither store nor lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reservation {
    pub(crate) order: OrderId,
    pub(crate) place: Option<(StoreId, Cell)>,
    pub(crate) state: State,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) lines: Vec<StockLine>,
}

/// So much of an item with stock of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StockLine {
    pub(crate) item: ItemId,
    pub(crate) quantity: i64,
}

/// Where a hold stands (FEATURES 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Held,
    Confirmed,
    Shipped,
    Released,
}

/// The hold was released before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what was held is free again")]
pub(crate) struct Gone;

impl Reservation {
    /// Whether its end has come, and nobody has confirmed or prolonged it.
    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.state == State::Held && self.expires_at.is_some_and(|end| end < now)
    }
}

impl State {
    /// Whether there is anything to do to confirm it.
    pub(crate) const fn confirming(self) -> Result<bool, Gone> {
        match self {
            Self::Held => Ok(true),
            Self::Confirmed | Self::Shipped => Ok(false),
            Self::Released => Err(Gone),
        }
    }

    /// Whether there is anything to do to ship it. Confirming may come late, as an event does.
    pub(crate) const fn shipping(self) -> Result<bool, Gone> {
        match self {
            Self::Held | Self::Confirmed => Ok(true),
            Self::Shipped => Ok(false),
            Self::Released => Err(Gone),
        }
    }

    /// Whether there is anything to do to release it. What has left the store has left it.
    pub(crate) const fn releasing(self) -> bool {
        matches!(self, Self::Held | Self::Confirmed)
    }

    /// The word for it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "HELD",
            Self::Confirmed => "CONFIRMED",
            Self::Shipped => "SHIPPED",
            Self::Released => "RELEASED",
        }
    }

    /// Reads the word.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let all = [Self::Held, Self::Confirmed, Self::Shipped, Self::Released];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_held_expires_and_only_after_its_end() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let held = Reservation {
            order: OrderId::from_uuid(uuid::Uuid::nil()),
            place: None,
            state: State::Held,
            expires_at: Some(at(60)),
            lines: Vec::new(),
        };
        assert!(held.has_expired(at(61)) && !held.has_expired(at(60)));
        for state in [State::Confirmed, State::Shipped, State::Released] {
            let later = Reservation { state, expires_at: None, ..held.clone() };
            assert!(!later.has_expired(at(61)));
        }
    }

    #[test]
    fn a_hold_takes_each_step_once_and_never_comes_back() {
        use State::{Confirmed, Held, Released, Shipped};

        assert_eq!(Held.confirming(), Ok(true));
        assert_eq!(Confirmed.confirming(), Ok(false));
        assert_eq!(Released.confirming(), Err(Gone));
        assert_eq!(Held.shipping(), Ok(true));
        assert_eq!(Confirmed.shipping(), Ok(true));
        assert_eq!(Shipped.shipping(), Ok(false));
        assert_eq!(Released.shipping(), Err(Gone));
        assert!(Held.releasing() && Confirmed.releasing());
        assert!(!Shipped.releasing() && !Released.releasing());
    }
}
