//! `PUT /inventory/{item_id}`, as it has always been.

use axum::extract::State;
use inventory_contract::http::{SetStockOld, StockLevel};
use service_kit::{Caller, Keyed, Managers, Path, Problem, Stored};

use super::wire;
use crate::{
    App,
    domain::{ItemNamed, StoreNamed},
};

/// Sets what lies in a store, or says what came or went.
#[utoipa::path(
    put, path = "/inventory/{item_id}", operation_id = "set_stock_old", tag = "old paths",
    params(
        ("item_id" = String, Path, description = "Its id or its slug"),
        ("Idempotency-Key" = String, Header),
    ),
    request_body = SetStockOld,
    responses((status = 200, body = StockLevel), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Managers>,
    Path(name): Path<String>,
    Keyed(key, body): Keyed<SetStockOld>,
) -> Result<Stored, Problem> {
    let place = body.store_id.map_or(StoreNamed::Default, StoreNamed::Id);
    let moves = wire::stock_change_old(&body)?;
    let written = |level: &_| serde_json::to_vec(&wire::stock_level(level));
    let item = ItemNamed::parse(&name);
    Ok(app.set_stock_of(caller.principal(), &key, (&place, &item), moves, written).await?)
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{BEANS, Bench, EAST, WEST};

    const KEY: &str = "set-stock-old-0001";

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_old_client_names_neither_store_nor_reason(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let path = format!("/inventory/{BEANS}");
        let manager = bench.as_manager(EAST);
        let body = json!({"delta": -100});

        let set = manager.put(&path, &body).key(KEY).send().await;
        manager.put(&path, &body).key(KEY).send().await.is(200);

        assert_eq!((set.status, &set.json["on_hand"]), (200, &json!(800)));
        assert_eq!(bench.stock(EAST, BEANS).await, (800, 0));
        let told = bench.told("stock_moved").await;
        assert_eq!(told.last().unwrap()["kind"], "ADJUSTMENT");

        manager.put(&path, json!({})).key("set-stock-old-0002").send().await.is(422);
        let stranger = bench.as_manager(WEST).put(&path, &body).key(KEY).send().await;
        stranger.is_problem(404, "no-such-store");
        bench.i3_holds().await;
    }
}
