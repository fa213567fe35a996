//! Finding a cart.

use common::types::{CartId, Class, CustomerId, Fault};
use dynamo_kit::{DynamoError, tables};

use super::create_cart::CartRow;
use crate::{App, domain::Cart};

/// Why a cart was not found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FindCartError {
    #[error("there is no such cart")]
    NoSuchCart,
    #[error("the cart could not be read")]
    Dynamo(#[from] DynamoError),
}

impl Fault for FindCartError {
    fn class(&self) -> Class {
        match self {
            Self::NoSuchCart => Class::Missing,
            Self::Dynamo(error) => error.class(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchCart => "no-such-cart",
            Self::Dynamo(error) => error.code(),
        }
    }
}

impl App {
    /// Finds one of the customer's carts.
    pub(crate) async fn find_cart(
        &self,
        customer: CustomerId,
        id: CartId,
    ) -> Result<Cart, FindCartError> {
        self.read_cart(customer, id).await?.ok_or(FindCartError::NoSuchCart)
    }

    pub(super) async fn read_cart(
        &self,
        customer: CustomerId,
        id: CartId,
    ) -> Result<Option<Cart>, DynamoError> {
        let row: Option<CartRow> = self.dynamo.get(&tables::CARTS, id.as_uuid()).await?;
        Ok(row.filter(|row| row.customer_id == customer).map(Cart::from))
    }
}
