//! `POST /v1/internal/reservations`

use axum::extract::State;
use common::types::Fault;
use inventory_contract::http::{Reservation, Reserve};
use service_kit::{Answer, Caller, Problem, Services, ValidJson};

use super::wire;
use crate::{
    App,
    app::ReserveError,
    domain::{Line, NoRecipe},
};

/// Holds all lines of an order, or none. The order is the key: asked again, it answers the same.
///
/// 409 `out-of-stock` points at the lines of which there is too little, 409 `already-cancelled` means
/// that the order was released before.
#[utoipa::path(
    post, path = "/v1/internal/reservations", operation_id = "reserve_stock", tag = "reservations",
    request_body = Reserve, responses((status = 200, body = Reservation), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Services>,
    ValidJson(body): ValidJson<Reserve>,
) -> Result<Answer<Reservation>, Problem> {
    let lines: Vec<Line> = body.lines.into_iter().map(wire::line).collect();
    let held = app.reserve_stock(body.order_id, body.store_id, &lines, body.hold_s).await;
    let state = held.map_err(|error| problem(error, &lines))?;
    Ok(Answer::ok(wire::reservation(body.order_id, state)))
}

/// Points at the lines that stand in the way, each with its item.
pub(super) fn problem(error: ReserveError, lines: &[Line]) -> Problem {
    let at = match &error {
        ReserveError::OutOfStock { lines } => lines.clone(),
        ReserveError::NoRecipe(NoRecipe::Item { line } | NoRecipe::Option { line }) => vec![*line],
        _ => return error.into(),
    };
    let problem = Problem::new(error.class(), error.code()).saying(error.to_string());
    at.into_iter().fold(problem, |problem, n| {
        let item = lines.get(n).map(|line| line.item.to_string()).unwrap_or_default();
        problem.pointing(format!("/lines/{n}/item_id"), item)
    })
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{BEANS, Bench, EAST, ESPRESSO, LATTE, MILK, of, order};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn components_of_all_lines_are_held_and_told(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;

        let held = bench.reserve(1, EAST, &[(ESPRESSO, 2), (LATTE, 1)]).await;

        assert_eq!(held.json, json!({"order_id": order(1), "state": "HELD"}));
        assert_eq!(bench.stock(EAST, BEANS).await, (900, 36));
        assert_eq!(bench.stock(EAST, MILK).await, (20_000, 220));
        let told = bench.told("stock_reserved").await;
        let told = told.first().unwrap();
        assert_eq!((&told["order_id"], &told["cell"]), (&json!(order(1)), &json!("east-a")));
        assert_eq!(told["lines"].as_array().unwrap().len(), 2);
        let end = bench.now() + jiff::SignedDuration::from_secs(960);
        assert_eq!(told["expires_at"], end.to_string());
        assert_eq!(bench.transitions(1).await, [(1, None, "HELD".to_owned())]);
        bench.i3_holds().await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_same_order_is_held_once_whatever_it_says_later(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.reserve(1, EAST, &[(ESPRESSO, 99)]).await.is(200);

        let replay = bench.reserve(1, EAST, &[(ESPRESSO, 99)]).await;

        assert_eq!((replay.status, &replay.json["state"]), (200, &json!("HELD")));
        assert_eq!(bench.stock(EAST, BEANS).await, (900, 891));
        assert_eq!(bench.told("stock_reserved").await.len(), 1);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn an_order_that_cannot_be_whole_holds_nothing_and_says_why(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.set_stock(EAST, MILK, 100).await.is(200);

        let refused = bench.reserve(1, EAST, &[(ESPRESSO, 1), (LATTE, 1)]).await;

        refused.is_problem(409, "out-of-stock").points_at("/lines/1/item_id");
        assert_eq!(refused.json["errors"][0]["detail"], LATTE.to_string());
        assert_eq!(refused.json["errors"].as_array().unwrap().len(), 1);
        assert_eq!(bench.stock(EAST, BEANS).await, (900, 0));
        assert_eq!(bench.count("reservation").await, 0);
        assert!(bench.told("stock_reserved").await.is_empty());
        bench.reserve(1, EAST, &[(ESPRESSO, 1)]).await.is(200);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_makes_no_sense_is_refused_and_changes_nothing(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        let orders = bench.as_service("orders");
        let ask = async |change: serde_json::Value| {
            let mut body = json!({"order_id": order(1), "store_id": EAST, "hold_s": 960,
                "lines": [{"item_id": ESPRESSO, "quantity": 1}]});
            for (field, value) in change.as_object().unwrap() {
                body[field] = value.clone();
            }
            orders.post("/v1/internal/reservations", &body).send().await
        };
        let line =
            |item, quantity: i64| json!({"lines": [{"item_id": item, "quantity": quantity}]});

        ask(line(of("cake"), 1))
            .await
            .is_problem(422, "unknown-item")
            .points_at("/lines/0/item_id");
        let soy = json!([{"item_id": ESPRESSO, "quantity": 1, "options": ["soy-milk"]}]);
        ask(json!({"lines": soy})).await.is_problem(422, "unknown-option");
        for quantity in [0, -1, 1_000_000_000] {
            ask(line(ESPRESSO, quantity)).await.is_problem(422, "invalid-body");
        }
        ask(json!({"lines": []})).await.is_problem(422, "invalid-reservation");
        ask(json!({"hold_s": 0})).await.is_problem(422, "invalid-reservation");
        ask(json!({"price": 1})).await.is_problem(422, "unknown-field");
        ask(json!({"store_id": of("nowhere")})).await.is_problem(404, "no-such-store");

        let body = json!({"order_id": order(1), "store_id": EAST, "hold_s": 960,
            "lines": [{"item_id": ESPRESSO, "quantity": 1}]});
        let admin = bench.as_admin().post("/v1/internal/reservations", &body).send().await;
        admin.is_problem(403, "role-not-allowed");
        let nobody = bench.as_nobody().post("/v1/internal/reservations", &body).send().await;
        nobody.is_problem(401, "no-token");
        assert_eq!(bench.count("reservation").await, 0);
        assert_eq!(bench.stock(EAST, BEANS).await, (900, 0));
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_cell_that_is_written_elsewhere_is_not_written_here(db: PgPool) {
        let bench = Bench::new(db.clone()).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.reserve(1, EAST, &[(ESPRESSO, 1)]).await.is(200);
        let raise = "UPDATE cell_fence SET epoch = 2 WHERE cell = 'east-a'";
        sqlx::query(raise).execute(&db).await.unwrap();

        bench.reserve(2, EAST, &[(ESPRESSO, 1)]).await.is_problem(503, "cell-elsewhere");
        bench.step(1, "ship").await.is_problem(503, "cell-elsewhere");
        bench.step(1, "release").await.is_problem(503, "cell-elsewhere");
        bench.step(1, "confirm").await.is_problem(503, "cell-elsewhere");
        bench.set_stock(EAST, BEANS, 800).await.is_problem(503, "cell-elsewhere");
        bench.change_price(EAST, ESPRESSO, 1, 1).await.is_problem(503, "cell-elsewhere");
        bench.publish(EAST).await.is_problem(503, "cell-elsewhere");
        assert_eq!(bench.stock(EAST, BEANS).await, (900, 9));
    }
}
