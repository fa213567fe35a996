//! `DELETE /v1/carts/{cart_id}/lines/{line}`

use axum::extract::State;
use common::types::{CartId, Role};
use orders_contract::http::Cart;
use service_kit::{Answer, Caller, Customers, IfMatch, Path, Problem};

use crate::{App, app::CartChange, wire};

/// Takes a line out of a cart; later ones move up.
#[utoipa::path(
    delete, path = "/v1/carts/{cart_id}/lines/{line}", operation_id = "delete_cart_line", tag = "carts",
    params(
        ("cart_id" = CartId, Path), ("line" = u16, Path, description = "From 0"),
        ("If-Match" = String, Header, description = "The cart's `ETag`"),
    ),
    responses((status = 200, body = Cart), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Customers>,
    Path((id, line)): Path<(CartId, u16)>,
    IfMatch(version): IfMatch,
) -> Result<Answer<Cart>, Problem> {
    let change = CartChange::Remove(usize::from(line));
    let (customer, guest) = (caller.principal().customer(), caller.principal().has(Role::Guest));
    let changed = app.change_cart(customer, guest, id, version, change).await;
    let cart = changed.map_err(super::stale_is_412)?;
    Ok(Answer::ok(wire::cart(&cart)).etag(cart.version))
}
