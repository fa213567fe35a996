//! `POST /v1/orders`

use axum::extract::State;
use service_kit::{Caller, Customers, Intake, Keyed, Problem, Stored};

use crate::{App, app::Placement, wire};
use orders_contract::http::{Order, PlaceOrder};

/// Places an order.
///
/// Prices and totals are the server's. The answer waits at most 800 ms for the decision. The same key gets
/// the same answer, byte for byte, for 72 h.
#[utoipa::path(
    post, path = "/v1/orders", operation_id = "place_order", tag = "orders",
    params(("Idempotency-Key" = String, Header, description = "16 to 64 of A-Z a-z 0-9 _ -")),
    request_body = PlaceOrder,
    responses(
        (status = 201, body = Order, description = "Confirmed"),
        (status = 202, body = Order, description = "Not decided yet; ask `Location`"),
        (status = 402, description = "The payment was declined; nothing is held"),
        (status = 409, description = "Out of stock, or the store is closed, and nothing is charged; or a twin is at work"),
        Problem,
    ),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Customers>,
    intake: Intake,
    Keyed(key, body): Keyed<PlaceOrder>,
) -> Result<Stored, Problem> {
    let placement = Placement {
        customer: caller.principal().customer(),
        store: body.store_id,
        ask: wire::ask(&body)?,
        cart: body.cart_id,
        payment_method: body.payment_method_id.as_str().to_owned(),
        believed: None,
    };
    app.place_order(&key, placement, intake.begin()?).await.map_err(super::a_held_key_says_when)
}

#[cfg(test)]
mod intake;
#[cfg(test)]
mod keys;

#[cfg(test)]
mod live {
    use serde_json::{Value, json};
    use sqlx::PgPool;

    use crate::bench::{ANNA, BEN, Bench, CAFE, ESPRESSO, an_espresso};

