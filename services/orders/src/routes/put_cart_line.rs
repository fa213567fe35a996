//! `PUT /v1/carts/{cart_id}/lines/{line}`

use axum::extract::State;
use common::types::{CartId, Role};
use orders_contract::http::{Cart, OrderLine};
use service_kit::{Answer, Caller, Customers, IfMatch, Path, Problem, ValidJson};

use crate::{App, app::CartChange, wire};

/// Puts a line at a place of a cart; the place after the last adds it.
#[utoipa::path(
    put, path = "/v1/carts/{cart_id}/lines/{line}", operation_id = "put_cart_line", tag = "carts",
    params(
        ("cart_id" = CartId, Path), ("line" = u16, Path, description = "From 0"),
        ("If-Match" = String, Header, description = "The cart's `ETag`"),
    ),
    request_body = OrderLine,
    responses((status = 200, body = Cart), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Customers>,
    Path((id, line)): Path<(CartId, u16)>,
    IfMatch(version): IfMatch,
    ValidJson(body): ValidJson<OrderLine>,
) -> Result<Answer<Cart>, Problem> {
    let change = CartChange::Put(usize::from(line), wire::ask_line(usize::from(line), &body)?);
    let (customer, guest) = (caller.principal().customer(), caller.principal().has(Role::Guest));
    let changed = app.change_cart(customer, guest, id, version, change).await;
    let cart = changed.map_err(super::stale_is_412)?;
    Ok(Answer::ok(wire::cart(&cart)).etag(cart.version))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{ANNA, BEN, Bench, CAFE, ESPRESSO};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_cart_is_changed_by_its_owner_who_has_seen_it(db: PgPool) {
        let bench = Bench::new(db).await;
        let anna = bench.service.as_customer(ANNA);
        let made = anna
            .post("/v1/carts", json!({"store_id": CAFE}))
            .key("a-cart-of-the-tests")
            .send()
            .await;
        let again = anna
            .post("/v1/carts", json!({"store_id": CAFE}))
            .key("a-cart-of-the-tests")
            .send()
            .await;
        assert_eq!(made.is(201).json["cart_id"], again.is(201).json["cart_id"]);
        let cart = format!("/v1/carts/{}", made.json["cart_id"].as_str().unwrap());
        let line = json!({"item_id": ESPRESSO, "quantity": 2});

        let put = anna.put(&format!("{cart}/lines/0"), &line).if_match(1).send().await;
        assert_eq!(put.is(200).json["version"], 2);
        let stale = anna.put(&format!("{cart}/lines/0"), &line).if_match(1).send().await;
        stale.is_problem(412, "if-match-failed");
        let gap = anna.put(&format!("{cart}/lines/7"), &line).if_match(2).send().await;
        gap.is_problem(404, "no-such-line");
        bench.service.as_customer(BEN).get(&cart).send().await.is_problem(404, "no-such-cart");

        let gone = anna.delete(&format!("{cart}/lines/0")).if_match(2).send().await;
        assert_eq!(gone.is(200).json["lines"], json!([]));
    }
}
