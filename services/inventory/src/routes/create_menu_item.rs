//! `POST /v1/menu`

use axum::extract::State;
use inventory_contract::http::{MenuItem, PutItem};
use service_kit::{Caller, Keyed, Managers, Problem, Stored};

use super::wire;
use crate::App;

/// Makes an item in a store. Customers see it once the menu is published. With an id of the caller's,
/// making it twice makes one.
#[utoipa::path(
    post, path = "/v1/menu", operation_id = "create_menu_item", tag = "menu",
    params(("Idempotency-Key" = String, Header)), request_body = PutItem,
    responses((status = 201, body = MenuItem), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Managers>,
    Keyed(key, body): Keyed<PutItem>,
) -> Result<Stored, Problem> {
    let (store, id, draft) = (body.store_id, body.item_id, wire::item_draft(body));
    let written = |seen: &_| serde_json::to_vec(&wire::item_seen(seen));
    Ok(app.create_menu_item(caller.principal(), &key, store, id, draft, written).await?)
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{BEANS, Bench, EAST, ESPRESSO, LATTE, WEST, item_body, of};

    const KEY: &str = "create-item-0001";

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn making_an_item_twice_makes_one(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_store(EAST, "east-a", (42.5, 1.5)).await;
        let body = item_body(EAST, BEANS, "beans");
        let manager = bench.as_manager(EAST);

        let made = manager.post("/v1/menu", &body).key(KEY).send().await;
        let replay = manager.post("/v1/menu", &body).key(KEY).send().await;
        let again = manager.post("/v1/menu", &body).key("create-item-0002").send().await;

        made.is(201);
        assert_eq!(made.header("location"), Some(format!("/v1/menu/{BEANS}").as_str()));
        assert_eq!((replay.status, &replay.body), (201, &made.body));
        assert_eq!(replay.header("idempotent-replayed"), Some("true"));
        assert_eq!((again.status, &again.json["version"]), (201, &json!(1)));
        assert_eq!(bench.count("item").await, 1);

        let mut other = body.clone();
        other["name"] = json!("Others");
        manager.post("/v1/menu", &other).key(KEY).send().await.is_problem(422, "key-reused");
        let taken = manager.post("/v1/menu", &other).key("create-item-0003").send().await;
        taken.is_problem(409, "item-exists");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_an_item_cannot_be_changes_nothing(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let (items, told) = (bench.count("item").await, bench.count("outbox").await);
        let refused = async |code: &'static str, change: &dyn Fn(&mut serde_json::Value)| {
            let mut body = item_body(EAST, of("cake"), "cake");
            change(&mut body);
            let answer = bench.as_manager(EAST).post("/v1/menu", &body).key(KEY).send().await;
            answer.is_problem(if code == "slug-taken" { 409 } else { 422 }, code);
        };

        refused("slug-taken", &|body| body["slug"] = json!("latte")).await;
        refused("invalid-item", &|body| body["slug"] = json!("La tarte")).await;
        refused("unknown-field", &|body| body["price"] = json!(3.5)).await;
        refused("invalid-body", &|body| body["price_minor"] = json!(-1)).await;
        refused("invalid-item", &|body| body["price_minor"] = json!(4_000_000_000_u32)).await;
        let of_latte = json!([{"item_id": LATTE, "amount": 1}]);
        refused("invalid-item", &|body| body["components"] = of_latte.clone()).await;
        let of_nothing = json!([{"item_id": of("nothing"), "amount": 1}]);
        refused("invalid-item", &|body| body["components"] = of_nothing.clone()).await;

        let cake = item_body(EAST, of("cake"), "cake");
        let stranger = bench.as_manager(WEST).post("/v1/menu", &cake).key(KEY).send().await;
        stranger.is_problem(404, "no-such-store");
        let cook = bench.as_staff(EAST).post("/v1/menu", &cake).key(KEY).send().await;
        cook.is_problem(403, "role-not-allowed");
        let keyless = bench.as_manager(EAST).post("/v1/menu", &cake).send().await;
        keyless.is_problem(400, "no-idempotency-key");
        assert_eq!((bench.count("item").await, bench.count("outbox").await), (items, told));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_others_are_made_of_has_no_components(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let mut beans = item_body(EAST, BEANS, "beans");
        beans["components"] = json!([{"item_id": of("milk"), "amount": 1}]);

        let path = format!("/v1/menu/{BEANS}");
        let answer = bench.as_manager(EAST).put(&path, &beans).if_match(1).send().await;

        answer.is_problem(422, "invalid-item");
        assert_eq!(bench.get(&format!("/v1/inventory/{ESPRESSO}")).await.json["saleable"], 100);
    }
}
