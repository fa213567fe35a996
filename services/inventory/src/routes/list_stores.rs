//! `GET /v1/stores`

use axum::extract::State;
use common::types::{Class, GeoPoint, StoreId};
use inventory_contract::http::Stores;
use serde::Deserialize;
use service_kit::{Answer, Caller, Page, Problem, Query};
use utoipa::IntoParams;

use super::wire;
use crate::{App, app::Near};

/// A place, and how far around it.
#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Around {
    /// Degrees north.
    #[param(minimum = -90, maximum = 90)]
    lat: Option<f64>,
    /// Degrees east.
    #[param(minimum = -180, maximum = 180)]
    lon: Option<f64>,
    /// How far around, in metres.
    #[param(minimum = 0, maximum = 100_000, default = 5_000)]
    radius_m: Option<u32>,
}

impl Around {
    fn near(self) -> Result<Option<Near>, Problem> {
        let radius_m = f64::from(self.radius_m.unwrap_or(5_000));
        let place = match (self.lat, self.lon) {
            (None, None) => return Ok(None),
            (Some(lat), Some(lon)) => GeoPoint::new(lat, lon).ok(),
            _ => None,
        };
        let place = place.ok_or_else(|| {
            Problem::new(Class::Malformed, "invalid-query")
                .saying("a place has lat (-90 to 90) and lon (-180 to 180)")
        })?;
        Ok(Some(Near { place, radius_m }))
    }
}

/// Lists stores: those around a place, nearest first, or all.
#[utoipa::path(
    get, path = "/v1/stores", operation_id = "list_stores", tag = "stores", params(Around, Page),
    responses((status = 200, body = Stores), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller,
    Query(around): Query<Around>,
    page: Page,
) -> Result<Answer<Stores>, Problem> {
    let after: Option<StoreId> = page.after()?;
    let stores = app.list_stores(around.near()?, after, page.limit).await?;
    let last = stores.last().filter(|_| stores.len() == page.limit as usize);
    let next_cursor = last.map(|(store, _)| page.cursor_for(&store.id)).transpose()?;
    let stores = stores.into_iter().map(|(store, distance_m)| wire::store(store, distance_m));
    let next = next_cursor.clone();
    let body = Stores { stores: stores.collect(), next_cursor };
    Ok(Answer::ok(body).next(&page, next.as_deref()))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::{Bench, EAST, WEST};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_nearest_store_comes_first_and_far_ones_not_at_all(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_store(EAST, "east-a", (42.50, 1.52)).await;
        bench.a_store(WEST, "west-a", (42.52, 1.52)).await;

        let all = bench.get("/v1/stores").await;
        assert_eq!(all.json["stores"].as_array().unwrap().len(), 2);
        assert!(all.json["stores"][0].get("distance_m").is_none());

        let near = bench.get("/v1/stores?lat=42.519&lon=1.52").await;
        assert_eq!(near.json["stores"][0]["store_id"], WEST.to_string());
        assert_eq!(near.json["stores"].as_array().unwrap().len(), 2);

        let nearer = bench.get("/v1/stores?lat=42.519&lon=1.52&radius_m=500").await;
        assert_eq!(nearer.json["stores"].as_array().unwrap().len(), 1);
        bench.get("/v1/stores?lat=91&lon=0").await.is_problem(400, "invalid-query");
        bench.get("/v1/stores?lat=42").await.is_problem(400, "invalid-query");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_list_goes_on_where_it_stopped(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_store(EAST, "east-a", (42.50, 1.52)).await;
        bench.a_store(WEST, "west-a", (42.52, 1.52)).await;

        for (path, order) in [
            ("/v1/stores?limit=1", [EAST, WEST]),
            ("/v1/stores?lat=42.519&lon=1.52&limit=1", [WEST, EAST]),
        ] {
            let (mut at, mut seen) = (path.to_owned(), Vec::new());
            loop {
                let page = bench.get(&at).await.json;
                seen.extend(
                    page["stores"].as_array().unwrap().iter().map(|it| it["store_id"].clone()),
                );
                let Some(cursor) = page["next_cursor"].as_str() else { break };
                at = format!("{path}&cursor={cursor}");
            }
            assert_eq!(seen, order.map(|id| serde_json::json!(id)));
        }
        bench.get("/v1/stores?cursor=made-up").await.is_problem(400, "invalid-cursor");
    }
}
