//! Placing an order the way the old café did: by names, in the default store, for pick-up.

use common::types::{CustomerId, Quantity};
use service_kit::{Key, Stored, Undertaking};

use super::{
    PlaceOrderError,
    place_order::{Believed, Placement},
};
use crate::{
    App,
    domain::{Ask, AskLine, Fulfilment, PriceError},
    store,
};

/// How the old café took payment: there was one way.
const PAYMENT_METHOD: &str = "pm_approved";

/// What an old client asks for.
#[derive(Debug)]
pub(crate) struct OldPlacement {
    pub(crate) customer: CustomerId,
    pub(crate) lines: Vec<OldLine>,
    pub(crate) total_minor: i64,
}

/// A line of what an old client asks for.
#[derive(Debug)]
pub(crate) struct OldLine {
    pub(crate) name: String,
    pub(crate) quantity: Quantity,
    pub(crate) price_minor: i64,
}

impl App {
    /// Places an old client's order; prices that are not the menu's refuse it.
    pub(crate) async fn place_old_order(
        &self,
        key: &Key,
        old: OldPlacement,
        undertaking: Undertaking,
    ) -> Result<Stored, PlaceOrderError> {
        let mut db = self.db.acquire().await?;
        let store = store::menus::find_default_store(&mut db).await?;
        drop(db);
        let store = store.ok_or(PlaceOrderError::NoSuchStore)?;
        let menu = self.menu_of(store).await?.ok_or(PlaceOrderError::NoSuchStore)?;

        let mut lines = Vec::with_capacity(old.lines.len());
        for (place, line) in old.lines.iter().enumerate() {
            let item = menu.named(&line.name).ok_or(PriceError::UnknownItem { line: place })?;
            let (item, quantity) = (item.item, line.quantity);
            lines.push(AskLine { item, quantity, options: Vec::new(), note: None });
        }
        let believed = Believed {
            unit_minor: old.lines.iter().map(|line| line.price_minor).collect(),
            goods_minor: old.total_minor,
        };
        let ask = Ask { fulfilment: Fulfilment::Pickup, lines, address: None, tip_minor: 0 };
        let placement = Placement {
            customer: old.customer,
            store,
            ask,
            cart: None,
            payment_method: PAYMENT_METHOD.to_owned(),
            believed: Some(believed),
        };
        self.place_order(key, placement, undertaking).await
    }
}
