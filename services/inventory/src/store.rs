//! The tables of the inventory database, and the published menus in `menu_catalog`.

pub(crate) mod catalogue;
pub(crate) mod cells;
pub(crate) mod holds;
pub(crate) mod items;
pub(crate) mod menus;
pub(crate) mod movements;
pub(crate) mod reservations;
pub(crate) mod stock;
pub(crate) mod stores;
pub(crate) mod xray;
