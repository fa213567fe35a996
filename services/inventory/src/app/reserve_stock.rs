//! Holding all lines of an order, or none.

use common::types::{Class, Fault, OrderId, StoreId};
use jiff::SignedDuration;
use postgres_kit::StoreError;

use super::desk::DeskError;
use crate::{
    App,
    domain::{Line, NoRecipe, State, Verdict, Wanted},
};

const LINES_MAX: usize = 100;
/// A scheduled order is held for at most a month.
const HOLD_MAX_S: u32 = 2_592_000;
const LOOKS_MAX: u32 = 3;

/// Why an order holds nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReserveError {
    #[error("an order has 1 to 100 lines and is held 1 to 2592000 seconds")]
    Invalid,
    #[error("there is no such store")]
    NoSuchStore,
    #[error("a line cannot be made here")]
    NoRecipe(#[from] NoRecipe),
    #[error("there is not enough of what is wanted")]
    OutOfStock { lines: Vec<usize> },
    #[error("the order was released before it was held")]
    AlreadyCancelled,
    #[error("the store's cell is written elsewhere")]
    Elsewhere,
    #[error("the store's recipes change too fast")]
    Restless,
    #[error("the order was not decided")]
    Desk(#[from] DeskError),
    #[error("the recipes could not be read")]
    Store(#[from] StoreError),
}

impl Fault for ReserveError {
    fn class(&self) -> Class {
        match self {
            Self::Invalid | Self::NoRecipe(_) => Class::Invalid,
            Self::NoSuchStore => Class::Missing,
            Self::OutOfStock { .. } | Self::AlreadyCancelled => Class::Conflict,
            Self::Elsewhere | Self::Restless => Class::Unavailable,
            Self::Desk(error) => error.class(),
            Self::Store(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid => "invalid-reservation",
            Self::NoRecipe(NoRecipe::Item { .. }) => "unknown-item",
            Self::NoRecipe(NoRecipe::Option { .. }) => "unknown-option",
            Self::NoSuchStore => "no-such-store",
            Self::OutOfStock { .. } => "out-of-stock",
            Self::AlreadyCancelled => "already-cancelled",
            Self::Elsewhere => "cell-elsewhere",
            Self::Restless => "catalogue-restless",
            Self::Desk(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
}

impl App {
    /// Holds what an order needs until it is asked about; asked again, it answers the same.
    #[tracing::instrument(name = "inventory.reserve_stock", skip_all, fields(order.id = %order))]
    pub(crate) async fn reserve_stock(
        &self,
        order: OrderId,
        store: StoreId,
        lines: &[Line],
        hold_s: u32,
    ) -> Result<State, ReserveError> {
        if !(1..=LINES_MAX).contains(&lines.len()) || !(1..=HOLD_MAX_S).contains(&hold_s) {
            return Err(ReserveError::Invalid);
        }
        for look in 1..=LOOKS_MAX {
            let remembered = look == 1;
            let book = if remembered {
                self.shelves.book(store).await?
            } else {
                self.shelves.read_book(store).await?
            };
            let book = book.ok_or(ReserveError::NoSuchStore)?;
            let needs = match book.needs(lines) {
                Ok(needs) => needs,
                Err(_perhaps_new) if remembered => continue,
                Err(error) => return Err(error.into()),
            };
            let now = self.clock.now();
            let want = Wanted {
                order,
                store,
                cell: book.cell.clone(),
                catalogue: book.catalogue,
                needs,
                expires_at: now + SignedDuration::from_secs(i64::from(hold_s)),
            };
            match self.desk.ask(&self.db, want, now).await? {
                Verdict::Held => return Ok(State::Held),
                Verdict::Already(State::Released) => return Err(ReserveError::AlreadyCancelled),
                Verdict::Already(state) => return Ok(state),
                Verdict::Short(parts) => {
                    let lines = book.lines_needing(lines, &parts);
                    return Err(ReserveError::OutOfStock { lines });
                }
                Verdict::Outdated => {}
                Verdict::Elsewhere => return Err(ReserveError::Elsewhere),
            }
        }
        Err(ReserveError::Restless)
    }
}
