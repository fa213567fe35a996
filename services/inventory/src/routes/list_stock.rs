//! `GET /v1/inventory`

use axum::extract::State;
use common::types::{Class, ItemId};
use inventory_contract::http::StockLevels;
use serde::Deserialize;
use service_kit::{Answer, Caller, Problem, Query};
use utoipa::IntoParams;

use super::wire;
use crate::{App, domain::StoreNamed};

/// Which store, and which items.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Its id or its slug; without it, the first store that is open.
    store_id: Option<String>,
    /// Ids of at most 100 items, with commas between them; without it, the first 100.
    ids: Option<String>,
}

impl Asked {
    fn items(&self) -> Result<Option<Vec<ItemId>>, Problem> {
        let Some(ids) = &self.ids else { return Ok(None) };
        let ids: Result<_, _> =
            ids.split(',').filter(|id| !id.is_empty()).map(str::parse).collect();
        ids.map(Some).map_err(|error| {
            Problem::new(Class::Malformed, "invalid-query")
                .saying("ids are UUIDs with commas between them")
                .caused_by(error)
        })
    }
}

/// Shows how much there is of some items; those that the store does not have are left out.
#[utoipa::path(
    get, path = "/v1/inventory", operation_id = "list_stock", tag = "stock", params(Asked),
    responses((status = 200, body = StockLevels), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller,
    Query(asked): Query<Asked>,
) -> Result<Answer<StockLevels>, Problem> {
    let place = StoreNamed::parse(asked.store_id.as_deref());
    let levels = app.list_stock(&place, asked.items()?).await?;
    Ok(Answer::ok(StockLevels { levels: levels.iter().map(wire::stock_level).collect() }))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::{BEANS, Bench, EAST, ESPRESSO, of};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn some_items_are_listed_and_strange_ones_left_out(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let ids = format!("{BEANS},{ESPRESSO},{}", of("cake"));

        let levels = bench.get(&format!("/v1/inventory?store_id={EAST}&ids={ids}")).await.json;
        assert_eq!(levels["levels"].as_array().unwrap().len(), 2);
        assert_eq!(levels["levels"][1]["saleable"], 100);
        let all = bench.get("/v1/inventory").await.json;
        assert_eq!(all["levels"].as_array().unwrap().len(), 4);

        bench.get("/v1/inventory?ids=beans").await.is_problem(400, "invalid-query");
        let twice = bench.get(&format!("/v1/inventory?ids={BEANS},{BEANS}")).await.json;
        assert_eq!(twice["levels"].as_array().unwrap().len(), 1);
        let many = vec![BEANS.to_string(); 101].join(",");
        let many = bench.get(&format!("/v1/inventory?ids={many}")).await;
        many.is_problem(422, "too-many-items");
    }
}
