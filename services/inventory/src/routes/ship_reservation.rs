//! `POST /v1/internal/reservations/{order_id}/ship`

use axum::extract::State;
use common::types::OrderId;
use inventory_contract::http::Reservation;
use service_kit::{Answer, Caller, Path, Problem, Services};

use super::wire;
use crate::App;

/// Takes what is held for an order out of the store. 409 `reservation-gone` where it was released.
#[utoipa::path(
    post, path = "/v1/internal/reservations/{order_id}/ship", operation_id = "ship_reservation",
    tag = "reservations", params(("order_id" = OrderId, Path)),
    responses((status = 200, body = Reservation), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Services>,
    Path(order): Path<OrderId>,
) -> Result<Answer<Reservation>, Problem> {
    let state = app.ship_reservation(order).await?;
    Ok(Answer::ok(wire::reservation(order, state)))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::{BEANS, Bench, EAST, ESPRESSO, LATTE, MILK};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_ships_leaves_the_store_once(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.reserve(1, EAST, &[(ESPRESSO, 1), (LATTE, 1)]).await.is(200);
        bench.step(1, "confirm").await.is(200);

        for _ in 0..2 {
            assert_eq!(bench.step(1, "ship").await.json["state"], "SHIPPED");
        }

        assert_eq!(bench.stock(EAST, BEANS).await, (873, 0));
        assert_eq!(bench.stock(EAST, MILK).await, (19_780, 0));
        assert_eq!(bench.told("stock_shipped").await.len(), 1);
        bench.i3_holds().await;

        assert_eq!(bench.step(1, "release").await.json["state"], "SHIPPED");
        assert_eq!(bench.step(1, "confirm").await.json["state"], "SHIPPED");
        bench.i3_holds().await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_was_never_held_or_was_given_back_does_not_ship(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;

        bench.step(1, "ship").await.is_problem(404, "no-such-reservation");
        bench.reserve(1, EAST, &[(ESPRESSO, 1)]).await.is(200);
        bench.step(1, "release").await.is(200);
        bench.step(1, "ship").await.is_problem(409, "reservation-gone");
        assert_eq!(bench.stock(EAST, BEANS).await, (900, 0));
    }
}
