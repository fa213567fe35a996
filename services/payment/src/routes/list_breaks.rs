//! `GET /v1/reconciliation/breaks`

use axum::extract::State;
use service_kit::{Answer, Caller, Operators, Page, Problem, Query};

use super::wire;
use crate::App;

/// Lists where a provider's books and ours differ, newest first.
#[utoipa::path(
    get, path = "/v1/reconciliation/breaks", operation_id = "list_breaks", tag = "reconciliation",
    params(Page, wire::WhichBreaks),
    responses((status = 200, body = wire::Breaks), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Operators>,
    page: Page,
    Query(query): Query<wire::WhichBreaks>,
) -> Result<Answer<wire::Breaks>, Problem> {
    let mut found = app.list_breaks(!query.resolved, page.after()?, page.limit + 1).await?;
    let next_cursor = wire::next(&page, &mut found, |found| found.id)?;
    let breaks = found.into_iter().map(Into::into).collect();
    let body = wire::Breaks { breaks, next_cursor: next_cursor.clone() };
    Ok(Answer::ok(body).next(&page, next_cursor.as_deref()))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, ORDER, asking};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn books_that_agree_have_no_breaks_and_a_second_walk_finds_nothing_new(db: PgPool) {
        let bench = Bench::captured(db, 1250).await;
        bench.refund(500, "key-of-refund-01").await.is(202);
        bench.settle_refunds().await;
        bench.provider_authorizes("somebody-elses-key", 7).await;

        for _ in 0..2 {
            bench.reconcile().await;
            bench.has_breaks(&["unknown-operation somebody-elses-key"]).await;
        }
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_is_open_here_is_decided_by_the_providers_list(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.provider_dawdles(true).await;
        bench.authorize_within(&asking("pm_approved", 1250), 200).await.is(503);

        bench.reconcile().await;

        bench.went(&["CREATED>AUTHORIZING", "AUTHORIZING>AUTHORIZED"]).await;
        bench.has_told(&["authorized"]).await;
        bench.has_breaks(&[]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn money_held_for_a_tombstone_is_let_go_and_told_to_a_person(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.void().await.is(200);
        bench.provider_authorizes(&format!("{ORDER}:authorize:2"), 1250).await;

        bench.reconcile().await;
        bench.settle().await;

        assert_eq!(bench.provider_did().await.last(), Some(&format!("void {ORDER}:void:2 1250")));
        bench.has_breaks(&[&format!("unknown-operation {ORDER}:authorize:2")]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_we_believe_and_the_provider_does_not_know_is_a_break(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.authorize(&asking("pm_approved", 1250)).await.is(200);
        bench.books_what_never_was().await;

        bench.reconcile().await;

        bench.has_breaks(&[&format!("missing-at-provider {ORDER}:authorize:9")]).await;
        bench.has_told(&["authorized", "reconciliation_break"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_person_settles_a_break_once(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.provider_authorizes("somebody-elses-key", 7).await;
        bench.reconcile().await;
        let list = "/v1/reconciliation/breaks";
        let open = bench.operator().get(list).send().await;
        let id = open.json["breaks"][0]["break_id"].as_str().unwrap().to_owned();
        let path = format!("{list}/{id}/resolve");

        let body = json!({ "resolution": "another shop's key; they were told" });
        for _ in 0..2 {
            let settled = bench.operator().post(&path, &body).send().await;
            settled.is(200);
            assert!(settled.json["resolved_at"].is_string());
        }
        let other = bench.operator().post(&path, json!({ "resolution": "no" })).send().await;
        other.is_problem(409, "already-resolved");
        let empty = bench.operator().post(&path, json!({ "resolution": "" })).send().await;
        empty.is(422);

        bench.has_breaks(&[]).await;
        let resolved = bench.operator().get(&format!("{list}?resolved=true")).send().await;
        assert_eq!(resolved.json["breaks"].as_array().unwrap().len(), 1);
        bench.customer().get(list).send().await.is_problem(403, "role-not-allowed");
        let nowhere = format!("{list}/{ORDER}/resolve");
        bench.operator().post(&nowhere, &body).send().await.is_problem(404, "no-such-break");
    }
}
