//! `POST /v1/ops/orders/{order_id}/undelivered`

use axum::extract::State;
use common::types::OrderId;
use orders_contract::http::{DecideUndelivered, Order, UndeliveredDecision};
use service_kit::{Caller, Keyed, Operators, Path, Problem, Stored};

use crate::{App, app::Settlement, domain::Decision};

/// Decides what becomes of an order that did not reach its customer: the courier goes again, it is paid
/// because the customer was not there, or it is undone because that was not the customer's fault.
#[utoipa::path(
    post, path = "/v1/ops/orders/{order_id}/undelivered", operation_id = "decide_undelivered",
    tag = "ops",
    params(("order_id" = OrderId, Path), ("Idempotency-Key" = String, Header, description = "16 to 64 of A-Z a-z 0-9 _ -")),
    request_body = DecideUndelivered,
    responses((status = 202, body = Order), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Operators>,
    Path(id): Path<OrderId>,
    Keyed(key, body): Keyed<DecideUndelivered>,
) -> Result<Stored, Problem> {
    let decision = match body.decision {
        UndeliveredDecision::SecondTry => Decision::SecondTry,
        UndeliveredDecision::CustomerAbsent => Decision::CustomerAbsent,
        UndeliveredDecision::NotTheirFault => Decision::NotTheirFault,
    };
    let what = Settlement { principal: caller.principal().id, id, decision };
    app.decide_undelivered(&key, what).await.map_err(super::a_held_key_says_when)
}

#[cfg(test)]
mod live {
    use common::types::OrderId;
    use serde_json::json;
    use sqlx::PgPool;
    use test_kit::TestAnswer;

    use crate::bench::{Bench, CAFE};

    const KEY: &str = "a-key-of-the-operator";

    /// A pick-up order that nobody collected.
    async fn uncollected(bench: &Bench) -> OrderId {
        let id = bench.a_confirmed_order().await;
        bench.kitchen(id, "ready", 5).await;
        bench.passes(id, "deadline_at").await;
        bench.becomes(id, "UNDELIVERED").await;
        id
    }

    async fn decide(bench: &Bench, id: OrderId, decision: &str) -> TestAnswer {
        let path = format!("/v1/ops/orders/{id}/undelivered");
        let body = json!({"decision": decision});
        bench.service.as_operator().post(&path, body).key(KEY).send().await
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn who_did_not_come_pays(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = uncollected(&bench).await;

        let first = decide(&bench, id, "customer_absent").await;

        first.is(202);
        bench.becomes(id, "COMPLETED").await;
        assert_eq!((bench.neighbours.asked("/capture"), bench.neighbours.asked("/void")), (1, 0));
        let told = bench.told().await;
        assert!(!told.contains(&"order_delivered".to_owned()), "nobody has it: {told:?}");
        assert_eq!(decide(&bench, id, "customer_absent").await.body, first.body);
        decide(&bench, id, "second_try").await.is_problem(422, "key-reused");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_was_not_the_customers_fault_is_undone(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = uncollected(&bench).await;

        decide(&bench, id, "not_their_fault").await.is(202);

        bench.becomes(id, "CANCELLED").await;
        assert_eq!((bench.neighbours.asked("/release"), bench.neighbours.asked("/void")), (1, 1));
        assert_eq!(bench.neighbours.asked("/capture"), 0);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_courier_goes_again_for_a_delivery_only(db: PgPool) {
        let bench = Bench::new(db).await;
        let collected = uncollected(&bench).await;
        decide(&bench, collected, "second_try").await.is_problem(409, "illegal-transition");

        let brought = bench.a_delivery("a-delivery-of-the-tests").await;
        bench.kitchen(brought, "ready", 5).await;
        bench.force(brought, &["DISPATCHED", "UNDELIVERED"]).await;
        decide(&bench, brought, "second_try").await.is(202);
        assert_eq!(bench.state(brought).await, "DISPATCHED");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn nothing_else_is_decided_and_by_nobody_else(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = bench.a_confirmed_order().await;

        decide(&bench, id, "not_their_fault").await.is_problem(409, "illegal-transition");
        let path = format!("/v1/ops/orders/{id}/undelivered");
        let staff = bench.service.as_manager(CAFE);
        let body = json!({"decision": "customer_absent"});
        staff.post(&path, body).key(KEY).send().await.is_problem(403, "role-not-allowed");
        assert_eq!(bench.state(id).await, "CONFIRMED");
    }
}
