//! `PUT /v1/inventory/{item_id}`

use axum::extract::State;
use inventory_contract::http::{SetStock, StockLevel};
use service_kit::{Caller, Keyed, Managers, Path, Problem, Stored};

use super::wire;
use crate::{App, app, domain::ItemNamed};

/// Sets what lies in a store, or says what came or went. The key makes it happen once.
#[utoipa::path(
    put, path = "/v1/inventory/{item_id}", operation_id = "set_stock", tag = "stock",
    params(
        ("item_id" = String, Path, description = "Its id or its slug"),
        ("Idempotency-Key" = String, Header),
    ),
    request_body = SetStock,
    responses((status = 200, body = StockLevel), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Managers>,
    Path(name): Path<String>,
    Keyed(key, body): Keyed<SetStock>,
) -> Result<Stored, Problem> {
    let (change, kind) = wire::stock_change(&body)?;
    let (store, item) = (body.store_id, ItemNamed::parse(&name));
    let set = app::SetStock { store, item, change, kind };
    let written = |level: &_| serde_json::to_vec(&wire::stock_level(level));
    Ok(app.set_stock(caller.principal(), &key, &set, written).await?)
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{BEANS, Bench, EAST, ESPRESSO, LATTE, WEST, of};

    const KEY: &str = "set-stock-000001";

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_delivery_comes_in_once(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let path = format!("/v1/inventory/{BEANS}");
        let body = json!({"store_id": EAST, "delta": 100, "reason": "receipt"});
        let manager = bench.as_manager(EAST);

        let set = manager.put(&path, &body).key(KEY).send().await;
        let replay = manager.put(&path, &body).key(KEY).send().await;

        assert_eq!((set.status, &set.json["on_hand"]), (200, &json!(1_000)));
        assert_eq!((&replay.body, replay.header("idempotent-replayed")), (&set.body, Some("true")));
        assert_eq!(bench.stock(EAST, BEANS).await, (1_000, 0));
        let told = bench.told("stock_moved").await;
        let last = told.last().unwrap();
        assert_eq!((&last["quantity"], &last["on_hand_after"]), (&json!(100), &json!(1_000)));
        let other = json!({"store_id": EAST, "delta": 101, "reason": "receipt"});
        manager.put(&path, &other).key(KEY).send().await.is_problem(422, "key-reused");
        bench.i3_holds().await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_orders_hold_cannot_be_counted_away(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.reserve(1, EAST, &[(ESPRESSO, 10)]).await.is(200);
        let told = bench.count("outbox").await;

        bench.set_stock(EAST, BEANS, 89).await.is_problem(409, "below-reserved");
        assert_eq!(bench.stock(EAST, BEANS).await, (900, 90));
        assert_eq!(bench.count("outbox").await, told);

        bench.set_stock(EAST, BEANS, 90).await.is(200);
        bench.i3_holds().await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn nobody_else_and_nothing_else_sets_stock(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let moves = bench.count("stock_movement").await;
        let path = format!("/v1/inventory/{BEANS}");
        let body = json!({"store_id": EAST, "on_hand": 1, "reason": "count"});

        let stranger = bench.as_manager(WEST).put(&path, &body).key(KEY).send().await;
        stranger.is_problem(404, "no-such-store");
        let cook = bench.as_staff(EAST).put(&path, &body).key(KEY).send().await;
        cook.is_problem(403, "role-not-allowed");
        let manager = bench.as_manager(EAST);
        let keyless = manager.put(&path, &body).send().await;
        keyless.is_problem(400, "no-idempotency-key");
        let both = json!({"store_id": EAST, "on_hand": 1, "delta": 1, "reason": "count"});
        manager.put(&path, &both).key(KEY).send().await.is_problem(422, "invalid-stock-change");
        let latte = manager.put(&format!("/v1/inventory/{LATTE}"), &body).key(KEY).send().await;
        latte.is_problem(409, "no-own-stock");
        let cake = format!("/v1/inventory/{}", of("cake"));
        manager.put(&cake, &body).key(KEY).send().await.is_problem(404, "no-such-item");
        assert_eq!(bench.count("stock_movement").await, moves);
    }
}
