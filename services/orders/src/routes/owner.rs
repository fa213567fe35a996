//! Whose orders somebody may see or change.

use common::types::{Principal, Role, StoreId};

use crate::domain::{Actor, Owner};

/// Staff of the whole platform see all, staff of stores those stores', everybody else their own.
pub(super) fn of(principal: &Principal) -> Owner<'_> {
    let everywhere = [Role::Admin, Role::Support, Role::Ops, Role::Service];
    if everywhere.into_iter().any(|role| principal.has(role)) {
        Owner::Everyone
    } else if works_in_stores(principal) {
        Owner::Stores(&principal.stores)
    } else {
        Owner::Customer(principal.customer())
    }
}

/// The boards that somebody may work on; `None` means all.
pub(super) fn boards(principal: &Principal) -> Option<&[StoreId]> {
    if principal.has(Role::Admin) || principal.has(Role::Service) {
        None
    } else {
        Some(&principal.stores)
    }
}

/// As whom somebody acts on an order.
pub(super) fn actor(principal: &Principal) -> Actor {
    match of(principal) {
        Owner::Customer(_) => Actor::Customer,
        Owner::Stores(_) | Owner::Everyone => Actor::Staff,
    }
}

fn works_in_stores(principal: &Principal) -> bool {
    [Role::Kitchen, Role::Picker, Role::StoreManager].into_iter().any(|role| principal.has(role))
}
