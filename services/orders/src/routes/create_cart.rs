//! `POST /v1/carts`

use axum::extract::State;
use common::types::{Class, Role};
use orders_contract::http::{Cart, CreateCart};
use service_kit::{Caller, Created, Customers, Keyed, Problem};

use crate::{App, domain::LINES_MAX, wire};

/// Makes a cart.
#[utoipa::path(
    post, path = "/v1/carts", operation_id = "create_cart", tag = "carts",
    params(("Idempotency-Key" = String, Header, description = "16 to 64 of A-Z a-z 0-9 _ -")),
    request_body = CreateCart,
    responses((status = 201, body = Cart), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Customers>,
    Keyed(key, body): Keyed<CreateCart>,
) -> Result<Created<Cart>, Problem> {
    if body.lines.len() > LINES_MAX {
        return Err(Problem::new(Class::Invalid, "line-count")
            .pointing("/lines", "a cart holds at most 50 lines"));
    }
    let lines = wire::ask_lines(&body.lines)?;
    let principal = caller.principal();
    let guest = principal.has(Role::Guest);
    let cart =
        app.create_cart(principal.customer(), guest, &key.text, body.store_id, lines).await?;
    let location = format!("/v1/carts/{}", cart.id);
    Ok(Created::at(location, wire::cart(&cart)).etag(cart.version))
}
