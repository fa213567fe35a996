//! Holding all lines of an order, or none.

use std::sync::Arc;

use common::types::{CartId, Class, Fault, OrderId, StoreId};
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
/// Nobody who only looks keeps others from buying for longer.
const CART_HOLD_MAX_S: u32 = 3_600;
const LOOKS_MAX: u32 = 3;

/// Why an order holds nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReserveError {
    #[error("1 to 100 lines are held, for an order 1 to 2592000 seconds, for a cart at most 3600")]
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
    Store(#[from] Arc<StoreError>),
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

/// For how long something is held, and what happens then.
#[derive(Debug, Clone, Copy)]
struct Term {
    hold_s: u32,
    lapses: bool,
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
        if !(1..=HOLD_MAX_S).contains(&hold_s) {
            return Err(ReserveError::Invalid);
        }
        self.reserve(order, store, lines, Term { hold_s, lapses: false }).await
    }

    /// Holds what is in a cart, for a while; it is free again by itself. The cart stands where an order
    /// stands.
    #[tracing::instrument(name = "inventory.reserve_for_cart", skip_all, fields(cart.id = %cart))]
    pub(crate) async fn reserve_for_cart(
        &self,
        cart: CartId,
        store: StoreId,
        lines: &[Line],
        hold_s: u32,
    ) -> Result<State, ReserveError> {
        if !(1..=CART_HOLD_MAX_S).contains(&hold_s) {
            return Err(ReserveError::Invalid);
        }
        let order = OrderId::from_uuid(cart.as_uuid());
        self.reserve(order, store, lines, Term { hold_s, lapses: true }).await
    }

    async fn reserve(
        &self,
        order: OrderId,
        store: StoreId,
        lines: &[Line],
        term: Term,
    ) -> Result<State, ReserveError> {
        if !(1..=LINES_MAX).contains(&lines.len()) {
            return Err(ReserveError::Invalid);
        }
        let mut since = 0;
        for look in 1..=LOOKS_MAX {
            let book = self.shelves.book(store, since).await?.ok_or(ReserveError::NoSuchStore)?;
            since = book.catalogue + 1;
            let needs = match book.needs(lines) {
                Ok(needs) => needs,
                Err(_perhaps_new) if look == 1 => continue,
                Err(error) => return Err(error.into()),
            };
            let now = self.clock.now();
            let want = Wanted {
                order,
                store,
                cell: book.cell.clone(),
                catalogue: book.catalogue,
                needs,
                expires_at: now + SignedDuration::from_secs(i64::from(term.hold_s)),
                lapses: term.lapses,
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
