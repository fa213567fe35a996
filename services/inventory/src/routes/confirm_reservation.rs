//! `POST /v1/internal/reservations/{order_id}/confirm`

use axum::extract::State;
use common::types::OrderId;
use inventory_contract::http::Reservation;
use service_kit::{Answer, Caller, Path, Problem, Services};

use super::wire;
use crate::App;

/// Takes the end away from an order's hold. 409 `reservation-gone` where it was released.
#[utoipa::path(
    post, path = "/v1/internal/reservations/{order_id}/confirm", operation_id = "confirm_reservation",
    tag = "reservations", params(("order_id" = OrderId, Path)),
    responses((status = 200, body = Reservation), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Services>,
    Path(order): Path<OrderId>,
) -> Result<Answer<Reservation>, Problem> {
    let state = app.confirm_reservation(order).await?;
    Ok(Answer::ok(wire::reservation(order, state)))
}

#[cfg(test)]
mod live {
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{Bench, EAST, ESPRESSO};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_confirmed_hold_has_no_end(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.reserve(1, EAST, &[(ESPRESSO, 1)]).await.is(200);

        for _ in 0..2 {
            assert_eq!(bench.step(1, "confirm").await.json["state"], "CONFIRMED");
        }

        let told = bench.told("reservation_confirmed").await;
        assert_eq!((told.len(), &told[0]["expires_at"]), (1, &json!(null)));
        let steps = bench.transitions(1).await;
        assert_eq!(steps.last().unwrap(), &(2, Some("HELD".to_owned()), "CONFIRMED".to_owned()));
        bench.step(9, "confirm").await.is_problem(404, "no-such-reservation");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_hold_that_is_gone_is_not_confirmed(db: PgPool) {
        let bench = Bench::new(db).await;
        bench.a_cafe(EAST, "east-a").await;
        bench.reserve(1, EAST, &[(ESPRESSO, 1)]).await.is(200);
        bench.step(1, "release").await.is(200);

        bench.step(1, "confirm").await.is_problem(409, "reservation-gone");
        assert!(bench.told("reservation_confirmed").await.is_empty());
    }
}
