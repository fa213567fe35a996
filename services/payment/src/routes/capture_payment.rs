//! `POST /v1/internal/payments/{order_id}/capture`

use axum::extract::State;
use common::types::OrderId;
use service_kit::{Answer, Caller, Path, Problem, Services, ValidJson};

use super::wire;
use crate::App;

/// Takes money that is held for an order, once; the rest of the authorization is freed.
///
/// A payment of the method `multiple` is taken in numbered parts; `last` frees the rest, and does so without
/// taking anything where the amount is 0. The same again is answered with what was done.
#[utoipa::path(
    post, path = "/v1/internal/payments/{order_id}/capture", operation_id = "capture_payment", tag = "internal",
    params(("order_id" = OrderId, Path)), request_body = wire::AskCapture,
    responses((status = 200, body = wire::PaymentState), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Services>,
    Path(order): Path<OrderId>,
    ValidJson(body): ValidJson<wire::AskCapture>,
) -> Result<Answer<wire::PaymentState>, Problem> {
    let payment = app.capture_payment(order, body.into(), caller.service()).await?;
    Ok(Answer::ok(wire::PaymentState::from(&payment)))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, ORDER, STORE, asking, asking_for};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn money_is_taken_once_and_the_rest_is_freed(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);

        for _ in 0..2 {
            let answer = bench.capture(1000).await;
            answer.is(200);
            assert_eq!(answer.json["state"], "CAPTURED");
            assert_eq!(answer.json["captured_minor"], 1000);
        }

        let calls = [
            format!("authorize {ORDER}:authorize:1 1250"),
            format!("capture {ORDER}:capture:1 1000"),
        ];
        assert_eq!(bench.provider_did().await, calls);
        bench.has_told(&["authorized", "captured"]).await;
        let payable = format!("payable:store:{STORE}");
        bench.balances(&[(&payable, -1000), ("receivable:provider:sandbox", 1000)]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn twins_at_the_same_time_take_money_once(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);

        let (one, two) = tokio::join!(bench.capture(1250), bench.capture(1250));

        assert!([one.status, two.status].contains(&200));
        assert_eq!(bench.provider_did().await.len(), 2);
        bench.has_told(&["authorized", "captured"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn more_than_is_held_is_refused_before_the_provider_hears_of_it(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);

        bench.capture(1251).await.is_problem(409, "exceeds-authorized");
        bench.capture(0).await.is_problem(422, "nothing-to-capture");

        assert_eq!(bench.provider_did().await.len(), 1);
        bench.has_told(&["authorized"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_is_not_held_cannot_be_taken(db: PgPool) {
        let bench = Bench::new(db).await;

        bench.capture(1).await.is_problem(404, "no-such-payment");
        bench.authorize(&asking("pm_declined", 1250)).await.is(402);
        bench.capture(1).await.is_problem(409, "not-authorized");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_capture_whose_answer_was_lost_is_finished_by_the_worker_once(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);
        bench.provider_dawdles(true).await;
        bench.capture_within(1250, 200).await.is(503);

        bench.provider_dawdles(false).await;
        bench.settle().await;

        assert_eq!(bench.provider_did().await.len(), 2);
        bench.has_told(&["authorized", "captured"]).await;
        bench.capture(1250).await.is(200);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn where_nothing_was_to_pay_nothing_is_taken(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 0)).await.is(200);

        bench.capture(0).await.is(200);

        assert_eq!(bench.provider_did().await, [""; 0]);
        bench.went(&["CREATED>AUTHORIZED", "AUTHORIZED>CAPTURING", "CAPTURING>CAPTURED"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_authorization_that_has_expired_is_asked_for_once_more(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);
        bench.provider_does("expirations", "expiry-1", &json!(null)).await;

        for _ in 0..2 {
            bench.capture(1000).await.is(200);
        }

        bench.has_told(&["authorized", "expired", "authorized", "captured"]).await;
        let calls = bench.calls().await;
        assert_eq!(
            calls,
            [
                format!("{ORDER}:authorize:1 OK 1250"),
                format!("{ORDER}:authorize:2 OK 1250"),
                format!("{ORDER}:capture:1 REFUSED 1000"),
                format!("{ORDER}:capture:2 OK 1000"),
            ]
        );
        bench.reconcile().await;
        bench.has_breaks(&[]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_renewal_that_is_declined_leaves_a_debt(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);
        bench.provider_does("expirations", "expiry-1", &json!(null)).await;
        bench.faults(json!({ "decline_list": [ORDER] })).await;

        for _ in 0..2 {
            bench.capture(1000).await.is_problem(409, "not-authorized");
        }

        bench.has_told(&["authorized", "expired", "owed"]).await;
        let payable = format!("payable:store:{STORE}");
        bench.balances(&[(&payable, -1000), (&Bench::debt(), 1000)]).await;
    }
    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_is_taken_at_once_is_found_taken_and_goes_back_when_the_order_is_called_off(
        db: PgPool,
    ) {
        let bench = Bench::new(db).await;
        for _ in 0..2 {
            let answer = bench.authorize(&asking_for("automatic", 1250)).await;
            answer.is(200);
            assert_eq!(answer.json["state"], "CAPTURED");
        }
        bench.capture(1250).await.is(200);
        bench.capture(1000).await.is_problem(409, "already-captured");
        assert_eq!(bench.provider_did().await.len(), 2);
        bench.has_told(&["authorized", "captured"]).await;

        bench.void().await.is(200);

        bench.has_told(&["authorized", "captured", "refund_succeeded"]).await;
        bench.reconcile().await;
        bench.has_breaks(&[]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_capture_at_once_whose_answer_was_lost_is_finished_by_the_worker(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.provider_dawdles(true).await;
        bench.authorize_within(&asking_for("automatic", 1250), 1_500).await.is(503);
        bench.provider_dawdles(false).await;

        bench.settle().await;

        assert_eq!(bench.provider_did().await.len(), 2);
        bench.has_told(&["authorized", "captured"]).await;
        bench.authorize(&asking_for("automatic", 1250)).await.is(200);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn parts_are_taken_once_each_and_the_last_frees_the_rest(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking_for("multiple", 1250)).await.is(200);

        for _ in 0..2 {
            let first = bench.capture_part(1, 400, false).await;
            first.is(200);
            assert_eq!(first.json["state"], "PARTLY_CAPTURED");
        }
        let payable = format!("payable:store:{STORE}");
        let receivable = "receivable:provider:sandbox";
        let held = ("hold:provider:sandbox", 850);
        bench.balances(&[held, (&payable, -400), (receivable, 400)]).await;
        bench.capture_part(2, 851, false).await.is_problem(409, "exceeds-authorized");
        bench.capture_part(3, 1, false).await.is_problem(409, "no-such-part");
        bench.capture_part(1, 401, false).await.is_problem(409, "already-captured");
        let last = bench.capture_part(2, 300, true).await;
        last.is(200);
        assert_eq!(last.json["captured_minor"], 700);

        bench.capture_part(3, 1, false).await.is_problem(409, "already-captured");
        let calls = [
            format!("authorize {ORDER}:authorize:1 1250"),
            format!("capture {ORDER}:capture:1 400"),
            format!("capture {ORDER}:capture:2 300"),
        ];
        assert_eq!(bench.provider_did().await, calls);
        bench.balances(&[(&payable, -700), (receivable, 700)]).await;
        bench.has_told(&["authorized", "captured", "captured"]).await;
        bench.reconcile().await;
        bench.has_breaks(&[]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_rest_is_let_go_without_taking_more(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking_for("multiple", 1250)).await.is(200);
        bench.capture_part(1, 400, false).await.is(200);

        for _ in 0..2 {
            let answer = bench.capture_part(2, 0, true).await;
            answer.is(200);
            assert_eq!(answer.json["state"], "CAPTURED");
        }

        let did = bench.provider_did().await;
        assert_eq!(did.last(), Some(&format!("void {ORDER}:void:1 850")));
        bench.has_told(&["authorized", "captured"]).await;
        let notice = bench.webhook_of(&format!("{ORDER}:void:1")).await;
        bench.hear(&notice).await;
        assert_eq!(bench.notices().await, ["STALE"]);
        bench.reconcile().await;
        bench.has_breaks(&[]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_void_after_the_first_part_frees_the_rest_and_gives_the_part_back(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking_for("multiple", 1250)).await.is(200);
        bench.capture_part(1, 400, false).await.is(200);

        for _ in 0..2 {
            let answer = bench.void().await;
            answer.is(200);
            assert_eq!(answer.json["refunded_minor"], 400);
        }

        let payable = "payable:provider:sandbox";
        bench
            .balances(&[
                ("expense:refund:platform", 400),
                (payable, -400),
                (&format!("payable:store:{STORE}"), -400),
                ("receivable:provider:sandbox", 400),
            ])
            .await;
        bench.has_told(&["authorized", "captured", "refund_succeeded"]).await;
        bench.reconcile().await;
        bench.has_breaks(&[]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_rest_that_has_expired_is_not_asked_for_again(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking_for("multiple", 1250)).await.is(200);
        bench.capture_part(1, 400, false).await.is(200);
        bench.provider_does("expirations", "expiry-1", &json!(null)).await;

        for code in ["not-authorized", "already-captured"] {
            bench.capture_part(2, 300, false).await.is_problem(409, code);
        }

        let receivable = "receivable:provider:sandbox";
        bench.balances(&[(&format!("payable:store:{STORE}"), -400), (receivable, 400)]).await;
        bench.reconcile().await;
        bench.has_breaks(&[]).await;
    }
}
