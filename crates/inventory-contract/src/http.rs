//! Bodies that the inventory service takes and gives.

use common::types::{
    CartId, Cell, Currency, GeoPoint, ItemId, OrderId, Quantity, StoreId, Text, Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::catalogue::PublishedOption;

/// A store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Store {
    /// The store.
    pub store_id: StoreId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The partner who owns it.
    pub partner_id: Uuid,
    /// The cell that owns its rows.
    pub cell: Cell,
    /// Currency of its prices.
    pub currency: Currency,
    /// IANA time zone.
    pub time_zone: String,
    /// Where it is.
    pub location: GeoPoint,
    /// Whether it takes orders.
    pub open: bool,
    /// How far it delivers, in metres.
    pub radius_m: i64,
    /// Fee for a delivery.
    pub delivery_fee_minor: i64,
    /// Least value of goods in an order.
    pub order_min_minor: i64,
    /// Tax inside its prices, in basis points.
    pub tax_bp: i64,
    /// Whether the kitchen accepts tickets by itself.
    pub accepts_automatically: bool,
    /// Distance from the place asked about, in metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance_m: Option<i64>,
    /// Counts its changes; the `ETag`.
    pub version: i64,
}

/// A store as an admin makes or changes it; the id is in the path (`PUT /v1/stores/{store_id}`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutStore {
    /// Its name in addresses: `a-z`, `0-9` and `-`.
    #[schema(value_type = String)]
    pub slug: Text<60>,
    /// Its name.
    #[schema(value_type = String)]
    pub name: Text<80>,
    /// The partner who owns it.
    pub partner_id: Uuid,
    /// The cell that owns its rows; never changes.
    pub cell: Cell,
    /// Currency of its prices; never changes.
    pub currency: Currency,
    /// IANA time zone.
    #[schema(value_type = String)]
    pub time_zone: Text<60>,
    /// Where it is.
    pub location: GeoPoint,
    /// Whether it takes orders.
    pub open: bool,
    /// How far it delivers, in metres, 0 to 100 000.
    pub radius_m: u32,
    /// Fee for a delivery.
    pub delivery_fee_minor: u32,
    /// Least value of goods in an order.
    pub order_min_minor: u32,
    /// Tax inside its prices, in basis points.
    pub tax_bp: u16,
    /// Whether the kitchen accepts tickets by itself.
    pub accepts_automatically: bool,
}

/// A list of stores, nearest first where a place was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stores {
    /// The stores.
    pub stores: Vec<Store>,
    /// Leads to the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A store's published menu with today's levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Menu {
    /// The store.
    pub store_id: StoreId,
    /// The published version.
    pub menu_version: i64,
    /// Currency of the prices.
    pub currency: Currency,
    /// Items under their headings.
    pub categories: Vec<MenuCategory>,
}

/// A heading of a menu.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MenuCategory {
    /// The heading.
    pub name: String,
    /// What stands under it.
    pub items: Vec<MenuItem>,
}

/// An item on a menu.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MenuItem {
    /// The item.
    pub item_id: ItemId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// Its heading.
    pub category: String,
    /// Price of one, tax included.
    pub price_minor: i64,
    /// Currency of the price.
    pub currency: Currency,
    /// Of the 14 EU allergens.
    pub allergens: Vec<String>,
    /// What can be chosen with it.
    pub options: Vec<PublishedOption>,
    /// How many could be sold now; the scarcest component decides.
    pub saleable: i64,
    /// `in_stock`, `low_stock` or `out_of_stock`.
    pub level: Level,
    /// Counts its changes; the `ETag`.
    pub version: i64,
}

/// How much is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Enough.
    InStock,
    /// At or below the low mark.
    LowStock,
    /// Nothing can be sold.
    OutOfStock,
}

