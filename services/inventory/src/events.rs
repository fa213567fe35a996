//! What the service tells, and what it hears.

mod on_order_confirmed;

use common::types::{Cell, ItemId, StoreId, Timestamp};
use event_kit::Listeners;
use inventory_contract::events::{
    MenuPublished, ReservationConfirmed, StockLine, StockMoved, StockReleased, StockReserved,
    StockShipped,
};
use uuid::Uuid;

use crate::{
    App,
    domain::{self, Movement, Reservation, Wanted},
};

/// What the service hears.
#[must_use]
pub fn listeners(app: &App) -> Listeners {
    Listeners::new("inventory").on(app, on_order_confirmed::handle)
}

/// Tells that stock is held for an order.
pub(crate) fn reserved(want: &Wanted) -> StockReserved {
    let line =
        |(item, quantity): (&ItemId, &i64)| StockLine { item_id: *item, quantity: *quantity };
    StockReserved {
        order_id: want.order,
        store_id: want.store,
        cell: want.cell.clone(),
        lines: want.needs.iter().map(line).collect(),
        cause: if want.lapses { "cart" } else { "order" }.to_owned(),
        expires_at: Some(want.expires_at),
    }
}

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident: $fact:ident),+ $(,)?) => {$(
        $(#[$doc])*
        pub(crate) fn $name(
            held: &Reservation, (store, cell): (StoreId, Cell), cause: &str,
        ) -> $fact {
            $fact {
                order_id: held.order,
                store_id: store,
                cell,
                lines: held.lines.iter().map(line).collect(),
                cause: cause.to_owned(),
                expires_at: None,
            }
        }
    )+};
}

steps! {
    /// Tells that a hold has no end any more.
    confirmed: ReservationConfirmed,
    /// Tells that what was held is free again.
    released: StockReleased,
    /// Tells that what was held has left the store.
    shipped: StockShipped,
}

fn line(line: &domain::StockLine) -> StockLine {
    StockLine { item_id: line.item, quantity: line.quantity }
}

/// Tells that somebody set stock.
pub(crate) fn moved(
    id: Uuid,
    (store, item, cell): (StoreId, ItemId, Cell),
    movement: Movement,
    on_hand_after: i64,
) -> StockMoved {
    StockMoved {
        movement_id: id,
        store_id: store,
        item_id: item,
        cell,
        kind: movement.kind.as_str().to_owned(),
        quantity: movement.quantity,
        on_hand_after,
    }
}

/// Tells that a store's menu has a new version.
pub(crate) fn published(
    (store, cell): (StoreId, Cell),
    menu_version: i64,
    checksum: String,
    valid_from: Timestamp,
) -> MenuPublished {
    MenuPublished { store_id: store, cell, menu_version, valid_from, checksum }
}
