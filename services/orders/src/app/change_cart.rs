//! Changing the lines of a cart.

use common::types::{CartId, Class, CustomerId, Fault};
use dynamo_kit::{DynamoError, Put, tables};

use super::{FindCartError, create_cart::CartRow};
use crate::{
    App,
    domain::{AskLine, Cart, CartError},
};

/// Why a cart was not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeCartError {
    #[error("there is no such cart")]
    NoSuchCart,
    #[error("the cart has changed since it was read")]
    Stale,
    #[error("{0}")]
    Refused(#[from] CartError),
    #[error("the cart could not be stored")]
    Dynamo(#[from] DynamoError),
}

impl Fault for ChangeCartError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchCart | Self::Refused(CartError::NoSuchLine) => Class::Missing,
            Self::Stale => Class::Conflict,
            Self::Refused(CartError::TooManyLines) => Class::Invalid,
            Self::Dynamo(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchCart => "no-such-cart",
            Self::Stale => "if-match-failed",
            Self::Refused(CartError::NoSuchLine) => "no-such-line",
            Self::Refused(CartError::TooManyLines) => "line-count",
            Self::Dynamo(error) => error.code(),
        }
    }
}

/// A change of a cart.
#[derive(Debug)]
pub(crate) enum CartChange {
    /// Puts a line at a place; the place after the last adds it.
    Put(usize, AskLine),
    /// Takes the line at a place out.
    Remove(usize),
}

impl App {
    /// Changes one of the customer's carts, as the caller saw it in `version`.
    pub(crate) async fn change_cart(
        &self,
        customer: CustomerId,
        guest: bool,
        id: CartId,
        version: i64,
        change: CartChange,
    ) -> Result<Cart, ChangeCartError> {
        let mut cart = self.find_cart(customer, id).await.map_err(|error| match error {
            FindCartError::NoSuchCart => ChangeCartError::NoSuchCart,
            FindCartError::Dynamo(error) => ChangeCartError::Dynamo(error),
        })?;
        if cart.version != version {
            return Err(ChangeCartError::Stale);
        }

        match change {
            CartChange::Put(place, line) => cart.put(place, line)?,
            CartChange::Remove(place) => cart.remove(place)?,
        }
        cart.version += 1;
        cart.expires_at = self.cart_expiry(guest);

        let row = CartRow::from(&cart);
        match self.dynamo.put_if_version(&tables::CARTS, &row, version).await? {
            Put::Refused => Err(ChangeCartError::Stale),
            Put::Written => Ok(cart),
        }
    }
}
