//! The published menu: immutable numbered documents in the table `menu_catalog`.
//!
//! A version is one [`Entry::Store`] and one [`Entry::Item`] for each item, all with the same
//! `store_menu`; the index of that name reads a version whole. Stock is never inside.

use common::types::{Cell, Currency, GeoPoint, ItemId, StoreId, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

/// One row of `menu_catalog`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Key: the item, or the store's own id for the entry of the store.
    pub item_id: Uuid,
    /// Sort key: counts up for each store, from 1.
    pub menu_version: i64,
    /// Index: `<store_id>:<menu_version>`.
    pub store_menu: String,
    /// What the row says.
    pub entry: Entry,
}

/// What a row says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Entry {
    /// The store's terms at this version.
    Store(StoreTerms),
    /// An item on the menu.
    Item(PublishedItem),
}

/// What taking an order needs to know of a store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoreTerms {
    /// The store.
    pub store_id: StoreId,
    /// Its name.
    pub name: String,
    /// The cell that owns its rows.
    pub cell: Cell,
    /// Currency of all its prices.
    pub currency: Currency,
    /// Where couriers collect.
    pub location: GeoPoint,
    /// Since when there is the store: the oldest open one is meant where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "date-time")]
    pub since: Option<Timestamp>,
    /// IANA time zone, such as `Europe/Andorra`.
    pub time_zone: String,
    /// Whether it takes orders.
    pub open: bool,
    /// How far it delivers, in metres.
    pub radius_m: i64,
    /// Fee for a delivery.
    pub delivery_fee_minor: i64,
    /// Least value of goods in an order.
    pub order_min_minor: i64,
    /// Tax inside its prices, in basis points (800 = 8 %).
    pub tax_bp: i64,
    /// Whether the kitchen accepts tickets by itself.
    pub accepts_automatically: bool,
}

/// An item as it was published: what an order is priced from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PublishedItem {
    /// The item.
    pub item_id: ItemId,
    /// Its name in addresses; unique within a partner.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// Heading under which it is shown.
    pub category: String,
    /// Price of one, tax included.
    pub price_minor: i64,
    /// Kitchen station that makes it; `pick` for goods from a shelf.
    pub station: String,
    /// Expected seconds of preparation.
    pub prep_s: i64,
    /// Of the 14 EU allergens.
    pub allergens: Vec<String>,
    /// What can be chosen with it.
    pub options: Vec<PublishedOption>,
}

/// A choice that changes price, components or allergens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PublishedOption {
    /// Its name in orders, such as `oat-milk`.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Added to the price of one.
    pub price_minor: i64,
    /// Allergens that it brings.
    pub adds_allergens: Vec<String>,
    /// Allergens that it takes away.
    pub removes_allergens: Vec<String>,
}

/// The index key of a version.
#[must_use]
pub fn store_menu(store: StoreId, menu_version: i64) -> String {
    format!("{store}:{menu_version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON_THE_WIRE: &str = concat!(
        r#"{"item_id":"0191e4b0-0000-7000-8000-000000000001","menu_version":3,"#,
        r#""store_menu":"0191e4b0-0000-7000-8000-000000000002:3","entry":{"kind":"item","#,
        r#""item_id":"0191e4b0-0000-7000-8000-000000000001","slug":"latte","name":"Caffè latte","#,
        r#""description":"","category":"Coffee","price_minor":525,"station":"bar","prep_s":95,"#,
        r#""allergens":["milk"],"options":[{"slug":"oat-milk","name":"Oat milk","price_minor":70,"#,
        r#""adds_allergens":[],"removes_allergens":["milk"]}]}}"#,
    );

    #[test]
    fn a_row_is_written_as_it_was_promised() {
        let row: Row = serde_json::from_str(ON_THE_WIRE).unwrap();

        assert_eq!(serde_json::to_string(&row).unwrap(), ON_THE_WIRE);
    }

    #[test]
    fn a_field_that_we_do_not_know_yet_is_no_trouble() {
        let newer =
            ON_THE_WIRE.replace("\"slug\":\"latte\"", "\"slug\":\"latte\",\"added_later\":1");
        assert!(serde_json::from_str::<Row>(&newer).is_ok());
    }
}

/// A published version whole: what its checksum is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MenuDocument {
    /// The store's terms.
    pub terms: StoreTerms,
    /// The items, in the order of [`MenuDocument::sorted`].
    pub items: Vec<PublishedItem>,
}

impl MenuDocument {
    /// Puts the rows of a version together; `None` while the store's entry is missing. Whether no item is
    /// missing says the checksum alone: an index follows its table with a delay.
    #[must_use]
    pub fn of_rows(rows: Vec<Row>) -> Option<Self> {
        let (mut terms, mut items) = (None, Vec::with_capacity(rows.len()));
        for row in rows {
            match row.entry {
                Entry::Store(store) => terms = Some(store),
                Entry::Item(item) => items.push(item),
            }
        }
        terms.map(|terms| Self { terms, items }.sorted())
    }

    /// The same menu in its one order: by heading, price and name in addresses.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.items.sort_by_cached_key(|item| {
            (item.category.clone(), item.price_minor, item.slug.clone())
        });
        self
    }

    /// SHA-256 over the document as JSON, hexadecimal.
    #[must_use]
    pub fn checksum(&self) -> String {
        use std::fmt::Write;

        let json = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(json).iter().fold(String::with_capacity(64), |mut text, byte| {
            let _infallible = write!(text, "{byte:02x}");
            text
        })
    }
}
