//! `GET /menu`, as it has always been.

use axum::extract::State;
use inventory_contract::http::FlatItem;
use service_kit::{Answer, Caller, Problem, Query};

use super::{
    find_menu::{CACHED, InStore},
    wire,
};
use crate::App;

/// Shows a menu as a flat list.
#[utoipa::path(
    get, path = "/menu", operation_id = "find_menu_old", tag = "old paths", params(InStore),
    responses((status = 200, body = Vec<FlatItem>), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller,
    Query(place): Query<InStore>,
) -> Result<Answer<Vec<FlatItem>>, Problem> {
    let menu = app.find_menu(&place.named()).await?;
    let items = menu.document.items.iter().map(|item| wire::flat_item(&menu, item)).collect();
    Ok(Answer::ok(items).cached(CACHED))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{BEANS, Bench, EAST, ESPRESSO};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn old_paths_answer_for_the_first_open_store(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;

        let list = bench.get("/menu").await.json;
        let espresso = json!({
            "item_id": ESPRESSO, "name": "espresso", "price": 3.5, "description": "",
            "category": "Coffee", "stock": 100,
        });
        assert_eq!((list.as_array().unwrap().len(), &list[0]), (2, &espresso));
        assert_eq!(bench.get("/menu/espresso").await.json, espresso);
        assert_eq!(bench.get(&format!("/menu/{ESPRESSO}")).await.json, espresso);
        assert_eq!(bench.get(&format!("/inventory/{BEANS}")).await.json["on_hand"], 900);
        bench.get("/menu/cake").await.is_problem(404, "no-such-item");
    }
}
