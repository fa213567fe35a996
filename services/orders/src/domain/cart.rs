//! Carts: what somebody may order later.

use common::types::{CartId, CustomerId, StoreId, Timestamp};

use super::AskLine;

/// Most lines of a cart or an order.
pub(crate) const LINES_MAX: usize = 50;
/// Most options of a line.
pub(crate) const OPTIONS_MAX: usize = 10;

/// A cart.
#[derive(Debug, Clone)]
pub(crate) struct Cart {
    pub(crate) id: CartId,
    pub(crate) customer: CustomerId,
    pub(crate) store: StoreId,
    pub(crate) lines: Vec<AskLine>,
    pub(crate) expires_at: Timestamp,
    pub(crate) version: i64,
}

/// A change that a cart does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CartError {
    /// More than 50.
    #[error("a cart holds at most 50 lines")]
    TooManyLines,
    /// There is no such line.
    #[error("the cart has no such line")]
    NoSuchLine,
}

impl Cart {
    /// Puts `line` at `place`; the place after the last adds it.
    pub(crate) fn put(&mut self, place: usize, line: AskLine) -> Result<(), CartError> {
        let count = self.lines.len();
        match self.lines.get_mut(place) {
            Some(there) => *there = line,
            None if place >= LINES_MAX => return Err(CartError::TooManyLines),
            None if place == count => self.lines.push(line),
            None => return Err(CartError::NoSuchLine),
        }
        Ok(())
    }

    /// Takes the line at `place` out; later ones move up.
    pub(crate) fn remove(&mut self, place: usize) -> Result<(), CartError> {
        if place >= self.lines.len() {
            return Err(CartError::NoSuchLine);
        }
        self.lines.remove(place);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use common::types::{ItemId, Quantity};
    use uuid::Uuid;

    use super::*;

    fn line(n: u128) -> AskLine {
        AskLine {
            item: ItemId::from_uuid(Uuid::from_u128(n)),
            quantity: Quantity::new(1).unwrap(),
            options: Vec::new(),
            note: None,
        }
    }

    fn a_cart() -> Cart {
        Cart {
            id: CartId::from_uuid(Uuid::nil()),
            customer: CustomerId::from_uuid(Uuid::nil()),
            store: StoreId::from_uuid(Uuid::nil()),
            lines: Vec::new(),
            expires_at: Timestamp::UNIX_EPOCH,
            version: 1,
        }
    }

    #[test]
    fn lines_are_added_at_the_end_only_and_at_most_50() {
        let mut cart = a_cart();
        assert_eq!(cart.put(1, line(1)), Err(CartError::NoSuchLine));
        for place in 0..LINES_MAX {
            assert_eq!(cart.put(place, line(1)), Ok(()));
        }
        assert_eq!(cart.put(LINES_MAX, line(1)), Err(CartError::TooManyLines));
    }

    #[test]
    fn taking_a_line_out_moves_the_later_ones_up() {
        let mut cart = a_cart();
        cart.put(0, line(1)).unwrap();
        cart.put(1, line(2)).unwrap();

        cart.remove(0).unwrap();

        assert_eq!(cart.lines[0].item.as_uuid().as_u128(), 2);
        assert_eq!(cart.remove(1), Err(CartError::NoSuchLine));
    }
}
