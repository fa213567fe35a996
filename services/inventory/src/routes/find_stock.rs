//! `GET /v1/inventory/{item_id}`

use axum::extract::State;
use inventory_contract::http::StockLevel;
use service_kit::{Answer, Caller, Path, Problem, Query};

use super::{find_menu::InStore, wire};
use crate::{App, domain::ItemNamed};

/// Shows how much there is of an item in its store; the scarcest component decides.
#[utoipa::path(
    get, path = "/v1/inventory/{item_id}", operation_id = "find_stock", tag = "stock",
    params(("item_id" = String, Path, description = "Its id or its slug"), InStore),
    responses((status = 200, body = StockLevel), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller,
    Path(name): Path<String>,
    Query(place): Query<InStore>,
) -> Result<Answer<StockLevel>, Problem> {
    let level = app.find_stock(&place.named(), &ItemNamed::parse(&name)).await?;
    Ok(Answer::ok(wire::stock_level(&level)))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{BEANS, Bench, EAST, ESPRESSO, LATTE};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_is_held_cannot_be_sold_and_drinks_share_their_beans(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;

        bench.reserve(1, EAST, &[(LATTE, 40)]).await.is(200);

        let beans = bench.get(&format!("/v1/inventory/{BEANS}?store_id={EAST}")).await.json;
        assert_eq!((&beans["on_hand"], &beans["reserved"]), (&json!(900), &json!(720)));
        assert_eq!((&beans["saleable"], &beans["incoming"]), (&json!(180), &json!(0)));
        let espresso = bench.get(&format!("/v1/inventory/{ESPRESSO}")).await.json;
        assert_eq!((&espresso["saleable"], &espresso["on_hand"]), (&json!(20), &json!(100)));
        let latte = bench.get("/v1/inventory/latte").await.json;
        assert_eq!((&latte["saleable"], &latte["level"]), (&json!(10), &json!("in_stock")));
        bench.get("/v1/inventory/cake").await.is_problem(404, "no-such-item");
    }
}