    const KEY: &str = "a-key-of-the-tests-1";

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_order_is_confirmed_while_its_customer_waits(db: PgPool) {
        let bench = Bench::new(db).await;

        let answer = bench.place(KEY, "pm_approved").await;

        answer.is(201);
        assert_eq!(answer.json["state"], "CONFIRMED");
        assert_eq!(answer.json["totals"]["total_minor"], 350);
        assert_eq!(bench.told().await, ["order_placed", "order_confirmed"]);
        let id = answer.json["order_id"].as_str().unwrap().parse().unwrap();
        let path = ["RESERVING", "RESERVED", "AUTHORIZING", "AUTHORIZED", "CONFIRMED"];
        assert_eq!(bench.path(id).await, path);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_same_key_gets_the_same_bytes_and_makes_one_order(db: PgPool) {
        let bench = Bench::new(db).await;
        let first = bench.place(KEY, "pm_approved").await;

        let again = bench.place(KEY, "pm_approved").await;

        assert_eq!(again.body, first.body);
        assert_eq!((again.status, again.header("idempotent-replayed")), (201, Some("true")));
        assert_eq!(bench.orders().await, 1);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn twins_at_the_same_moment_make_one_order(db: PgPool) {
        let bench = Bench::new(db).await;

        let twins =
            futures::future::join_all((0..8).map(|_| bench.place(KEY, "pm_approved"))).await;

        assert!(twins.iter().all(|answer| [201, 202].contains(&answer.status)));
        assert_eq!(bench.orders().await, 1);
        assert_eq!(bench.neighbours.asked("/v1/internal/payments"), 1);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_key_used_for_another_body_is_refused_and_changes_nothing(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.place(KEY, "pm_approved").await.is(201);

        bench.place(KEY, "pm_other").await.is_problem(422, "key-reused");

        assert_eq!(bench.orders().await, 1);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn another_customers_same_key_is_another_order(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.place(KEY, "pm_approved").await.is(201);

        let ben = bench.service.as_customer(BEN);
        ben.post("/v1/orders", an_espresso("pm_approved")).key(KEY).send().await.is(201);

        assert_eq!(bench.orders().await, 2);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_is_out_of_stock_is_rejected_before_anybody_is_asked_for_money(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.neighbours.tell("/reservations", 409, "out-of-stock", 1);

        bench.place(KEY, "pm_approved").await.is_problem(409, "out-of-stock");

        assert_eq!(bench.neighbours.asked("/v1/internal/payments"), 0);
        assert_eq!(bench.told().await, ["order_placed", "order_rejected"]);
        bench.place(KEY, "pm_approved").await.is_problem(409, "out-of-stock");
        assert_eq!(bench.orders().await, 1);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_declined_payment_gives_the_goods_back_before_it_is_told(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.neighbours.tell("/payments", 402, "payment-declined", 1);

        bench.place(KEY, "pm_declined").await.is_problem(402, "payment-declined");

        assert_eq!((bench.neighbours.asked("/release"), bench.neighbours.asked("/void")), (1, 1));
        assert_eq!(bench.told().await, ["order_placed", "order_cancelling", "order_rejected"]);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_answer_that_stays_away_is_asked_for_and_never_assumed(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.neighbours.tell("/payments", 500, "panic", 4);

        let answer = bench.place(KEY, "pm_reply_lost").await;

        assert!([201, 202].contains(&answer.status), "{}", answer.text());
        let id = serde_json::from_slice::<Value>(&answer.body).unwrap()["order_id"].clone();
        bench.becomes(id.as_str().unwrap().parse().unwrap(), "CONFIRMED").await;
        assert_eq!(bench.neighbours.asked("/void"), 0);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_cannot_be_ordered_says_where_and_stores_nothing(db: PgPool) {
        let bench = Bench::new(db).await;
        let with = |line: Value| json!({"store_id": CAFE, "fulfilment": "pickup", "payment_method_id": "pm_approved", "lines": [line]});
        let unknown = uuid::Uuid::from_u128(99);
        let table = [
            (with(json!({"item_id": unknown, "quantity": 1})), 422, "unknown-item"),
            (with(json!({"item_id": ESPRESSO, "quantity": 0})), 422, "invalid-body"),
            (with(json!({"item_id": ESPRESSO, "quantity": -1})), 422, "invalid-body"),
            (with(json!({"item_id": ESPRESSO, "quantity": 1_000_000_000})), 422, "invalid-body"),
            (
                with(json!({"item_id": ESPRESSO, "quantity": 1, "price_minor": 1})),
                422,
                "unknown-field",
            ),
            (
                with(json!({"item_id": ESPRESSO, "quantity": 1, "note": "a\u{0}b"})),
                422,
                "invalid-body",
            ),
            (
                with(json!({"item_id": ESPRESSO, "quantity": 1, "options": ["gold"]})),
                422,
                "unknown-option",
            ),
            (
                json!({"store_id": unknown, "fulfilment": "pickup", "payment_method_id": "x", "lines": []}),
                404,
                "no-such-store",
            ),
            (
                json!({"store_id": CAFE, "fulfilment": "pickup", "payment_method_id": "x"}),
                422,
                "line-count",
            ),
            (
                json!({"store_id": CAFE, "fulfilment": "pickup", "payment_method_id": "x", "cart_id": unknown}),
                404,
                "no-such-cart",
            ),
        ];
        for (body, status, code) in table {
            bench.place_body(KEY, &body).await.is_problem(status, code);
        }

        let nobody =
            bench.service.as_nobody().post("/v1/orders", an_espresso("x")).key(KEY).send().await;
        nobody.is_problem(401, "no-token");
        let keyless =
            bench.service.as_customer(ANNA).post("/v1/orders", an_espresso("x")).send().await;
        keyless.is_problem(400, "no-idempotency-key");
        assert_eq!((bench.orders().await, bench.told().await.len()), (0, 0));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_cart_is_ordered_by_its_id(db: PgPool) {
        let bench = Bench::new(db).await;
        let anna = bench.service.as_customer(ANNA);
        let cart = json!({"store_id": CAFE, "lines": [{"item_id": ESPRESSO, "quantity": 3}]});
        let cart = anna.post("/v1/carts", cart).key("a-cart-of-the-tests").send().await;
        cart.is(201);

        let order = json!({"store_id": CAFE, "fulfilment": "pickup", "payment_method_id": "pm_approved", "cart_id": cart.json["cart_id"]});
        let answer = bench.place_body(KEY, &order).await;

        answer.is(201);
        assert_eq!(answer.json["totals"]["total_minor"], 1_050);
    }
}
