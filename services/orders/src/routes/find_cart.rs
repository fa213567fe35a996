//! `GET /v1/carts/{cart_id}`

use axum::extract::State;
use common::types::CartId;
use orders_contract::http::Cart;
use service_kit::{Answer, Caller, Customers, Path, Problem};

use crate::{App, wire};

/// Shows a cart to its owner.
#[utoipa::path(
    get, path = "/v1/carts/{cart_id}", operation_id = "find_cart", tag = "carts",
    params(("cart_id" = CartId, Path)),
    responses((status = 200, body = Cart), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Customers>,
    Path(id): Path<CartId>,
) -> Result<Answer<Cart>, Problem> {
    let cart = app.find_cart(caller.principal().customer(), id).await?;
    Ok(Answer::ok(wire::cart(&cart)).etag(cart.version))
}
