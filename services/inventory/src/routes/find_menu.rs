//! `GET /v1/menu`

use axum::extract::State;
use inventory_contract::http::Menu;
use serde::Deserialize;
use service_kit::{Answer, Caller, Problem, Query};
use utoipa::IntoParams;

use super::wire;
use crate::{App, domain::StoreNamed};

/// Levels are a second old at most, and others may keep them for another.
pub(super) const CACHED: &str = "public, max-age=1";

/// Which store.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct InStore {
    /// Its id or its slug; without it, the first store that is open.
    store_id: Option<String>,
}

impl InStore {
    pub(super) fn named(&self) -> StoreNamed {
        StoreNamed::parse(self.store_id.as_deref())
    }
}

/// Shows a store's published menu with what there is of each item.
#[utoipa::path(
    get, path = "/v1/menu", operation_id = "find_menu", tag = "menu", params(InStore),
    responses((status = 200, body = Menu), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller,
    Query(place): Query<InStore>,
) -> Result<Answer<Menu>, Problem> {
    let menu = app.find_menu(&place.named()).await?;
    Ok(Answer::ok(wire::menu(&menu)).cached(CACHED))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::{BEANS, Bench, EAST, ESPRESSO};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn customers_see_what_was_published_with_what_there_is_now(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;

        let menu = bench.get(&format!("/v1/menu?store_id={EAST}")).await;

        assert_eq!(menu.json["menu_version"], 1);
        let names: Vec<_> = menu.json["categories"][0]["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| (item["slug"].clone(), item["saleable"].clone(), item["level"].clone()))
            .collect();
        assert_eq!(
            names,
            [
                ("espresso".into(), 100.into(), "in_stock".into()),
                ("latte".into(), 50.into(), "in_stock".into()),
            ]
        );

        bench.set_stock(EAST, BEANS, 18).await.is(200);
        let menu = bench.get("/v1/menu?store_id=store-1").await;
        assert_eq!(menu.json["categories"][0]["items"][0]["saleable"], 2);
        assert_eq!(menu.json["categories"][0]["items"][0]["level"], "low_stock");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_edit_is_seen_once_it_is_published(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let path = format!("/v1/menu/{ESPRESSO}");
        let price = async || bench.get(&path).await.json["price_minor"].clone();

        bench.change_price(EAST, ESPRESSO, 375, 1).await.is(200);
        assert_eq!(price().await, 350);

        bench.publish(EAST).await.is(200);
        assert_eq!(price().await, 375);
        assert_eq!(bench.get("/v1/menu").await.json["menu_version"], 2);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_menu_needs_no_dynamo(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let away = bench.without_dynamo().await;

        let menu = away.get("/v1/menu").await;

        assert_eq!(menu.json["categories"][0]["items"].as_array().unwrap().len(), 2);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_is_not_published_is_not_shown(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.get("/v1/menu").await.is_problem(404, "no-such-store");
        bench.a_store(EAST, "east-a", (42.5, 1.5)).await;
        bench.get("/v1/menu").await.is_problem(404, "no-menu");
    }
}
