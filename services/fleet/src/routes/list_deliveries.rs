//! `GET /v1/deliveries`

use axum::extract::State;
use common::types::{Class, Timestamp};
use serde::Deserialize;
use service_kit::{Answer, Caller, Page, Problem, Query};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Deliverers, limited_to, wire};
use crate::{
    App,
    domain::{self, Which},
};

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// A state, or `OPEN` for all that have not ended.
    state: Option<String>,
}

/// Lists deliveries, oldest first: a courier's own, a dispatcher's all.
#[utoipa::path(
    get, path = "/v1/deliveries", operation_id = "list_deliveries", tag = "deliveries",
    params(Filter, Page), responses((status = 200, body = wire::Deliveries), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Deliverers>,
    Query(filter): Query<Filter>,
    page: Page,
) -> Result<Answer<wire::Deliveries>, Problem> {
    let which = which(filter.state.as_deref())?;
    let after: Option<(Timestamp, Uuid)> = page.after()?;
    let own = limited_to(caller.principal());
    let found = app.list_deliveries(own, which, after, page.limit.into()).await?;
    let last = found.last().filter(|_| found.len() == page.limit as usize);
    let last = last.map(|last| (last.errand.created_at, last.errand.id));
    let next_cursor = last.map(|last| page.cursor_for(&last)).transpose()?;
    let deliveries = found.iter().map(Into::into).collect();
    Ok(Answer::ok(wire::Deliveries { deliveries, next_cursor }))
}

fn which(state: Option<&str>) -> Result<Which, Problem> {
    let unknown = || {
        Problem::new(Class::Malformed, "invalid-query")
            .saying("the query has a parameter that is not allowed")
            .pointing("?state", "a state of deliveries, or OPEN")
    };
    match state {
        None => Ok(Which::All),
        Some("OPEN") => Ok(Which::Open),
        Some(word) => domain::State::parse(word).map(Which::In).ok_or_else(unknown),
    }
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_courier_sees_only_the_own_deliveries(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.an_assigned_delivery().await;
        bench.asks_for_delivery_of(2).await.is(201);
        let ids = async |path: &str, caller: test_kit::TestCaller| {
            let answer = caller.get(path).send().await;
            let list = answer.is(200).json["deliveries"].as_array().unwrap().clone();
            list.iter().map(|d| d["delivery_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };

        let mine = ids("/v1/deliveries", bench.as_courier(courier)).await;
        assert_eq!(mine, [delivery.to_string()]);
        assert!(ids("/v1/deliveries", bench.as_courier(Bench::courier_id(9))).await.is_empty());
        assert_eq!(ids("/v1/deliveries?state=OPEN", bench.as_dispatcher()).await.len(), 2);
        assert_eq!(ids("/v1/deliveries?state=PENDING", bench.as_dispatcher()).await.len(), 1);
        assert!(ids("/v1/deliveries?state=FAILED", bench.as_dispatcher()).await.is_empty());
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn pages_lead_from_one_to_the_next(db: PgPool) {
        let bench = Bench::new(db);
        for n in 1..=3 {
            bench.asks_for_delivery_of(n).await.is(201);
        }

        let first = bench.as_dispatcher().get("/v1/deliveries?limit=2").send().await;
        let cursor = first.is(200).json["next_cursor"].as_str().unwrap().to_owned();
        let path = format!("/v1/deliveries?limit=2&cursor={cursor}");
        let second = bench.as_dispatcher().get(&path).send().await;

        assert_eq!(second.is(200).json["deliveries"].as_array().map(Vec::len), Some(1));
        assert_ne!(first.json["deliveries"][0], second.json["deliveries"][0]);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_state_that_is_none_is_refused(db: PgPool) {
        let bench = Bench::new(db);
        let answer = bench.as_dispatcher().get("/v1/deliveries?state=LOST").send().await;
        answer.is_problem(400, "invalid-query").points_at("?state");
    }
}
