//! Making a cart, and how carts lie in their table.

use common::types::{CartId, CustomerId, ItemId, Quantity, StoreId, Timestamp};
use dynamo_kit::{DynamoError, Put, tables};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    App,
    domain::{AskLine, Cart},
};

/// Days after its last change until the cart of a guest is thrown away, and of an account.
const DAYS_GUEST: i64 = 7;
const DAYS_ACCOUNT: i64 = 30;

/// A row of `carts`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CartRow {
    pub(super) cart_id: CartId,
    pub(super) customer_id: CustomerId,
    store_id: StoreId,
    lines: Vec<CartLineRow>,
    /// Seconds since 1970.
    expires_at: i64,
    version: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct CartLineRow {
    item_id: ItemId,
    quantity: Quantity,
    options: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl From<CartRow> for Cart {
    fn from(row: CartRow) -> Self {
        let lines = row.lines.into_iter().map(|line| AskLine {
            item: line.item_id,
            quantity: line.quantity,
            options: line.options,
            note: line.note,
        });
        Self {
            id: row.cart_id,
            customer: row.customer_id,
            store: row.store_id,
            lines: lines.collect(),
            expires_at: Timestamp::from_second(row.expires_at).unwrap_or(Timestamp::MAX),
            version: row.version,
        }
    }
}

impl From<&Cart> for CartRow {
    fn from(cart: &Cart) -> Self {
        let lines = cart.lines.iter().map(|line| CartLineRow {
            item_id: line.item,
            quantity: line.quantity,
            options: line.options.clone(),
            note: line.note.clone(),
        });
        Self {
            cart_id: cart.id,
            customer_id: cart.customer,
            store_id: cart.store,
            lines: lines.collect(),
            expires_at: cart.expires_at.as_second(),
            version: cart.version,
        }
    }
}

impl App {
    /// Makes a cart. The same customer and key make the same cart, whatever lies in it by then.
    pub(crate) async fn create_cart(
        &self,
        customer: CustomerId,
        guest: bool,
        key: &str,
        store: StoreId,
        lines: Vec<AskLine>,
    ) -> Result<Cart, DynamoError> {
        const CARTS: Uuid = Uuid::from_u128(0x6361_7274_7300_4000_8000_636c_6f75_6465);
        let id = Uuid::new_v5(&CARTS, format!("{customer}/{key}").as_bytes());
        let cart = Cart {
            id: CartId::from_uuid(id),
            customer,
            store,
            lines,
            expires_at: self.cart_expiry(guest),
            version: 1,
        };
        match self.dynamo.put_if_absent(&tables::CARTS, &CartRow::from(&cart)).await? {
            Put::Refused => Ok(self.read_cart(customer, cart.id).await?.unwrap_or(cart)),
            Put::Written => Ok(cart),
        }
    }

    pub(super) fn cart_expiry(&self, guest: bool) -> Timestamp {
        let days = if guest { DAYS_GUEST } else { DAYS_ACCOUNT };
        let now = self.clock.now();
        now.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(now)
    }
}
