//! Whose orders somebody may see or change.

use common::types::{CustomerId, StoreId, Timestamp};

use super::State;

/// Who may see or change an order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner<'a> {
    /// The customer who placed it.
    Customer(CustomerId),
    /// The staff of these stores.
    Stores(&'a [StoreId]),
    /// An admin, or one of our services.
    Everyone,
}

/// What a list of orders is narrowed to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Narrowed {
    pub(crate) store: Option<StoreId>,
    pub(crate) state: Option<State>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
}

impl<'a> Owner<'a> {
    /// The customer to whose orders it is limited.
    pub(crate) const fn customer(self) -> Option<CustomerId> {
        match self {
            Self::Customer(customer) => Some(customer),
            Self::Stores(_) | Self::Everyone => None,
        }
    }

    /// The stores to whose orders it is limited.
    pub(crate) const fn stores(self) -> Option<&'a [StoreId]> {
        match self {
            Self::Stores(stores) => Some(stores),
            Self::Customer(_) | Self::Everyone => None,
        }
    }
}
