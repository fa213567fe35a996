//! The fleet API, as a table of contents.

mod assign_delivery;
mod cancel_delivery;
mod create_delivery;
mod find_delivery;
mod find_delivery_of_order;
mod find_my_courier;
mod find_vehicle;
mod list_couriers;
mod list_deliveries;
mod list_vehicles;
mod put_courier;
mod put_vehicle;
mod record_delivery_event;
mod set_my_availability;
mod stream_order_position;
mod versions;
mod wire;
mod xray;

use common::types::{CourierId, Principal, Role};
use service_kit::{Allowed, OpenApiRouter};
use utoipa_axum::routes;

use crate::App;

/// Every operation of the service.
#[must_use]
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_vehicles::handle))
        .routes(routes!(find_vehicle::handle, put_vehicle::handle))
        .routes(routes!(list_couriers::handle))
        .routes(routes!(find_my_courier::handle))
        .routes(routes!(set_my_availability::handle))
        .routes(routes!(put_courier::handle))
        .routes(routes!(list_deliveries::handle))
        .routes(routes!(find_delivery::handle))
        .routes(routes!(record_delivery_event::handle))
        .routes(routes!(assign_delivery::handle))
        .routes(routes!(create_delivery::handle))
        .routes(routes!(cancel_delivery::handle))
        .routes(routes!(find_delivery_of_order::handle))
        .routes(routes!(stream_order_position::handle))
        .routes(routes!(xray::handle))
}

/// Who deals with deliveries: couriers with their own, dispatchers with all.
#[derive(Debug, Clone, Copy)]
struct Deliverers;

impl Allowed for Deliverers {
    const ROLES: &'static [Role] = &[Role::Courier, Role::Dispatcher, Role::Admin];
}

/// The courier to whose deliveries a principal is limited; none for those who see all.
fn limited_to(principal: &Principal) -> Option<CourierId> {
    let sees_all = principal.has(Role::Dispatcher) || principal.has(Role::Admin);
    (!sees_all).then(|| principal.courier())
}
