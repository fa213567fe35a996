//! `POST /v1/menu/publish`

use axum::{extract::State, http::StatusCode};
use inventory_contract::http::{PublishMenu, PublishedMenu};
use service_kit::{Caller, Keyed, Managers, Problem, Stored};

use crate::App;

/// Publishes a store's menu as its next version, which never changes.
#[utoipa::path(
    post, path = "/v1/menu/publish", operation_id = "publish_menu", tag = "menu",
    params(("Idempotency-Key" = String, Header)), request_body = PublishMenu,
    responses((status = 200, body = PublishedMenu), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Managers>,
    Keyed(key, body): Keyed<PublishMenu>,
) -> Result<Stored, Problem> {
    let store_id = body.store_id;
    let (menu_version, replayed) = app.publish_menu(caller.principal(), &key, store_id).await?;
    let answer = Stored::first(StatusCode::OK, &PublishedMenu { store_id, menu_version }, None)?;
    Ok(Stored { replayed, ..answer })
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, EAST, ESPRESSO, WEST};

    const KEY: &str = "publish-menu-0001";

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_version_is_written_before_it_is_told_and_told_once(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let body = json!({"store_id": EAST});
        let manager = bench.as_manager(EAST);

        let published = manager.post("/v1/menu/publish", &body).key(KEY).send().await;
        let replay = manager.post("/v1/menu/publish", &body).key(KEY).send().await;

        assert_eq!(published.json, json!({"store_id": EAST, "menu_version": 2}));
        assert_eq!(
            (&replay.json, replay.header("idempotent-replayed")),
            (&published.json, Some("true"))
        );
        let menus = bench.told("menu_published").await;
        assert_eq!(menus.len(), 2);
        assert_eq!((&menus[1]["menu_version"], &menus[1]["cell"]), (&json!(2), &json!("east-a")));
        let rows = bench.catalogue(EAST, 2).await;
        assert_eq!(rows.len(), 3, "the store and two items; beans and milk are on no menu");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_broke_off_goes_on_with_the_same_words(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let body = json!({"store_id": EAST});

        let away = bench.without_dynamo().await;
        let broken = away.as_manager(EAST).post("/v1/menu/publish", &body).key(KEY).send().await;
        assert_eq!((broken.status, bench.told("menu_published").await.len()), (503, 1));
        assert_eq!(bench.get("/v1/menu").await.json["menu_version"], 1);

        bench.change_price(EAST, ESPRESSO, 999, 1).await.is(200);
        let resumed = bench.as_manager(EAST).post("/v1/menu/publish", &body).key(KEY).send().await;
        assert_eq!(resumed.json["menu_version"], 2);
        let espresso = bench.get(&format!("/v1/menu/{ESPRESSO}")).await;
        assert_eq!(espresso.json["price_minor"], 350, "as it was when the key was used first");

        assert_eq!(bench.publish(EAST).await.json["menu_version"], 3);
        let espresso = bench.get(&format!("/v1/menu/{ESPRESSO}")).await;
        assert_eq!(espresso.json["price_minor"], 999);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn only_those_who_run_the_store_publish_its_menu(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.a_store(WEST, "west-a", (42.6, 1.5)).await;
        let (here, there) = (json!({"store_id": EAST}), json!({"store_id": WEST}));

        let stranger = bench.as_manager(WEST).post("/v1/menu/publish", &here).key(KEY).send().await;
        stranger.is_problem(404, "no-such-store");
        bench.as_manager(WEST).post("/v1/menu/publish", &there).key(KEY).send().await.is(200);
        let admin = bench.as_admin();
        admin.post("/v1/menu/publish", &here).key("publish-menu-0002").send().await.is(200);
        let reused = admin.post("/v1/menu/publish", &there).key("publish-menu-0002").send().await;
        reused.is_problem(422, "key-reused");
        assert_eq!(bench.told("menu_published").await.len(), 3);
    }
}
