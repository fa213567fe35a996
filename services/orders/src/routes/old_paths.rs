//! The café's old paths, without `/v1`: same rules, `If-Match` optional. The gateway adds `Deprecation`.

use axum::{
    extract::State,
    http::{HeaderMap, header::IF_MATCH},
};
use common::types::{Class, CustomerId, OrderId, Quantity, Text};
use orders_contract::http::{ActiveOrders, Order, SetStatus};
use serde::{Deserialize, Serialize};
use service_kit::{
    Answer, Caller, Customers, Intake, Keyed, Path, Problem, Query, Staff, Stored, ValidJson,
};
use utoipa::ToSchema;

use super::{list_active_orders::Whose, owner, set_order_status};
use crate::{
    App,
    app::{OldLine, OldPlacement},
    wire,
};

/// An order as the old café placed it: by name, for pick-up, in the default store. Price and total are only compared.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OldPlaceOrder {
    /// Must be the caller.
    customer_id: CustomerId,
    /// What is ordered.
    items: Vec<OldItem>,
    /// What the caller believes the goods cost, in the major unit.
    #[schema(value_type = f64)]
    total: serde_json::Number,
}

/// A line of an [`OldPlaceOrder`].
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OldItem {
    /// Name on the menu.
    #[schema(value_type = String)]
    name: Text<80>,
    /// What the caller believes one costs, in the major unit.
    #[schema(value_type = f64)]
    price: serde_json::Number,
    /// How many.
    quantity: Quantity,
}

/// Places an order the old way. Use `POST /v1/orders`.
#[utoipa::path(
    post, path = "/orders", operation_id = "place_order_old", tag = "old paths",
    params(("Idempotency-Key" = String, Header, description = "16 to 64 of A-Z a-z 0-9 _ -")),
    request_body = OldPlaceOrder,
    responses((status = 201, body = Order), (status = 202, body = Order), Problem),
)]
pub(super) async fn place_order(
    State(app): State<App>,
    caller: Caller<Customers>,
    intake: Intake,
    Keyed(key, body): Keyed<OldPlaceOrder>,
) -> Result<Stored, Problem> {
    let customer = caller.principal().customer();
    if body.customer_id != customer {
        return Err(Problem::new(Class::Missing, "no-such-customer"));
    }
    let lines = body.items.iter().enumerate().map(|(place, item)| {
        let price_minor = minor(&item.price, &format!("/items/{place}/price"))?;
        Ok(OldLine { name: item.name.as_str().to_owned(), quantity: item.quantity, price_minor })
    });
    let placement = OldPlacement {
        customer,
        lines: lines.collect::<Result<_, Problem>>()?,
        total_minor: minor(&body.total, "/total")?,
    };
    app.place_old_order(&key, placement, intake.begin()?).await.map_err(super::a_held_key_says_when)
}

/// Lists orders under way. Use `GET /v1/orders/active`.
#[utoipa::path(
    get, path = "/orders/active", operation_id = "list_active_orders_old", tag = "old paths",
    params(Whose),
    responses((status = 200, body = ActiveOrders), Problem),
)]
pub(super) async fn list_active_orders(
    state: State<App>,
    caller: Caller,
    whose: Query<Whose>,
) -> Result<Answer<ActiveOrders>, Problem> {
    super::list_active_orders::handle(state, caller, whose).await
}

/// Shows an order. Use `GET /v1/orders/{order_id}`.
#[utoipa::path(
    get, path = "/orders/{order_id}", operation_id = "find_order_old", tag = "old paths",
    params(("order_id" = OrderId, Path)),
    responses((status = 200, body = Order), Problem),
)]
pub(super) async fn find_order(
    state: State<App>,
    caller: Caller,
    id: Path<OrderId>,
) -> Result<Answer<Order>, Problem> {
    super::find_order::handle(state, caller, id).await
}

/// Moves an order on. Use `PUT /v1/orders/{order_id}/status`.
#[utoipa::path(
    put, path = "/orders/{order_id}/status", operation_id = "set_order_status_old", tag = "old paths",
    params(("order_id" = OrderId, Path)),
    request_body = SetStatus,
    responses((status = 200, body = Order), Problem),
)]
pub(super) async fn set_order_status(
    State(app): State<App>,
    caller: Caller<Staff>,
    Path(id): Path<OrderId>,
    headers: HeaderMap,
    ValidJson(body): ValidJson<SetStatus>,
) -> Result<Answer<Order>, Problem> {
    set_order_status::set(&app, &caller, id, seen(&headers), &body).await
}

/// Hands an order over at the counter. Use `PUT /v1/orders/{order_id}/complete`.
#[utoipa::path(
    put, path = "/orders/{order_id}/complete", operation_id = "complete_order_old", tag = "old paths",
    params(("order_id" = OrderId, Path)),
    responses((status = 200, body = Order), Problem),
)]
pub(super) async fn complete_order(
    State(app): State<App>,
    caller: Caller<Staff>,
    Path(id): Path<OrderId>,
    headers: HeaderMap,
) -> Result<Answer<Order>, Problem> {
    let owner = owner::of(caller.principal());
    let done = app.complete_order(owner, id, seen(&headers)).await;
    let order = done.map_err(super::stale_is_412)?;
    Ok(Answer::ok(wire::order(&order)).etag(order.version))
}

/// The version in `If-Match`, which old clients may leave out; what cannot be a version matches none.
fn seen(headers: &HeaderMap) -> Option<i64> {
    let etag = headers.get(IF_MATCH)?.to_str().unwrap_or_default();
    Some(etag.trim_matches('"').parse().unwrap_or(-1))
}

/// Minor units of a decimal of the old clients, digit by digit: money is never a float.
fn minor(amount: &serde_json::Number, pointer: &str) -> Result<i64, Problem> {
    let text = amount.to_string();
    let (whole, cents) = text.split_once('.').unwrap_or((&text, ""));
    let cents = format!("{cents:0<2}");
    let digits = (cents.len() == 2).then(|| format!("{whole}{cents}"));
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        Problem::new(Class::Invalid, "invalid-body")
            .pointing(pointer.to_owned(), "an amount has at most two decimals")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_become_minor_units_exactly_or_are_refused() {
        for (text, expected) in
            [("3.5", 350), ("3.50", 350), ("4", 400), ("0.07", 7), ("19.99", 1_999)]
        {
            let amount: serde_json::Number = serde_json::from_str(text).unwrap();
            assert_eq!(minor(&amount, "/total").unwrap(), expected, "{text}");
        }
        for text in ["3.505", "-0.001"] {
            let amount: serde_json::Number = serde_json::from_str(text).unwrap();
            assert!(minor(&amount, "/total").is_err(), "{text}");
        }
    }
}
