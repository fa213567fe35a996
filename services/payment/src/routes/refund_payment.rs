//! `POST /v1/payments/{payment_id}/refunds`

use axum::extract::State;
use common::types::{PaymentId, Role};
use service_kit::{Allowed, Caller, Keyed, Path, Problem, Stored};

use super::wire;
use crate::{App, app::FoundRefund};

/// People who help customers or run the platform, and our own services for claims.
pub(super) struct Refunders;

impl Allowed for Refunders {
    const ROLES: &'static [Role] = &[Role::Support, Role::Ops, Role::Admin, Role::Service];
}

/// Gives a part of what was taken back, or all of it.
///
/// More than 10 000 minor units wait for a second person. The provider is asked in the background: the
/// answer is 202 and says where to look.
#[utoipa::path(
    post, path = "/v1/payments/{payment_id}/refunds", operation_id = "refund_payment", tag = "refunds",
    params(("payment_id" = PaymentId, Path), ("idempotency-key" = String, Header)),
    request_body = wire::AskRefund,
    responses((status = 202, body = wire::Refund), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Refunders>,
    Path(id): Path<PaymentId>,
    Keyed(key, body): Keyed<wire::AskRefund>,
) -> Result<Stored, Problem> {
    let written = |found: &FoundRefund| serde_json::to_vec(&wire::Refund::from(found));
    Ok(app.refund_payment(caller.principal(), &key, id, body.into(), written).await?)
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, ORDER, STORE, asking};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn money_goes_back_once_with_books_note_and_news(db: PgPool) {
        let bench = Bench::captured(db, 1250).await;

        let first = bench.refund(500, "key-of-refund-01").await;
        let again = bench.refund(500, "key-of-refund-01").await;
        bench.settle_refunds().await;

        first.is(202);
        assert_eq!(first.json["state"], "SUBMITTING");
        assert_eq!((again.status, &again.body), (202, &first.body));
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        let done = bench.operator().get(first.header("location").unwrap()).send().await;
        done.is(200);
        assert_eq!(
            (&done.json["state"], &done.json["credit_note_no"]),
            (&json!("SUCCEEDED"), &json!(1))
        );
        assert_eq!(
            bench.provider_did().await.last(),
            Some(&format!("refund {ORDER}:refund:1 500"))
        );
        bench.has_told(&["authorized", "captured", "refund_succeeded"]).await;
        let payable = format!("payable:store:{STORE}");
        bench
            .balances(&[
                ("payable:provider:sandbox", -500),
                (&payable, -750),
                ("receivable:provider:sandbox", 1250),
            ])
            .await;
        let own = bench.customer().get(&format!("/v1/payments?order_id={ORDER}")).send().await;
        assert_eq!(
            (&own.json["status"], &own.json["refunded_minor"]),
            (&json!("captured"), &json!(500))
        );
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn no_more_is_given_back_than_was_taken_whoever_asks_at_the_same_time(db: PgPool) {
        let bench = Bench::captured(db, 1000).await;

        let keys = ["key-of-refund-a1", "key-of-refund-a2", "key-of-refund-a3", "key-of-refund-a4"];
        let answers =
            futures::future::join_all(keys.iter().map(|key| bench.refund(300, key))).await;
        bench.settle_refunds().await;

        let accepted = answers.iter().filter(|answer| answer.status == 202).count();
        assert_eq!(accepted, 3);
        let refused = answers.iter().find(|answer| answer.status != 202).unwrap();
        refused.is_problem(409, "exceeds-captured");
        assert_eq!(bench.provider_did().await.len(), 2 + 3);
        bench.refund(101, "key-of-refund-b1").await.is_problem(409, "exceeds-captured");
        bench.refund(100, "key-of-refund-b2").await.is(202);
        bench.settle_refunds().await;
        let found = bench.customer().get(&format!("/v1/payments?order_id={ORDER}")).send().await;
        assert_eq!(found.json["status"], "refunded");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_cannot_be_a_refund_leaves_no_trace(db: PgPool) {
        let bench = Bench::captured(db, 1250).await;
        let line = json!({ "item_id": STORE, "quantity": 1, "amount_minor": 100 });
        let cases = [
            (json!({}), "amount-or-lines"),
            (json!({ "amount_minor": 0 }), "nothing-to-refund"),
            (json!({ "amount_minor": 5, "lines": [line.clone()] }), "amount-or-lines"),
            (json!({ "amount_minor": -5 }), "invalid-body"),
            (json!({ "amount_minor": 5, "reason": "because" }), "invalid-body"),
            (json!({ "amount_minor": 5, "liable": "me" }), "invalid-body"),
            (json!({ "amount_minor": 5, "note": "x" }), "unknown-field"),
        ];

        for (part, code) in cases {
            let mut body = json!({ "reason": "quality", "liable": "store" });
            for (name, value) in part.as_object().unwrap() {
                body[name] = value.clone();
            }
            bench.refund_with(&body, "key-of-refund-c1").await.is_problem(422, code);
        }
        bench.settle_refunds().await;
        assert_eq!(bench.provider_did().await.len(), 2);

        let lines =
            json!({ "reason": "quality", "liable": "store", "lines": [line.clone(), line] });
        let answer = bench.refund_with(&lines, "key-of-refund-c1").await;
        answer.is(202);
        assert_eq!(answer.json["amount_minor"], 200);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_was_not_taken_is_not_given_back_and_customers_do_not_help_themselves(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);

        bench.refund(5, "key-of-refund-d1").await.is_problem(409, "not-captured");
        let path = bench.refunds_path().await;
        let body = json!({ "amount_minor": 5, "reason": "late", "liable": "goodwill" });
        let customer = bench.customer().post(&path, &body).key("key-of-refund-d2").send().await;
        customer.is_problem(403, "role-not-allowed");
        let keyless = bench.operator().post(&path, &body).send().await;
        keyless.is_problem(400, "no-idempotency-key");
        let nowhere = format!("/v1/payments/{ORDER}/refunds");
        let nowhere = bench.operator().post(&nowhere, &body).key("key-of-refund-d3").send().await;
        nowhere.is_problem(404, "no-such-payment");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_answer_that_was_lost_is_asked_for_by_key(db: PgPool) {
        let bench = Bench::captured(db, 1250).await;
        bench.faults(json!({ "lose_reply": 1.0 })).await;
        bench.refund(500, "key-of-refund-e1").await.is(202);
        bench.try_refunds().await;
        assert_eq!(bench.provider_did().await.len(), 3, "it was done, and we do not know");

        bench.faults(json!({})).await;
        bench.settle_refunds().await;

        assert_eq!(bench.provider_did().await.len(), 3);
        bench.has_told(&["authorized", "captured", "refund_succeeded"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_provider_that_refuses_five_times_leaves_it_to_a_person(db: PgPool) {
        let bench = Bench::captured(db, 1250).await;
        bench.faults(json!({ "decline_list": [ORDER] })).await;

        let asked = bench.refund(500, "key-of-refund-f1").await;
        bench.settle_refunds().await;

        let found = bench.operator().get(asked.header("location").unwrap()).send().await;
        assert_eq!(found.json["state"], "MANUAL");
        let refused = bench.calls().await.iter().filter(|call| call.contains("REFUSED")).count();
        assert_eq!(refused, 5);
        bench.has_told(&["authorized", "captured", "reconciliation_break", "refund_failed"]).await;
        bench.refund(751, "key-of-refund-f2").await.is_problem(409, "exceeds-captured");
        bench.void().await.is_problem(409, "already-captured");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_webhook_may_be_faster_than_the_answer(db: PgPool) {
        let bench = Bench::captured(db, 1250).await;
        bench.faults(json!({ "lose_reply": 1.0 })).await;
        bench.refund(500, "key-of-refund-g1").await.is(202);
        bench.try_refunds().await;
        bench.faults(json!({})).await;

        let told = bench.webhook_of(&format!("{ORDER}:refund:1")).await;
        bench.hear(&told).await.is(200);
        bench.settle_refunds().await;

        assert_eq!(bench.notices().await, ["APPLIED"]);
        bench.has_told(&["authorized", "captured", "refund_succeeded"]).await;
        assert_eq!(bench.acts().await, ["authorize:1", "capture:1", "refund:1"]);
    }
}
