//! The inventory API, as a table of contents.

mod change_menu_item;
mod change_menu_item_old;
mod confirm_reservation;
mod create_menu_item;
mod create_menu_item_old;
mod find_menu;
mod find_menu_item;
mod find_menu_item_old;
mod find_menu_old;
mod find_stock;
mod find_stock_old;
mod find_store;
mod list_movements;
mod list_stock;
mod list_stores;
mod precondition;
mod publish_menu;
mod put_store;
mod release_reservation;
mod reserve_for_cart;
mod reserve_stock;
mod set_stock;
mod set_stock_old;
mod ship_reservation;
mod wire;
mod xray;

use service_kit::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;

/// Every operation of the service; under `/v1/internal` for services only, without `/v1` as it once was.
#[must_use]
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_stores::handle))
        .routes(routes!(find_store::handle))
        .routes(routes!(put_store::handle))
        .routes(routes!(find_menu::handle))
        .routes(routes!(create_menu_item::handle))
        .routes(routes!(publish_menu::handle))
        .routes(routes!(find_menu_item::handle))
        .routes(routes!(change_menu_item::handle))
        .routes(routes!(list_stock::handle))
        .routes(routes!(find_stock::handle))
        .routes(routes!(set_stock::handle))
        .routes(routes!(list_movements::handle))
        .routes(routes!(reserve_stock::handle))
        .routes(routes!(reserve_for_cart::handle))
        .routes(routes!(confirm_reservation::handle))
        .routes(routes!(ship_reservation::handle))
        .routes(routes!(release_reservation::handle))
        .routes(routes!(find_menu_old::handle))
        .routes(routes!(create_menu_item_old::handle))
        .routes(routes!(find_menu_item_old::handle))
        .routes(routes!(change_menu_item_old::handle))
        .routes(routes!(find_stock_old::handle))
        .routes(routes!(set_stock_old::handle))
        .routes(routes!(xray::handle))
}
