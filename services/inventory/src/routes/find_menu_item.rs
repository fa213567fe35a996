//! `GET /v1/menu/{item_id}`

use axum::extract::State;
use inventory_contract::http::MenuItem;
use serde::Deserialize;
use service_kit::{Answer, Caller, Path, Problem, Query};
use utoipa::IntoParams;

use super::{find_menu::CACHED, wire};
use crate::{
    App,
    domain::{ItemNamed, StoreNamed},
};

/// Which store, and which words.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// Its id or its slug; an item's id says it alone, a slug means the first store that is open.
    store_id: Option<String>,
    /// The item as it will be published next, for those who run the store.
    #[serde(default)]
    draft: bool,
}

/// Shows an item of a menu; its `ETag` is the version that a change has to name.
#[utoipa::path(
    get, path = "/v1/menu/{item_id}", operation_id = "find_menu_item", tag = "menu",
    params(("item_id" = String, Path, description = "Its id or its slug"), Asked),
    responses((status = 200, body = MenuItem), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Answer<MenuItem>, Problem> {
    let (place, item) = (StoreNamed::parse(asked.store_id.as_deref()), ItemNamed::parse(&name));
    if asked.draft {
        let seen = app.find_draft(caller.principal(), &place, &item).await?;
        return Ok(Answer::ok(wire::item_seen(&seen)).etag(seen.item.version));
    }
    let (menu, item) = app.find_menu_item(&place, &item).await?;
    let version = menu.version_of(item.item_id);
    Ok(Answer::ok(wire::menu_item(&menu, &item)).etag(version).cached(CACHED))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::{BEANS, Bench, EAST, ESPRESSO, WEST};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_item_is_found_by_its_id_and_in_a_store_by_its_slug(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;

        let by_id = bench.get(&format!("/v1/menu/{ESPRESSO}")).await;
        let by_slug = bench.get(&format!("/v1/menu/espresso?store_id={EAST}")).await;

        by_id.is(200);
        assert_eq!(by_id.json, by_slug.json);
        assert_eq!(by_id.json["options"][0]["slug"], "extra-shot");
        assert_eq!(by_id.header("etag"), Some("\"1\""));
        bench.get("/v1/menu/cake").await.is_problem(404, "no-such-item");
        bench.get(&format!("/v1/menu/{BEANS}")).await.is_problem(404, "no-such-item");
        let elsewhere = format!("/v1/menu/{ESPRESSO}?store_id={WEST}");
        bench.get(&elsewhere).await.is_problem(404, "no-such-store");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_draft_is_for_those_who_run_the_store(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.change_price(EAST, ESPRESSO, 375, 1).await.is(200);
        let path = format!("/v1/menu/{ESPRESSO}?draft=true");

        let draft = bench.as_manager(EAST).get(&path).send().await;
        assert_eq!((&draft.json["price_minor"], &draft.json["version"]), (&375.into(), &2.into()));
        bench.as_manager(WEST).get(&path).send().await.is_problem(404, "no-such-item");
        bench.get(&path).await.is_problem(404, "no-such-item");
    }
}
