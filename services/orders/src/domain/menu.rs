//! A store's terms and published menu, as orders are priced from it.

use std::collections::HashMap;

use common::types::{Cell, Currency, GeoPoint, ItemId};

/// The newest published menu of a store.
#[derive(Debug, Clone)]
pub(crate) struct Menu {
    pub(crate) version: i64,
    pub(crate) terms: StoreTerms,
    pub(crate) items: HashMap<ItemId, MenuItem>,
}

/// What taking an order needs to know of a store.
#[derive(Debug, Clone)]
pub(crate) struct StoreTerms {
    pub(crate) name: String,
    pub(crate) cell: Cell,
    pub(crate) currency: Currency,
    pub(crate) location: GeoPoint,
    pub(crate) open: bool,
    pub(crate) radius_m: i64,
    pub(crate) delivery_fee_minor: i64,
    pub(crate) order_min_minor: i64,
    pub(crate) tax_bp: i64,
    pub(crate) accepts_automatically: bool,
}

/// An item on the menu.
#[derive(Debug, Clone)]
pub(crate) struct MenuItem {
    pub(crate) item: ItemId,
    pub(crate) name: String,
    pub(crate) price_minor: i64,
    pub(crate) station: String,
    pub(crate) prep_s: i64,
    pub(crate) allergens: Vec<String>,
    pub(crate) options: Vec<MenuOption>,
}

/// A choice with an item.
#[derive(Debug, Clone)]
pub(crate) struct MenuOption {
    pub(crate) slug: String,
    pub(crate) price_minor: i64,
    pub(crate) adds_allergens: Vec<String>,
    pub(crate) removes_allergens: Vec<String>,
}

impl Menu {
    /// The item that goes by `name`, without regard to case: the old café knew no ids.
    pub(crate) fn named(&self, name: &str) -> Option<&MenuItem> {
        self.items.values().find(|item| item.name.eq_ignore_ascii_case(name))
    }
}
