//! `POST /v1/internal/payments/{order_id}/void`

use axum::extract::State;
use common::types::OrderId;
use service_kit::{Answer, Caller, Path, Problem, Services};

use super::wire;
use crate::App;

/// Lets the money of an order go.
///
/// An order whose payment was never asked for gets a tombstone: a late authorization is refused
/// with 409 `already-cancelled`. What was taken already is given back. May be repeated.
#[utoipa::path(
    post, path = "/v1/internal/payments/{order_id}/void", operation_id = "void_payment", tag = "internal",
    params(("order_id" = OrderId, Path)),
    responses((status = 200, body = wire::PaymentState), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Services>,
    Path(order): Path<OrderId>,
) -> Result<Answer<wire::PaymentState>, Problem> {
    let payment = app.void_payment(order, caller.service()).await?;
    Ok(Answer::ok(wire::PaymentState::from(&payment)))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, ORDER, asking};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn held_money_goes_back_once(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);

        for _ in 0..2 {
            let answer = bench.void().await;
            answer.is(200);
            assert_eq!(answer.json["state"], "VOIDED");
        }

        let calls =
            [format!("authorize {ORDER}:authorize:1 1250"), format!("void {ORDER}:void:1 1250")];
        assert_eq!(bench.provider_did().await, calls);
        bench.has_told(&["authorized", "voided"]).await;
        bench.balances(&[]).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is_problem(409, "already-cancelled");
        bench.capture(1250).await.is_problem(409, "already-cancelled");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_void_that_overtakes_its_authorization_forbids_it_here_and_at_the_provider(
        db: PgPool,
    ) {
        let bench = Bench::new(db).await;

        bench.void().await.is(200);
        bench.void().await.is(200);

        bench.authorize(&asking("pm_approved", 1250)).await.is_problem(409, "already-cancelled");
        assert_eq!(bench.provider_did().await, [format!("tombstone {ORDER}:void:1 0")]);
        let calls = [format!("{ORDER}:authorize:1 TOMBSTONE 0"), format!("{ORDER}:void:1 OK 0")];
        assert_eq!(bench.calls().await, calls);
        bench.has_told(&[]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_void_that_meets_an_open_authorization_finds_the_money_and_books_it_back(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.provider_dawdles(true).await;
        bench.authorize_within(&asking("pm_approved", 1250), 200).await.is(503);
        bench.provider_dawdles(false).await;

        bench.void().await.is(200);

        let calls = [format!("{ORDER}:authorize:1 OK 1250"), format!("{ORDER}:void:1 OK 1250")];
        assert_eq!(bench.calls().await, calls);
        bench.went(&["CREATED>AUTHORIZING", "AUTHORIZING>VOIDING", "VOIDING>VOIDED"]).await;
        bench.balances(&[]).await;
        assert_eq!(bench.acts().await, ["authorize:1", "void:1"]);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_void_that_races_its_authorization_leaves_nothing_held(db: PgPool) {
        let bench = Bench::new(db).await;
        let body = asking("pm_approved", 1250);

        let (_either, _way) = tokio::join!(bench.authorize(&body), bench.void());
        bench.void().await.is(200);

        bench.balances(&[]).await;
        bench.authorize(&body).await.is_problem(409, "already-cancelled");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_provider_that_is_away_is_told_later(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.provider_is_away(true).await;
        bench.void().await.is_problem(503, "payment-undecided");

        bench.provider_is_away(false).await;
        bench.settle().await;

        assert_eq!(bench.provider_did().await, [format!("tombstone {ORDER}:void:1 0")]);
        bench.void().await.is(200);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_was_taken_is_given_back_once(db: PgPool) {
        let bench = Bench::captured(db, 50_000).await;

        for _ in 0..2 {
            let answer = bench.void().await;
            answer.is(200);
            assert_eq!(
                (&answer.json["state"], &answer.json["refunded_minor"]),
                (&json!("CAPTURED"), &json!(50_000))
            );
        }

        assert_eq!(
            bench.provider_did().await.last(),
            Some(&format!("refund {ORDER}:refund:1 50000"))
        );
        assert_eq!(bench.provider_did().await.len(), 3);
        bench.has_told(&["authorized", "captured", "refund_succeeded"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn money_that_somebody_else_took_before_the_void_is_given_back(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);
        bench.provider_does("captures", "by-hand", &json!({ "amount_minor": 900 })).await;

        let answer = bench.void().await;

        answer.is(200);
        assert_eq!(
            (&answer.json["captured_minor"], &answer.json["refunded_minor"]),
            (&json!(900), &json!(900))
        );
        bench
            .went(&[
                "CREATED>AUTHORIZING",
                "AUTHORIZING>AUTHORIZED",
                "AUTHORIZED>VOIDING",
                "VOIDING>CAPTURED",
            ])
            .await;
        bench.void().await.is(200);
        bench.reconcile().await;
        bench.has_breaks(&["unknown-operation by-hand"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_refund_that_is_open_is_waited_for(db: PgPool) {
        let bench = Bench::captured(db, 1250).await;
        bench.provider_is_away(true).await;
        bench.void().await.is_problem(503, "payment-undecided");

        bench.provider_is_away(false).await;
        bench.settle_refunds().await;

        bench.void().await.is(200);
        assert_eq!(bench.provider_did().await.len(), 3);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_has_expired_needs_no_void(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);
        bench.provider_does("expirations", "expiry-1", &json!(null)).await;

        bench.void().await.is(200);

        bench.balances(&[]).await;
        bench.reconcile().await;
        bench.has_breaks(&[]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_was_refused_needs_no_void(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_declined", 1250)).await.is(402);

        let answer = bench.void().await;

        answer.is(200);
        assert_eq!(answer.json["state"], "DECLINED");
        assert_eq!(bench.calls().await.len(), 1);
    }
}
