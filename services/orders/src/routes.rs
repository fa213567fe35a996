//! The orders API, as a table of contents.

mod accept_ticket;
mod cancel_order;
mod compensate_saga;
mod complete_order;
mod create_cart;
mod decide_undelivered;
mod delete_cart_line;
mod find_cart;
mod find_order;
mod find_order_standing;
mod list_active_orders;
mod list_incidents;
mod list_orders;
mod list_tickets;
mod old_paths;
mod owner;
mod place_order;
mod put_cart_line;
mod refuse_ticket;
mod resolve_incident;
mod retry_saga;
mod saga_act;
mod set_order_status;
mod set_ticket_status;
mod skip_saga_step;
mod stream_order;
mod xray;

use axum::http::Method;
use common::types::Fault;
use service_kit::{Intake, OpenApiRouter, Plan, Problem};
use utoipa_axum::routes;

use crate::App;

/// Largest body of an order or a cart, in bytes.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Every operation of the service.
#[must_use]
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(place_order::handle, list_orders::handle))
        .routes(routes!(create_cart::handle))
        .routes(routes!(put_cart_line::handle, delete_cart_line::handle))
        .routes(routes!(old_paths::place_order))
        .layer(service_kit::body_limit(BODY_BYTES_MAX))
        .routes(routes!(find_cart::handle))
        .routes(routes!(list_active_orders::handle))
        .routes(routes!(find_order::handle))
        .routes(routes!(set_order_status::handle))
        .routes(routes!(complete_order::handle))
        .routes(routes!(cancel_order::handle))
        .routes(routes!(list_tickets::handle))
        .routes(routes!(set_ticket_status::handle))
        .routes(routes!(accept_ticket::handle))
        .routes(routes!(refuse_ticket::handle))
        .routes(routes!(old_paths::list_active_orders))
        .routes(routes!(old_paths::find_order))
        .routes(routes!(old_paths::set_order_status))
        .routes(routes!(old_paths::complete_order))
        .routes(routes!(list_incidents::handle))
        .routes(routes!(resolve_incident::handle))
        .routes(routes!(decide_undelivered::handle))
        .routes(routes!(retry_saga::handle))
        .routes(routes!(compensate_saga::handle))
        .routes(routes!(skip_saga_step::handle))
        .routes(routes!(find_order_standing::handle))
        .routes(routes!(xray::handle))
        .routes(routes!(stream_order::handle))
}

/// Where requests sit; orders are begun by `intake`.
#[must_use]
pub fn plan(intake: Intake) -> Plan {
    let places_order = |method: &Method, path: &str| {
        method == Method::POST && matches!(path, "/v1/orders" | "/orders")
    };
    Plan::of(router().get_openapi()).taking_in(intake, places_order)
}

/// A key under which somebody is still at work is 409 and comes with a time to ask again; our own clients
/// read that as an unknown outcome.
fn a_held_key_says_when<E: Fault>(error: E) -> Problem {
    let held = error.code() == "key-in-use";
    let problem = Problem::from(error);
    if held { problem.retry_after_s(1) } else { problem }
}

/// A version that is not the caller's `If-Match` is 412, whichever use case found it.
fn stale_is_412<E: Fault>(error: E) -> Problem {
    if error.code() == "if-match-failed" { Problem::stale() } else { error.into() }
}
