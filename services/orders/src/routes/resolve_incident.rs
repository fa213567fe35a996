//! `POST /v1/ops/incidents/{incident_id}/resolution`

use axum::extract::State;
use common::types::Class;
use orders_contract::http::{Incident, ResolveIncident};
use service_kit::{Answer, Caller, Operators, Path, Problem, ValidJson};
use uuid::Uuid;

use crate::{App, wire};

/// Notes that somebody has seen to an incident, and how.
///
/// It moves neither money nor stock, so it needs no key: the same words again are answered the same, other
/// words about a resolved incident are 409.
#[utoipa::path(
    post, path = "/v1/ops/incidents/{incident_id}/resolution", operation_id = "resolve_incident",
    tag = "ops",
    params(("incident_id" = Uuid, Path)),
    request_body = ResolveIncident,
    responses((status = 200, body = Incident), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Operators>,
    Path(id): Path<Uuid>,
    ValidJson(body): ValidJson<ResolveIncident>,
) -> Result<Answer<Incident>, Problem> {
    if body.note.as_str().trim().is_empty() {
        return Err(
            Problem::new(Class::Invalid, "invalid-body").pointing("/note", "say what was done")
        );
    }
    let by = caller.principal().id;
    let incident = app.resolve_incident(id, by, body.note.as_str()).await?;
    Ok(Answer::ok(wire::incident(incident)))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;
    use uuid::Uuid;

    use crate::bench::{ANNA, Bench};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_incident_is_resolved_once_by_a_person_who_says_how(db: PgPool) {
        let bench = Bench::new(db).await;
        let order = bench.a_confirmed_order().await;
        bench.passes(order, "alert_at").await;
        bench.is_settled(order).await;
        let ops = bench.service.as_operator();
        let list = ops.get(&format!("/v1/ops/incidents?order_id={order}")).send().await;
        let id = list.json["incidents"][0]["incident_id"].as_str().unwrap().to_owned();
        let path = format!("/v1/ops/incidents/{id}/resolution");
        let note = json!({"note": "called the store, it is busy"});

        let first = ops.post(&path, &note).send().await;
        let again = ops.post(&path, &note).send().await;

        assert_eq!(first.is(200).json["note"], note["note"]);
        assert!(first.json["resolved_by"].is_string() && first.json["resolved_at"].is_string());
        assert_eq!(again.is(200).body, first.body);
        let other = ops.post(&path, json!({"note": "no, it is closed"})).send().await;
        other.is_problem(409, "already-resolved");
        let open = ops.get("/v1/ops/incidents").send().await;
        assert_eq!(open.json["incidents"], json!([]));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn who_may_not_resolve_changes_nothing(db: PgPool) {
        let bench = Bench::new(db).await;
        let path = format!("/v1/ops/incidents/{}/resolution", Uuid::from_u128(7));
        let note = json!({"note": "nothing"});

        let anna = bench.service.as_customer(ANNA).post(&path, &note).send().await;
        anna.is_problem(403, "role-not-allowed");
        let ops = bench.service.as_operator();
        ops.post(&path, &note).send().await.is_problem(404, "no-such-incident");
        ops.post(&path, json!({"note": ""})).send().await.is_problem(422, "invalid-body");
    }
}
