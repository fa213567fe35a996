//! `POST /v1/internal/cart-reservations`

use axum::extract::State;
use common::types::OrderId;
use inventory_contract::http::{Reservation, ReserveForCart};
use service_kit::{Answer, Caller, Problem, Services, ValidJson};

use super::{reserve_stock::problem, wire};
use crate::{App, domain::Line};

/// Ten minutes.
const HOLD_S: u32 = 600;

/// Holds all lines of a cart, or none, for a while: the hold lapses by the clock. The cart is the key, and
/// stands where an order stands: it is released by `release_reservation`.
#[utoipa::path(
    post, path = "/v1/internal/cart-reservations", operation_id = "reserve_for_cart",
    tag = "reservations", request_body = ReserveForCart,
    responses((status = 200, body = Reservation), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Services>,
    ValidJson(body): ValidJson<ReserveForCart>,
) -> Result<Answer<Reservation>, Problem> {
    let lines: Vec<Line> = body.lines.into_iter().map(wire::line).collect();
    let hold_s = body.hold_s.unwrap_or(HOLD_S);
    let held = app.reserve_for_cart(body.cart_id, body.store_id, &lines, hold_s).await;
    let state = held.map_err(|error| problem(error, &lines))?;
    Ok(Answer::ok(wire::reservation(OrderId::from_uuid(body.cart_id.as_uuid()), state)))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{BEANS, Bench, EAST, ESPRESSO, order};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_cart_keeps_its_goods_from_others_for_a_while(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;

        let held = bench.reserve_for_cart(1, EAST, &[(ESPRESSO, 99)]).await;
        assert_eq!(held.json, json!({"order_id": order(1), "state": "HELD"}));
        bench.reserve(2, EAST, &[(ESPRESSO, 2)]).await.is_problem(409, "out-of-stock");
        let told = bench.told("stock_reserved").await;
        assert_eq!((told.len(), &told[0]["cause"]), (1, &json!("cart")));

        bench.step(1, "release").await.is(200);
        bench.reserve(2, EAST, &[(ESPRESSO, 2)]).await.is(200);
        assert_eq!(bench.stock(EAST, BEANS).await, (900, 18));
        bench.i3_holds().await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn nobody_keeps_a_cart_full_for_ever(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let body = json!({"cart_id": order(1), "store_id": EAST, "hold_s": 3_601,
            "lines": [{"item_id": ESPRESSO, "quantity": 1}]});

        let path = "/v1/internal/cart-reservations";
        let refused = bench.as_service("orders").post(path, &body).send().await;
        refused.is_problem(422, "invalid-reservation");
        let admin = bench.as_admin().post(path, &body).send().await;
        admin.is_problem(403, "role-not-allowed");
        assert_eq!(bench.count("reservation").await, 0);
    }
}
