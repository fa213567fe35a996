//! `POST /v1/orders/{order_id}/cancellation`

use axum::extract::State;
use common::types::OrderId;
use orders_contract::http::{CancelOrder, CancelReason, Order};
use service_kit::{Caller, Keyed, Path, Problem, Stored};

use super::owner;
use crate::{App, app::Cancellation};

/// Begins to cancel an order. Stock and money return in the background.
///
/// A customer may until the kitchen begins, staff until a courier has it.
#[utoipa::path(
    post, path = "/v1/orders/{order_id}/cancellation", operation_id = "cancel_order", tag = "orders",
    params(("order_id" = OrderId, Path), ("Idempotency-Key" = String, Header, description = "16 to 64 of A-Z a-z 0-9 _ -")),
    request_body = CancelOrder,
    responses((status = 202, body = Order), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<OrderId>,
    Keyed(key, body): Keyed<CancelOrder>,
) -> Result<Stored, Problem> {
    let principal = caller.principal();
    let what = Cancellation {
        principal: principal.id,
        owner: owner::of(principal),
        actor: owner::actor(principal),
        id,
        cause: cause(body.reason).to_owned(),
    };
    app.cancel_order(&key, what).await.map_err(super::a_held_key_says_when)
}

/// The word under which a reason is kept and told.
pub(super) const fn cause(reason: CancelReason) -> &'static str {
    match reason {
        CancelReason::CustomerChangedMind => "customer_changed_mind",
        CancelReason::ItemMissing => "item_missing",
        CancelReason::StoreClosed => "store_closed",
        CancelReason::NotReadyForPickup => "not_ready_for_pickup",
        CancelReason::PaymentFailed => "payment_failed",
        CancelReason::NoCourier => "no_courier",
        CancelReason::Unreachable => "unreachable",
        CancelReason::Fraud => "fraud",
        CancelReason::Duplicate => "duplicate",
        CancelReason::Other => "other",
    }
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{ANNA, BEN, Bench, CAFE};

    const KEY: &str = "a-key-to-cancel-with";

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_confirmed_order_is_cancelled_and_all_is_given_back(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = bench.a_confirmed_order().await;
        let body = json!({"reason": "customer_changed_mind"});
        let path = format!("/v1/orders/{id}/cancellation");

        let answer = bench.service.as_customer(ANNA).post(&path, &body).key(KEY).send().await;

        answer.is(202);
        bench.becomes(id, "CANCELLED").await;
        assert_eq!((bench.neighbours.asked("/release"), bench.neighbours.asked("/void")), (1, 1));
        let told = bench.told().await;
        assert_eq!(told[2..], ["ticket_changed", "order_cancelling", "order_cancelled"]);
        let again = bench.service.as_customer(ANNA).post(&path, &body).key(KEY).send().await;
        assert_eq!(again.body, answer.body);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_the_kitchen_works_on_is_not_cancelled_by_its_customer(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = bench.a_confirmed_order().await;
        let staff = bench.service.as_staff(CAFE);
        let status = format!("/v1/orders/{id}/status");
        staff.put(&status, json!({"status": "preparing"})).if_match(5).send().await.is(200);

        let path = format!("/v1/orders/{id}/cancellation");
        let body = json!({"reason": "customer_changed_mind"});
        let answer = bench.service.as_customer(ANNA).post(&path, &body).key(KEY).send().await;

        answer.is_problem(409, "already-in-the-kitchen");
        assert_eq!(bench.state(id).await, "PREPARING");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn another_customers_order_is_not_there(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = bench.a_confirmed_order().await;
        let path = format!("/v1/orders/{id}/cancellation");
        let ben = bench.service.as_customer(BEN);

        let answer = ben.post(&path, json!({"reason": "other"})).key(KEY).send().await;

        answer.is_problem(404, "no-such-order");
        assert_eq!(bench.state(id).await, "CONFIRMED");
    }
}
