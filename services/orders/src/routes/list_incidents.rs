//! `GET /v1/ops/incidents`

use axum::extract::State;
use common::types::{Class, OrderId, Timestamp};
use orders_contract::http::Incidents;
use serde::Deserialize;
use service_kit::{Answer, Caller, Operators, Page, Problem, Query};
use utoipa::IntoParams;
use uuid::Uuid;

use crate::{App, wire};

/// Which incidents.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// `open`, `resolved` or `all`; without it, open.
    state: Option<String>,
    /// Only incidents about this order.
    order_id: Option<OrderId>,
    #[param(ignore)]
    #[expect(dead_code, reason = "read by Page")]
    limit: Option<serde::de::IgnoredAny>,
    #[param(ignore)]
    #[expect(dead_code, reason = "read by Page")]
    cursor: Option<serde::de::IgnoredAny>,
}

/// Lists what a person has to look at, newest first: refused undos, facts that came too late, orders that
/// wait too long, orders that were not paid.
#[utoipa::path(
    get, path = "/v1/ops/incidents", operation_id = "list_incidents", tag = "ops",
    params(Which, Page),
    responses((status = 200, body = Incidents), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Operators>,
    page: Page,
    Query(which): Query<Which>,
) -> Result<Answer<Incidents>, Problem> {
    let after: Option<(Timestamp, Uuid)> = page.after()?;
    let found = app.list_incidents(which.open()?, which.order_id, after, page.limit).await?;

    let full = found.len() == page.limit as usize;
    let last = found.last().filter(|_| full).map(|last| (last.at, last.id));
    let next_cursor = last.map(|last| page.cursor_for(&last)).transpose()?;
    let incidents = found.into_iter().map(wire::incident).collect();
    let body = Incidents { incidents, next_cursor };
    let cursor = body.next_cursor.clone();
    Ok(Answer::ok(body).next(&page, cursor.as_deref()))
}

impl Which {
    fn open(&self) -> Result<Option<bool>, Problem> {
        match self.state.as_deref() {
            None | Some("open") => Ok(Some(true)),
            Some("resolved") => Ok(Some(false)),
            Some("all") => Ok(None),
            Some(_) => Err(Problem::new(Class::Malformed, "invalid-query")
                .pointing("?state", "open, resolved or all")),
        }
    }
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{ANNA, Bench, CAFE};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_refused_undo_is_found_after_its_order_has_ended(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = bench.a_confirmed_order().await;
        bench.neighbours.tell("/void", 409, "already-captured", 1);

        bench.cancel(id).await.is(202);
        bench.becomes(id, "CANCELLED").await;

        let ops = bench.service.as_operator();
        let list = ops.get("/v1/ops/incidents").send().await;
        let found = &list.is(200).json["incidents"][0];
        assert_eq!(found["order_id"], json!(id));
        assert_eq!(
            (&found["kind"], &found["about"], &found["severity"], &found["detail"]),
            (&json!("refused"), &json!("void"), &json!("page"), &json!("already-captured")),
        );
        assert_eq!(list.json["incidents"].as_array().map(Vec::len), Some(1));
        let none = ops.get("/v1/ops/incidents?state=resolved").send().await;
        assert_eq!(none.json["incidents"], json!([]));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn nobody_but_operators_sees_incidents(db: PgPool) {
        let bench = Bench::new(db).await;
        for caller in [bench.service.as_customer(ANNA), bench.service.as_manager(CAFE)] {
            let answer = caller.get("/v1/ops/incidents").send().await;
            answer.is_problem(403, "role-not-allowed");
        }
        let odd = bench.service.as_operator().get("/v1/ops/incidents?state=lost").send().await;
        odd.is_problem(400, "invalid-query");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_order_that_waits_too_long_is_told_once_and_goes_on_waiting(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = bench.a_confirmed_order().await;
        bench.kitchen(id, "preparing", 5).await;

        for _ in 0..2 {
            bench.passes(id, "alert_at").await;
            bench.is_settled(id).await;
        }

        let list = bench.service.as_operator().get("/v1/ops/incidents").send().await;
        assert_eq!(list.json["incidents"].as_array().map(Vec::len), Some(1));
        let found = &list.json["incidents"][0];
        assert_eq!((&found["kind"], &found["about"]), (&json!("overdue"), &json!("PREPARING")));
        assert_eq!(bench.state(id).await, "PREPARING");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn pages_lead_through_all_incidents(db: PgPool) {
        let bench = Bench::new(db).await;
        for n in 0..3 {
            let answer = bench.place(&format!("an-order-of-the-list-{n}"), "pm_approved").await;
            let id = answer.json["order_id"].as_str().unwrap().parse().unwrap();
            bench.passes(id, "alert_at").await;
            bench.is_settled(id).await;
        }
        let ops = bench.service.as_operator();
        let first = ops.get("/v1/ops/incidents?limit=2").send().await;
        let cursor = first.json["next_cursor"].as_str().unwrap();
        let rest = ops.get(&format!("/v1/ops/incidents?limit=2&cursor={cursor}")).send().await;

        let sizes = [&first, &rest].map(|page| page.json["incidents"].as_array().unwrap().len());
        assert_eq!(sizes, [2, 1]);
    }
}
