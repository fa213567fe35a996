//! `PUT /menu/{item_id}`, as it has always been.

use axum::extract::State;
use inventory_contract::http::{FlatItem, PutFlatItem};
use service_kit::{Answer, Caller, Managers, Path, Problem, ValidJson};

use super::{
    precondition::{self, Known},
    wire,
};
use crate::{
    App,
    domain::{ItemNamed, StoreNamed},
};

/// Changes an item; customers see it at once. `If-Match` is compared where it is sent.
#[utoipa::path(
    put, path = "/menu/{item_id}", operation_id = "change_menu_item_old", tag = "old paths",
    params(
        ("item_id" = String, Path, description = "Its id or its slug"),
        ("If-Match" = Option<String>, Header),
    ),
    request_body = PutFlatItem, responses((status = 200, body = FlatItem), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Managers>,
    Path(name): Path<String>,
    Known(known): Known,
    ValidJson(body): ValidJson<PutFlatItem>,
) -> Result<Answer<FlatItem>, Problem> {
    let named = ItemNamed::parse(&name);
    wire::same_plain_item(&named, &body)?;
    let place = body.store_id.map_or(StoreNamed::Default, StoreNamed::Id);
    let plain = wire::plain(body);
    let seen = app.change_plain_item(caller.principal(), &place, &named, known, plain).await;
    let seen = seen.map_err(precondition::problem)?;
    let item = wire::plain_item(&seen, seen.portions.saleable());
    Ok(Answer::ok(item).etag(seen.item.version))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, EAST, ESPRESSO, LATTE, WEST};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_change_of_an_old_client_is_seen_at_once_and_keeps_the_recipe(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let path = format!("/menu/{ESPRESSO}");
        let mut body = bench.get(&path).await.json;
        body["price"] = json!(3.75);

        let changed = bench.as_manager(EAST).put(&path, &body).send().await;

        assert_eq!((changed.status, &changed.json), (200, &body));
        assert_eq!(bench.get(&path).await.json, body);
        assert_eq!(bench.get("/v1/menu/espresso").await.json["price_minor"], 375);
        bench.reserve(1, EAST, &[(ESPRESSO, 1)]).await.is(200);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_version_is_compared_where_it_is_named(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let path = format!("/menu/{ESPRESSO}");
        let body = json!({"name": "Espresso", "price": 3.75});
        let manager = bench.as_manager(EAST);

        manager.put(&path, &body).if_match(1).send().await.is(200);
        manager.put(&path, &body).if_match(1).send().await.is_problem(412, "if-match-failed");

        let other = json!({"name": "Espresso", "price": 1, "item_id": LATTE});
        let other = manager.put(&path, &other).send().await;
        other.is_problem(422, "invalid-item").points_at("/item_id");
        let stranger = bench.as_manager(WEST).put(&path, &body).send().await;
        stranger.is_problem(404, "no-such-item");
        assert_eq!(bench.get(&path).await.json["price"], 3.75);
    }
}
