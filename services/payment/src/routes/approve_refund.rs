//! `POST /v1/refunds/{refund_id}/approve`

use axum::extract::State;
use service_kit::{Answer, Caller, Operators, Path, Problem, ValidJson};
use uuid::Uuid;

use super::wire;
use crate::App;

/// Lets a second person agree to a refund, or end it.
///
/// Not the one who asked for it: 403 `second-person-needed`. The same decision of the same person may be
/// repeated.
#[utoipa::path(
    post, path = "/v1/refunds/{refund_id}/approve", operation_id = "approve_refund", tag = "refunds",
    params(("refund_id" = Uuid, Path)), request_body = wire::ApproveRefund,
    responses((status = 200, body = wire::Refund), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Operators>,
    Path(id): Path<Uuid>,
    ValidJson(body): ValidJson<wire::ApproveRefund>,
) -> Result<Answer<wire::Refund>, Problem> {
    let found = app.approve_refund(caller.principal(), id, body.approve).await?;
    Ok(Answer::ok(wire::Refund::from(&found)))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn much_money_waits_for_a_second_person(db: PgPool) {
        let bench = Bench::captured(db, 50_000).await;
        let asked = bench.refund(10_001, "key-of-refund-01").await;
        bench.settle_refunds().await;
        assert_eq!(asked.json["state"], "AWAITING_APPROVAL");
        assert_eq!(bench.provider_did().await.len(), 2);

        let path = format!("{}/approve", asked.header("location").unwrap());
        let same = bench.operator().post(&path, json!({ "approve": true })).send().await;
        same.is_problem(403, "second-person-needed");
        bench.customer().post(&path, json!({ "approve": true })).send().await.is(403);
        for _ in 0..2 {
            let second = bench.second_person().post(&path, json!({ "approve": true })).send().await;
            second.is(200);
        }
        bench.settle_refunds().await;

        assert_eq!(bench.provider_did().await.len(), 3);
        let late = bench.second_person().post(&path, json!({ "approve": false })).send().await;
        late.is_problem(409, "not-awaiting-approval");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_is_not_agreed_to_frees_the_sum(db: PgPool) {
        let bench = Bench::captured(db, 20_000).await;
        let asked = bench.refund(20_000, "key-of-refund-01").await;
        bench.refund(1, "key-of-refund-02").await.is_problem(409, "exceeds-captured");

        let path = format!("{}/approve", asked.header("location").unwrap());
        let ended = bench.second_person().post(&path, json!({ "approve": false })).send().await;

        assert_eq!(ended.json["state"], "REFUSED");
        bench.refund(1, "key-of-refund-02").await.is(202);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_refund_is_seen_by_its_customer_and_by_no_other(db: PgPool) {
        let bench = Bench::captured(db, 1250).await;
        let asked = bench.refund(500, "key-of-refund-01").await;
        let path = asked.header("location").unwrap();

        bench.customer().get(path).send().await.is(200);
        bench.stranger().get(path).send().await.is_problem(404, "no-such-refund");
        let other = path.replace(asked.json["refund_id"].as_str().unwrap(), crate::bench::ORDER);
        bench.operator().get(&other).send().await.is_problem(404, "no-such-refund");
    }
}
