//! Facts that the inventory service tells.

use common::types::{Cell, Event, ItemId, OrderId, StoreId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A store's menu has a new version; its documents are in `menu_catalog` already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuPublished {
    /// The store.
    pub store_id: StoreId,
    /// The cell that owns the store.
    pub cell: Cell,
    /// The version.
    pub menu_version: i64,
    /// From when it holds.
    pub valid_from: Timestamp,
    /// SHA-256 over the documents, hexadecimal.
    pub checksum: String,
}

impl Event for MenuPublished {
    const TYPE: &'static str = "com.cloudeats.inventory.menu_published.v1";

    fn key(&self) -> String {
        self.store_id.to_string()
    }

    fn cell(&self) -> Option<&Cell> {
        Some(&self.cell)
    }
}

/// So much of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockLine {
    /// The item, after recipes were resolved.
    pub item_id: ItemId,
    /// In the item's unit.
    pub quantity: i64,
}

macro_rules! reservation_facts {
    ($($(#[$doc:meta])* $name:ident = $type:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {
            /// The order.
            pub order_id: OrderId,
            /// The store.
            pub store_id: StoreId,
            /// The cell that owns the store.
            pub cell: Cell,
            /// Components and their amounts.
            pub lines: Vec<StockLine>,
            /// Why, in a word.
            pub cause: String,
            /// Until when it is held, where it is.
            pub expires_at: Option<Timestamp>,
        }

        impl Event for $name {
            const TYPE: &'static str = $type;

            fn key(&self) -> String {
                self.order_id.to_string()
            }

            fn order(&self) -> Option<OrderId> {
                Some(self.order_id)
            }

            fn cell(&self) -> Option<&Cell> {
                Some(&self.cell)
            }
        }
    )+};
}

reservation_facts! {
    /// Stock is held for an order.
    StockReserved = "com.cloudeats.inventory.stock_reserved.v1",
    /// The hold has no end any more.
    ReservationConfirmed = "com.cloudeats.inventory.reservation_confirmed.v1",
    /// What was held is free again.
    StockReleased = "com.cloudeats.inventory.stock_released.v1",
    /// What was held has left the store.
    StockShipped = "com.cloudeats.inventory.stock_shipped.v1",
}

/// Stock came, went or was put right by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockMoved {
    /// The movement.
    pub movement_id: Uuid,
    /// The store.
    pub store_id: StoreId,
    /// The item.
    pub item_id: ItemId,
    /// The cell that owns the store.
    pub cell: Cell,
    /// `RECEIPT`, `ADJUSTMENT`, `COUNT` or `WASTE`.
    pub kind: String,
    /// What came, negative: went.
    pub quantity: i64,
    /// What lies there now.
    pub on_hand_after: i64,
}

impl Event for StockMoved {
    const TYPE: &'static str = "com.cloudeats.inventory.stock_moved.v1";

    fn key(&self) -> String {
        format!("{}:{}", self.store_id, self.item_id)
    }

    fn cell(&self) -> Option<&Cell> {
        Some(&self.cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESERVED: &str = concat!(
        r#"{"order_id":"0191e4b0-0000-5000-8000-000000000001","#,
        r#""store_id":"0191e4b0-0000-7000-8000-000000000002","cell":"east-a","#,
        r#""lines":[{"item_id":"0191e4b0-0000-7000-8000-000000000003","quantity":18}],"#,
        r#""cause":"order","expires_at":"2026-11-21T12:00:00Z"}"#,
    );
    const PUBLISHED: &str = concat!(
        r#"{"store_id":"0191e4b0-0000-7000-8000-000000000002","cell":"east-a","menu_version":3,"#,
        r#""valid_from":"2026-11-21T12:00:00Z","checksum":"00ff"}"#,
    );

    #[test]
    fn the_shape_on_the_wire_is_the_shape_we_promised() {
        let reserved: StockReserved = serde_json::from_str(RESERVED).unwrap();
        let published: MenuPublished = serde_json::from_str(PUBLISHED).unwrap();

        assert_eq!(serde_json::to_string(&reserved).unwrap(), RESERVED);
        assert_eq!(reserved.key(), "0191e4b0-0000-5000-8000-000000000001");
        assert_eq!(serde_json::to_string(&published).unwrap(), PUBLISHED);
        assert_eq!(published.key(), "0191e4b0-0000-7000-8000-000000000002");
    }

    #[test]
    fn a_field_that_we_do_not_know_yet_is_no_trouble() {
        let newer = RESERVED.replace("\"cause\"", "\"added_later\":1,\"cause\"");
        assert!(serde_json::from_str::<StockReserved>(&newer).is_ok());
    }
}