/// An item as a manager makes or changes it (`POST /v1/menu`, `PUT /v1/menu/{item_id}`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutItem {
    /// The store on whose menu it stands.
    pub store_id: StoreId,
    /// Chosen by the caller when it is made, so that making it twice makes one; absent: drawn.
    #[serde(default)]
    pub item_id: Option<ItemId>,
    /// Its name in addresses: `a-z`, `0-9` and `-`; unique within the partner.
    #[schema(value_type = String)]
    pub slug: Text<60>,
    /// Its name.
    #[schema(value_type = String)]
    pub name: Text<80>,
    /// A sentence about it.
    #[schema(value_type = String)]
    pub description: Text<500>,
    /// Its heading; `ingredients` are never on a menu.
    #[schema(value_type = String)]
    pub category: Text<40>,
    /// Price of one, tax included.
    pub price_minor: u32,
    /// Kitchen station; `pick` for goods from a shelf.
    #[schema(value_type = String)]
    pub station: Text<20>,
    /// Expected seconds of preparation.
    pub prep_s: u16,
    /// Of the 14 EU allergens.
    #[serde(default)]
    pub allergens: Vec<Text<30>>,
    /// What it is made of; empty: it has stock of its own.
    #[serde(default)]
    pub components: Vec<Component>,
    /// What can be chosen with it.
    #[serde(default)]
    pub options: Vec<PutOption>,
    /// Whether it stands on the menu; components do not.
    pub on_menu: bool,
    /// At or below this it counts as low.
    pub low_at: u32,
    /// `pieces`, `grams` or `millilitres`.
    pub unit: Unit,
}

/// What stock of an item is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Whole things.
    Pieces,
    /// Grams.
    Grams,
    /// Millilitres.
    Millilitres,
}

/// So much of another item goes into one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The other item.
    pub item_id: ItemId,
    /// In the other item's unit.
    pub amount: u32,
}

/// A choice, as a manager writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutOption {
    /// Its name in orders.
    #[schema(value_type = String)]
    pub slug: Text<60>,
    /// Its name.
    #[schema(value_type = String)]
    pub name: Text<80>,
    /// Added to the price of one.
    pub price_minor: u32,
    /// What it needs beyond the item's own components.
    #[serde(default)]
    pub adds: Vec<Component>,
    /// Components that it makes superfluous, such as cow's milk.
    #[serde(default)]
    pub removes: Vec<ItemId>,
    /// Component whose amount, as the item has it, is taken of the first one instead.
    #[serde(default)]
    pub replaces: Option<Replacement>,
    /// Allergens that it brings.
    #[serde(default)]
    pub adds_allergens: Vec<Text<30>>,
    /// Allergens that it takes away.
    #[serde(default)]
    pub removes_allergens: Vec<Text<30>>,
}

/// Another component takes the place of one, amount for amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// What is left out.
    pub item_id: ItemId,
    /// What is taken instead.
    pub with: ItemId,
}

/// Asks to publish a store's menu as its next version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishMenu {
    /// The store.
    pub store_id: StoreId,
}

/// A store's menu has a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublishedMenu {
    /// The store.
    pub store_id: StoreId,
    /// The new version.
    pub menu_version: i64,
}

/// Sets or changes the stock of an item in a store; one of `on_hand` and `delta`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetStock {
    /// The store.
    pub store_id: StoreId,
    /// The counted amount.
    #[serde(default)]
    pub on_hand: Option<u32>,
    /// What came (positive) or went (negative).
    #[serde(default)]
    pub delta: Option<i32>,
    /// `receipt`, `adjustment`, `count` or `waste`.
    pub reason: StockReason,
}

/// Why stock changed by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StockReason {
    /// Goods came in.
    Receipt,
    /// Somebody put it right.
    Adjustment,
    /// It was counted.
    Count,
    /// It was thrown away.
    Waste,
}

/// How much there is of an item in a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StockLevel {
    /// The store.
    pub store_id: StoreId,
    /// The item.
    pub item_id: ItemId,
    /// What lies there.
    pub on_hand: i64,
    /// What is promised to orders.
    pub reserved: i64,
    /// What is on its way to the store; 0, as nobody orders goods yet.
    pub incoming: i64,
    /// What could be sold now.
    pub saleable: i64,
    /// The same in a word.
    pub level: Level,
    /// When this was so.
    #[schema(value_type = String, format = "date-time")]
    pub as_of: Timestamp,
}

