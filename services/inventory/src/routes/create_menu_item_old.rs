//! `POST /menu`, as it has always been.

use axum::extract::State;
use inventory_contract::http::{FlatItem, PutFlatItem};
use service_kit::{Caller, Keyed, Managers, Problem, Stored};

use super::wire;
use crate::{App, domain::StoreNamed};

/// Makes an item that customers see at once.
#[utoipa::path(
    post, path = "/menu", operation_id = "create_menu_item_old", tag = "old paths",
    params(("Idempotency-Key" = String, Header)), request_body = PutFlatItem,
    responses((status = 201, body = FlatItem), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Managers>,
    Keyed(key, body): Keyed<PutFlatItem>,
) -> Result<Stored, Problem> {
    let place = body.store_id.map_or(StoreNamed::Default, StoreNamed::Id);
    let stock = body.stock.unwrap_or_default();
    let written = |seen: &_| serde_json::to_vec(&wire::plain_item(seen, stock.into()));
    let plain = (wire::plain(body), stock);
    Ok(app.create_plain_item(caller.principal(), &key, &place, plain, written).await?)
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, EAST, WEST};

    const KEY: &str = "create-item-old-1";

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_item_of_an_old_client_is_sold_at_once_and_made_once(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let body = json!({"name": "Lemon Cake", "price": 4.2, "category": "Cakes", "stock": 7});
        let manager = bench.as_manager(EAST);

        let made = manager.post("/menu", &body).key(KEY).send().await;
        let replay = manager.post("/menu", &body).key(KEY).send().await;

        let item = json!({
            "item_id": made.json["item_id"], "name": "Lemon Cake", "price": 4.2, "description": "",
            "category": "Cakes", "stock": 7,
        });
        assert_eq!((made.status, &made.json), (201, &item));
        assert_eq!((replay.status, &replay.body), (201, &made.body));
        assert_eq!(bench.get("/menu/lemon-cake").await.json, item);
        assert_eq!(bench.get("/v1/menu").await.json["menu_version"], 2, "published once");
        bench.i3_holds().await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_cannot_be_made_changes_nothing(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let items = bench.count("item").await;
        let make = async |manager: test_kit::TestCaller, body: serde_json::Value| {
            manager.post("/menu", body).key(KEY).send().await
        };
        let cake = json!({"name": "Cake", "price": 4.2});

        make(bench.as_manager(WEST), cake.clone()).await.is_problem(404, "no-such-store");
        make(bench.as_staff(EAST), cake.clone()).await.is_problem(403, "role-not-allowed");
        let free = json!({"name": "Cake", "price": -1});
        make(bench.as_manager(EAST), free).await.is_problem(422, "invalid-item");
        let latte = json!({"name": "Latte", "price": 4});
        make(bench.as_manager(EAST), latte).await.is_problem(409, "slug-taken");
        let keyless = bench.as_manager(EAST).post("/menu", &cake).send().await;
        keyless.is_problem(400, "no-idempotency-key");

        assert_eq!(bench.count("item").await, items);
        assert_eq!(bench.get("/v1/menu").await.json["menu_version"], 1);
    }
}
