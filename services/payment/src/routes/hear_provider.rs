//! `POST /v1/payments/webhooks/{provider}`

use std::error::Error;

use axum::{
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use common::types::Class;
use service_kit::{Path, Problem, stack::BodyError};

use crate::{
    App,
    app::{HearProviderError, Signed, WebhookError},
};

/// Hears what a payment provider tells (Standard Webhooks 1.0.0).
///
/// Needs no token: the signature is checked over the bytes as they came, and is good for 300 s. The same
/// `webhook-id` again is answered 200 without effect, and so is what is stale or means nothing to us. A
/// missing or wrong signature is answered 401 without a word.
#[utoipa::path(
    post, path = "/v1/payments/webhooks/{provider}", operation_id = "hear_provider", tag = "payments",
    params(
        ("provider" = String, Path, example = "sandbox"),
        ("webhook-id" = String, Header),
        ("webhook-timestamp" = i64, Header),
        ("webhook-signature" = String, Header),
    ),
    request_body(content = String, content_type = "application/json"),
    responses(
        (status = 200, description = "It is heard, or means nothing to us"),
        (status = 401, description = "It is not signed by the provider"),
        Problem,
    ),
)]
pub(super) async fn handle(
    State(app): State<App>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    // The kit bounds the body.
    let body = match to_bytes(body, usize::MAX).await {
        Ok(body) => body,
        Err(error) => return unreadable(error).into_response(),
    };
    match app.hear_provider(&provider, &signed(&headers), &body).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => refusal(error),
    }
}

fn signed(headers: &HeaderMap) -> Signed<'_> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    Signed {
        id: text("webhook-id").unwrap_or_default(),
        timestamp: text("webhook-timestamp").unwrap_or_default(),
        signatures: text("webhook-signature").unwrap_or_default(),
    }
}

/// Whoever cannot sign learns nothing.
fn refusal(error: HearProviderError) -> Response {
    match error {
        HearProviderError::Webhook(WebhookError::NotSigned) => {
            StatusCode::UNAUTHORIZED.into_response()
        }
        error => Problem::from(error).into_response(),
    }
}

fn unreadable(error: axum::Error) -> Problem {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(now) = cause {
        if let Some(known) = now.downcast_ref::<BodyError>() {
            return Problem::from(*known);
        }
        cause = now.source();
    }
    Problem::new(Class::Malformed, "unreadable-body").caused_by(error)
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, ORDER, asking};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_webhook_decides_what_was_open_once_and_the_late_answer_changes_nothing(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.provider_dawdles(true).await;
        bench.authorize_within(&asking("pm_approved", 1250), 200).await.is(503);

        let told = bench.webhook_of(&format!("{ORDER}:authorize:1")).await;
        for _ in 0..2 {
            bench.hear(&told).await.is(200);
        }
        bench.provider_dawdles(false).await;
        bench.settle().await;

        bench.went(&["CREATED>AUTHORIZING", "AUTHORIZING>AUTHORIZED"]).await;
        bench.has_told(&["authorized"]).await;
        bench.balances(&[("hold:provider:sandbox", 1250)]).await;
        assert_eq!(bench.notices().await, ["APPLIED"]);
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn late_and_reordered_webhooks_change_nothing(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);
        bench.capture(1000).await.is(200);

        for key in [format!("{ORDER}:capture:1"), format!("{ORDER}:authorize:1")] {
            bench.hear(&bench.webhook_of(&key).await).await.is(200);
        }

        assert_eq!(bench.notices().await, ["STALE", "STALE"]);
        bench.has_told(&["authorized", "captured"]).await;
        assert_eq!(bench.acts().await, ["authorize:1", "capture:1"]);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn webhooks_of_a_real_provider_doubled_and_overtaken_leave_one_story(db: PgPool) {
        let bench = Bench::listening(db).await;
        bench
            .faults(json!({ "dup_webhook": 1.0, "reorder_webhook": 0.5, "lose_reply": 0.3 }))
            .await;

        bench.authorize(&asking("pm_approved", 1250)).await;
        bench.settle().await;
        bench.capture(1250).await;
        bench.settle().await;
        while bench.notices().await.len() < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }

        assert_eq!(bench.provider_did().await.len(), 2);
        bench.has_told(&["authorized", "captured"]).await;
        assert_eq!(bench.acts().await, ["authorize:1", "capture:1"]);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_is_not_signed_by_the_provider_is_sent_away_without_a_word(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);
        let told = bench.webhook_of(&format!("{ORDER}:authorize:1")).await;

        for forged in [
            told.clone().signed_by("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            told.clone().at(-301),
            told.clone().at(301),
            told.clone().saying(r#"{"type":"x","data":{}}"#),
            told.clone().without_signature(),
        ] {
            let answer = bench.hear(&forged).await;
            assert_eq!((answer.status, answer.body.len()), (401, 0), "{forged:?}");
        }
        assert_eq!(bench.notices().await, [""; 0]);

        bench
            .hear_at("/v1/payments/webhooks/nobody", &told)
            .await
            .is_problem(404, "no-such-provider");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_is_unreadable_too_long_or_unknown_does_no_harm(db: PgPool) {
        let bench = Bench::new(db).await;

        let unreadable = Bench::notice("evt_1", "no json");
        bench.hear(&unreadable).await.is_problem(400, "unreadable-webhook");
        let long = Bench::notice("evt_2", &"x".repeat(70_000));
        bench.hear(&long).await.is_problem(413, "body-too-large");
        let of_another_kind = Bench::notice("evt_3", r#"{"type":"payout.paid","data":{"id":7}}"#);
        bench.hear(&of_another_kind).await.is(200);

        assert_eq!(bench.notices().await, ["IGNORED"]);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_nobody_knows_is_parked_until_somebody_does(db: PgPool) {
        let bench = Bench::new(db).await;
        let key = format!("{ORDER}:authorize:1");
        bench.provider_authorizes(&key, 1250).await;
        bench.hear(&bench.webhook_of(&key).await).await.is(200);
        assert_eq!(bench.notices().await, ["PARKED"]);

        bench.provider_dawdles(true).await;
        bench.authorize_within(&asking("pm_approved", 1250), 200).await.is(503);
        bench.provider_dawdles(false).await;
        bench.reconcile().await;

        assert_eq!(bench.notices().await, ["STALE"], "the provider's list was faster");
        bench.has_told(&["authorized"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn money_held_for_a_voided_order_is_let_go(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);
        bench.void().await.is(200);
        // Another region's zombie.
        let key = format!("{ORDER}:authorize:2");
        bench.provider_authorizes(&key, 1250).await;

        bench.hear(&bench.webhook_of(&key).await).await.is(200);
        bench.settle().await;

        assert_eq!(bench.notices().await, ["APPLIED"]);
        let did = bench.provider_did().await;
        assert_eq!(did.last(), Some(&format!("void {ORDER}:void:2 1250")));
        bench.balances(&[]).await;
    }
}
