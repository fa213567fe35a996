//! `POST /v1/internal/payments`

use axum::extract::State;
use service_kit::{Answer, Caller, Problem, Services, ValidJson};

use super::wire;
use crate::App;

/// Holds what an order costs and, of the method `automatic`, takes it.
///
/// The key is `order_id:authorize:generation`, derived from the body, so that a repetition is the
/// same call whatever header it has. 402 `payment-declined` names the class of the refusal in
/// `errors[0].detail`; 503 with `x-ce-outcome: unknown` means: ask again.
#[utoipa::path(
    post, path = "/v1/internal/payments", operation_id = "authorize_payment", tag = "internal",
    request_body = wire::AskPayment,
    responses((status = 200, body = wire::PaymentState), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Services>,
    ValidJson(body): ValidJson<wire::AskPayment>,
) -> Result<Answer<wire::PaymentState>, Problem> {
    let payment = app.authorize_payment(body.try_into()?, caller.service()).await;
    let payment = payment.map_err(wire::refusal)?;
    Ok(Answer::ok(wire::PaymentState::from(&payment)))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, ORDER, asking};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn money_is_held_once_and_told_once_however_often_it_is_asked_for(db: PgPool) {
        let bench = Bench::new(db).await;

        for _ in 0..3 {
            let answer = bench.authorize(&asking("pm_approved", 1250)).await;

            answer.is(200);
            assert_eq!(answer.json["state"], "AUTHORIZED");
            assert_eq!(answer.json["authorized_minor"], 1250);
        }

        assert_eq!(bench.provider_did().await, [format!("authorize {ORDER}:authorize:1 1250")]);
        bench.has_told(&["authorized"]).await;
        bench.balances(&[("hold:provider:sandbox", 1250)]).await;
        bench.went(&["CREATED>AUTHORIZING", "AUTHORIZING>AUTHORIZED"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn twins_at_the_same_time_hold_money_once(db: PgPool) {
        let bench = Bench::new(db).await;
        let body = asking("pm_approved", 1250);

        let (one, two) = tokio::join!(bench.authorize(&body), bench.authorize(&body));

        let statuses = [one.status, two.status];
        assert!(statuses.contains(&200), "{statuses:?}");
        assert!(statuses.iter().all(|status| [200, 503].contains(status)), "{statuses:?}");
        assert_eq!(bench.provider_did().await.len(), 1);
        bench.has_told(&["authorized"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_refusal_says_what_the_customer_may_do_and_holds_nothing(db: PgPool) {
        let bench = Bench::new(db).await;

        for _ in 0..2 {
            let answer = bench.authorize(&asking("pm_insufficient_funds", 1250)).await;

            answer.is_problem(402, "payment-declined").points_at("/payment_method_id");
            assert_eq!(answer.json["errors"][0]["detail"], "retry-later");
        }

        bench.has_told(&["declined"]).await;
        bench.balances(&[]).await;
        let calls = bench.calls().await;
        assert_eq!(calls, [format!("{ORDER}:authorize:1 REFUSED 1250")]);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_lost_reply_is_asked_for_by_key_and_charges_once(db: PgPool) {
        let bench = Bench::new(db).await;

        bench.authorize(&asking("pm_reply_lost", 1250)).await.is(200);

        assert_eq!(bench.provider_did().await, [format!("authorize {ORDER}:authorize:1 1250")]);
        bench.has_told(&["authorized"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn who_cannot_wait_learns_that_it_is_open_and_asks_again(db: PgPool) {
        let bench = Bench::new(db).await;
        let body = asking("pm_slow", 1250);

        let hasty = bench.authorize_within(&body, 1_500).await;
        hasty.is(503);
        assert_eq!(hasty.header("x-ce-outcome"), Some("unknown"));

        let mut answer = bench.authorize(&body).await;
        while answer.status == 503 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            answer = bench.authorize(&body).await;
        }
        answer.is(200);
        assert_eq!(bench.provider_did().await, [format!("authorize {ORDER}:authorize:1 1250")]);
        bench.has_told(&["authorized"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_worker_finishes_what_nobody_asks_for_any_more(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.provider_is_away(true).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is_problem(503, "payment-undecided");
        bench.went(&["CREATED>AUTHORIZING"]).await;

        bench.provider_is_away(false).await;
        bench.settle().await;

        bench.went(&["CREATED>AUTHORIZING", "AUTHORIZING>AUTHORIZED"]).await;
        bench.has_told(&["authorized"]).await;
        assert_eq!(bench.provider_did().await.len(), 1);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn after_a_crash_between_call_and_answer_the_provider_is_asked_by_key(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.provider_dawdles(true).await;
        bench.authorize_within(&asking("pm_approved", 1250), 200).await.is(503);
        assert_eq!(bench.provider_did().await.len(), 1, "it was done, and we do not know");

        bench.provider_dawdles(false).await;
        bench.settle().await;

        assert_eq!(bench.provider_did().await.len(), 1);
        assert_eq!(bench.calls().await, [format!("{ORDER}:authorize:1 OK 1250")]);
        bench.balances(&[("hold:provider:sandbox", 1250)]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn nothing_to_pay_needs_no_provider(db: PgPool) {
        let bench = Bench::new(db).await;

        bench.authorize(&asking("pm_approved", 0)).await.is(200);

        assert_eq!(bench.provider_did().await, [""; 0]);
        bench.has_told(&["authorized"]).await;
        bench.went(&["CREATED>AUTHORIZED"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn other_terms_for_the_same_order_are_refused_and_change_nothing(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);

        bench.authorize(&asking("pm_approved", 1251)).await.is_problem(422, "key-reused");
        let mut second = asking("pm_approved", 1250);
        second["generation"] = json!(2);
        bench.authorize(&second).await.is_problem(409, "generation-not-allowed");

        assert_eq!(bench.provider_did().await.len(), 1);
        bench.has_told(&["authorized"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_larger_sum_is_held_before_the_smaller_is_let_go(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);
        let mut larger = asking("pm_approved", 2000);
        larger["generation"] = json!(2);

        for _ in 0..2 {
            let answer = bench.authorize(&larger).await;
            answer.is(200);
            assert_eq!(answer.json["authorized_minor"], 2000);
        }

        let did = [
            format!("authorize {ORDER}:authorize:1 1250"),
            format!("authorize {ORDER}:authorize:2 2000"),
            format!("void {ORDER}:void:1 1250"),
        ];
        assert_eq!(bench.provider_did().await, did);
        bench.balances(&[("hold:provider:sandbox", 2000)]).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_larger_sum_that_is_refused_leaves_the_smaller_held(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);
        let mut larger = asking("pm_declined", 2000);
        larger["generation"] = json!(2);

        for _ in 0..2 {
            bench.authorize(&larger).await.is_problem(402, "payment-declined");
        }

        bench.balances(&[("hold:provider:sandbox", 1250)]).await;
        bench.capture(1250).await.is(200);
        assert_eq!(bench.provider_did().await.len(), 2);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_cannot_be_a_payment_leaves_no_trace(db: PgPool) {
        let bench = Bench::new(db).await;
        let cases = [
            ("amount_minor", json!(100_000_001), "amount-too-large"),
            ("amount_minor", json!(-1), "invalid-body"),
            ("amount_minor", json!(12.5), "invalid-body"),
            ("generation", json!(0), "generation-not-allowed"),
            ("payment_method_id", json!(""), "no-payment-method"),
            ("currency", json!("usd"), "invalid-body"),
            ("card_number", json!("4242"), "unknown-field"),
        ];

        for (field, value, code) in cases {
            let mut body = asking("pm_approved", 1250);
            body[field] = value;
            bench.authorize(&body).await.is_problem(422, code);
        }

        assert_eq!(bench.provider_did().await, [""; 0]);
        assert_eq!(bench.calls().await, [""; 0]);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn people_may_not_authorize(db: PgPool) {
        let bench = Bench::new(db).await;
        let path = "/v1/internal/payments";

        let answer = bench.customer().post(path, asking("pm_approved", 1)).send().await;

        answer.is_problem(403, "role-not-allowed");
        bench.has_told(&[]).await;
    }
}
