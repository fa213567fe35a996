//! `PUT /v1/menu/{item_id}`

use axum::extract::State;
use common::types::ItemId;
use inventory_contract::http::{MenuItem, PutItem};
use service_kit::{Answer, Caller, IfMatch, Managers, Path, Problem, ValidJson};

use super::{precondition, wire};
use crate::App;

/// Changes an item. Customers see the change once the menu is published.
#[utoipa::path(
    put, path = "/v1/menu/{item_id}", operation_id = "change_menu_item", tag = "menu",
    params(("item_id" = ItemId, Path), ("If-Match" = String, Header)), request_body = PutItem,
    responses((status = 200, body = MenuItem), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Managers>,
    Path(id): Path<ItemId>,
    IfMatch(version): IfMatch,
    ValidJson(body): ValidJson<PutItem>,
) -> Result<Answer<MenuItem>, Problem> {
    wire::same_item(id, &body)?;
    let (store, draft) = (body.store_id, wire::item_draft(body));
    let seen = app.change_menu_item(caller.principal(), id, version, store, draft).await;
    let seen = seen.map_err(precondition::problem)?;
    Ok(Answer::ok(wire::item_seen(&seen)).etag(seen.item.version))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, EAST, ESPRESSO, LATTE, WEST, item_body};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_change_names_the_version_that_was_read(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;

        let changed = bench.change_price(EAST, ESPRESSO, 375, 1).await;
        assert_eq!((changed.status, &changed.json["version"]), (200, &json!(2)));
        assert_eq!(changed.header("etag"), Some("\"2\""));

        let stale = bench.change_price(EAST, ESPRESSO, 400, 1).await;
        stale.is_problem(412, "if-match-failed");
        let body = item_body(EAST, ESPRESSO, "espresso");
        let path = format!("/v1/menu/{ESPRESSO}");
        let blind = bench.as_manager(EAST).put(&path, &body).send().await;
        blind.is_problem(428, "if-match-required");
        let draft = bench.as_manager(EAST).get(&format!("{path}?draft=true")).send().await;
        assert_eq!(draft.json["price_minor"], 375);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn only_those_who_run_the_store_change_its_items(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let path = format!("/v1/menu/{ESPRESSO}");
        let body = item_body(EAST, ESPRESSO, "espresso");

        let stranger = bench.as_manager(WEST).put(&path, &body).if_match(1).send().await;
        stranger.is_problem(404, "no-such-store");
        let mismatch = item_body(EAST, LATTE, "espresso");
        let mismatch = bench.as_manager(EAST).put(&path, &mismatch).if_match(1).send().await;
        mismatch.is_problem(422, "invalid-item").points_at("/item_id");
        let taken = item_body(EAST, ESPRESSO, "latte");
        let taken = bench.as_manager(EAST).put(&path, &taken).if_match(1).send().await;
        taken.is_problem(409, "slug-taken");
        assert_eq!(bench.get(&path).await.json["version"], 1);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_new_recipe_holds_for_the_next_order(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.reserve(1, EAST, &[(ESPRESSO, 1)]).await.is(200);
        let mut body = item_body(EAST, ESPRESSO, "espresso");
        body["components"] = json!([{"item_id": crate::bench::BEANS, "amount": 10}]);
        let path = format!("/v1/menu/{ESPRESSO}");
        bench.as_manager(EAST).put(&path, &body).if_match(1).send().await.is(200);

        bench.reserve(2, EAST, &[(ESPRESSO, 1)]).await.is(200);

        assert_eq!(bench.stock(EAST, crate::bench::BEANS).await, (900, 19));
    }
}
