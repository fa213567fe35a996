//! `POST /v1/internal/reservations/{order_id}/release`

use axum::extract::State;
use common::types::OrderId;
use inventory_contract::http::Reservation;
use service_kit::{Answer, Caller, Path, Problem, Services};

use super::wire;
use crate::App;

/// Gives back what is held for an order; what has left the store stays `SHIPPED`. An order that nobody
/// knows is remembered as released, and a reserve that comes later is refused.
#[utoipa::path(
    post, path = "/v1/internal/reservations/{order_id}/release", operation_id = "release_reservation",
    tag = "reservations", params(("order_id" = OrderId, Path)),
    responses((status = 200, body = Reservation), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Services>,
    Path(order): Path<OrderId>,
) -> Result<Answer<Reservation>, Problem> {
    let state = app.release_reservation(order, "cancelled", "orders").await?;
    Ok(Answer::ok(wire::reservation(order, state)))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{BEANS, Bench, EAST, ESPRESSO};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_is_released_is_free_again_once(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.reserve(1, EAST, &[(ESPRESSO, 99)]).await.is(200);
        bench.step(1, "confirm").await.is(200);

        for _ in 0..2 {
            assert_eq!(bench.step(1, "release").await.json["state"], "RELEASED");
        }

        assert_eq!(bench.stock(EAST, BEANS).await, (900, 0));
        let told = bench.told("stock_released").await;
        assert_eq!((told.len(), &told[0]["cause"]), (1, &json!("cancelled")));
        bench.reserve(2, EAST, &[(ESPRESSO, 99)]).await.is(200);
        bench.i3_holds().await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_release_that_overtakes_its_reserve_wins(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;

        assert_eq!(bench.step(1, "release").await.json["state"], "RELEASED");

        bench.reserve(1, EAST, &[(ESPRESSO, 1)]).await.is_problem(409, "already-cancelled");
        assert_eq!(bench.step(1, "release").await.json["state"], "RELEASED");
        assert_eq!(bench.stock(EAST, BEANS).await, (900, 0));
        assert!(bench.told("stock_released").await.is_empty());
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_database_refuses_a_step_that_is_not_legal(db: PgPool) {
        let bench = Bench::new(db.clone()).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.reserve(1, EAST, &[(ESPRESSO, 1)]).await.is(200);
        bench.step(1, "release").await.is(200);

        let back = "UPDATE reservation SET state = 'CONFIRMED', version = version + 1";
        let refused = sqlx::query(back).execute(&db).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "CE002");
        let oversell = "UPDATE stock SET reserved = on_hand + 1";
        let refused = sqlx::query(oversell).execute(&db).await.unwrap_err();
        assert_eq!(refused.as_database_error().unwrap().constraint(), Some("stock_never_oversold"));
    }
}
