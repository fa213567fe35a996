//! Every table there is. Terraform makes them in AWS, [`Dynamo::ensure_tables`] elsewhere.
//!
//! Fields of the serde types that are keys or expiry have fixed shapes:
//!
//! - ids are text;
//! - `created_at` is a number of microseconds since 1970, which sorts as time does
//!   (`#[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]`);
//! - `expires_at` is a number of seconds since 1970
//!   (`#[serde(with = "jiff::fmt::serde::timestamp::second::required")]`);
//! - `menu_version` is a number, `store_menu` is `<store_id>:<version>`.
//!
//! [`Dynamo::ensure_tables`]: crate::Dynamo::ensure_tables

use crate::{Attribute, IndexDef, TableClass, TableDef};

/// Carts: key `cart_id`. Gone 7 or 30 days after their last change.
pub const CARTS: TableDef = TableDef {
    name: "carts",
    class: TableClass::LwwOk,
    partition: Attribute::text("cart_id"),
    sort: None,
    indexes: &[],
    ttl: Some("expires_at"),
};

/// Sessions: key `session_id`.
pub const SESSIONS: TableDef = TableDef {
    name: "sessions",
    class: TableClass::LwwOk,
    partition: Attribute::text("session_id"),
    sort: None,
    indexes: &[],
    ttl: Some("expires_at"),
};

/// Orders on their way, for tracking: key `order_id` and `created_at`. Never the record.
pub const ACTIVE_ORDERS: TableDef = TableDef {
    name: "active_orders",
    class: TableClass::Projection,
    partition: Attribute::text("order_id"),
    sort: Some(Attribute::number("created_at")),
    indexes: &[BY_STORE, BY_CUSTOMER],
    ttl: Some("expires_at"),
};

/// A store's active orders by time.
pub const BY_STORE: IndexDef = IndexDef {
    name: "by_store",
    partition: Attribute::text("store_id"),
    sort: Some(Attribute::number("created_at")),
};

/// A customer's active orders by time.
pub const BY_CUSTOMER: IndexDef = IndexDef {
    name: "by_customer",
    partition: Attribute::text("customer_id"),
    sort: Some(Attribute::number("created_at")),
};

/// Published menus: key `item_id` and `menu_version`. Stock is never inside.
pub const MENU_CATALOG: TableDef = TableDef {
    name: "menu_catalog",
    class: TableClass::Immutable,
    partition: Attribute::text("item_id"),
    sort: Some(Attribute::number("menu_version")),
    indexes: &[BY_STORE_MENU],
    ttl: None,
};

/// The items of one published menu.
pub const BY_STORE_MENU: IndexDef =
    IndexDef { name: "by_store_menu", partition: Attribute::text("store_menu"), sort: None };

/// All of them.
pub const ALL: [TableDef; 4] = [CARTS, SESSIONS, ACTIVE_ORDERS, MENU_CATALOG];