/// Levels of several items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StockLevels {
    /// The levels.
    pub levels: Vec<StockLevel>,
}

/// Stock came, went, was promised or became free again.
///
/// `on_hand` is the sum of all but `ALLOCATION` and `RELEASE`; `reserved` is the sum of these two and of
/// what orders took, `SALE`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Movement {
    /// The movement.
    pub movement_id: Uuid,
    /// `RECEIPT`, `ALLOCATION`, `RELEASE`, `SALE`, `RETURN`, `ADJUSTMENT`, `COUNT`, `TRANSFER_IN`,
    /// `TRANSFER_OUT` or `WASTE`.
    pub kind: String,
    /// What came or was promised, negative: went or is free again.
    pub quantity: i64,
    /// The order for which it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
}

/// A page of movements, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Movements {
    /// The movements.
    pub movements: Vec<Movement>,
    /// Leads to the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// An item as `GET /menu` has always shown it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FlatItem {
    /// The item.
    pub item_id: ItemId,
    /// Its name.
    pub name: String,
    /// Price of one in whole units of the currency, such as `3.5`.
    pub price: f64,
    /// A sentence about it.
    pub description: String,
    /// Its heading.
    pub category: String,
    /// How many could be sold now.
    pub stock: i64,
}

/// An item as `POST /menu` and `PUT /menu/{item_id}` have always taken it. What is not said stays as it
/// is, or as it usually is in a café.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutFlatItem {
    /// The store; without it, the first that is open.
    #[serde(default)]
    pub store_id: Option<StoreId>,
    /// The item; only compared.
    #[serde(default)]
    pub item_id: Option<ItemId>,
    /// Its name.
    #[schema(value_type = String)]
    pub name: Text<80>,
    /// Price of one in whole units of the currency, such as `3.5`.
    pub price: f64,
    /// A sentence about it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub description: Option<Text<500>>,
    /// Its heading.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub category: Option<Text<40>>,
    /// What lies there of a new item. Of an item that is there already it is not stored, as orders change
    /// it all the time: `PUT /inventory/{item_id}` does.
    #[serde(default)]
    pub stock: Option<u32>,
}

/// Stock as `PUT /inventory/{item_id}` has always taken it; one of `on_hand` and `delta`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetStockOld {
    /// The store; without it, the one that has the item, or the first that is open.
    #[serde(default)]
    pub store_id: Option<StoreId>,
    /// The counted amount.
    #[serde(default)]
    pub on_hand: Option<u32>,
    /// What came (positive) or went (negative).
    #[serde(default)]
    pub delta: Option<i32>,
    /// Why; without it, `adjustment`.
    #[serde(default)]
    pub reason: Option<StockReason>,
}

/// Holds all lines of an order, or none (`POST /v1/internal/reservations`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reserve {
    /// The order; also the key: the same order is held once.
    pub order_id: OrderId,
    /// The store.
    pub store_id: StoreId,
    /// What is held.
    pub lines: Vec<ReserveLine>,
    /// Seconds until the sweeper asks after the order.
    pub hold_s: u32,
}

/// Holds all lines of a cart, or none, until a time (`POST /v1/internal/cart-reservations`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReserveForCart {
    /// The cart; also the key, and the id under which it is released.
    pub cart_id: CartId,
    /// The store.
    pub store_id: StoreId,
    /// What is held.
    pub lines: Vec<ReserveLine>,
    /// Seconds until it lapses, at most an hour; without it, ten minutes.
    #[serde(default)]
    pub hold_s: Option<u32>,
}

/// A line to be held; recipes are resolved by inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReserveLine {
    /// The item.
    pub item_id: ItemId,
    /// How many.
    pub quantity: Quantity,
    /// Slugs of the chosen options.
    #[serde(default)]
    pub options: Vec<Text<60>>,
}

/// What became of a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reservation {
    /// The order.
    pub order_id: OrderId,
    /// `HELD`, `CONFIRMED`, `SHIPPED` or `RELEASED`.
    pub state: String,
}
