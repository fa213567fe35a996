//! `POST /v1/internal/deliveries/{order_id}/cancel`

use axum::extract::State;
use common::types::OrderId;
use service_kit::{Answer, Caller, Path, Problem, Services};

use super::wire;
use crate::App;

/// Calls the delivery of an order off; again, or before it was asked for, is fine. What was collected is
/// brought: 409 `already-picked-up`.
#[utoipa::path(
    post, path = "/v1/internal/deliveries/{order_id}/cancel",
    operation_id = "cancel_delivery", tag = "internal",
    params(("order_id" = OrderId, Path)),
    responses((status = 200, body = wire::CancelledDelivery), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Services>,
    Path(order): Path<OrderId>,
) -> Result<Answer<wire::CancelledDelivery>, Problem> {
    let actor = format!("service:{}", caller.service());
    let delivery = app.cancel_delivery(&actor, order).await?;
    let delivery_id = delivery.map(|delivery| delivery.errand.id);
    Ok(Answer::ok(wire::CancelledDelivery { order_id: order, delivery_id }))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::{Bench, DOOR, STORE};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_delivery_is_called_off_once_and_its_courier_is_free(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.an_assigned_delivery().await;

        bench.cancels_delivery().await.is(200);
        bench.cancels_delivery().await.is(200);

        assert_eq!(bench.state_of(delivery).await, "CANCELLED");
        assert_eq!(bench.courier_state(courier).await, "AVAILABLE");
        bench.has_told(&["delivery_planned", "delivery_assigned", "delivery_cancelled"]).await;
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn what_was_collected_is_brought(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.an_assigned_delivery().await;
        bench.hears_ticket(1, "READY").await;
        bench.fact(courier, delivery, "pickup", STORE).await.is(200);

        bench.cancels_delivery().await.is_problem(409, "already-picked-up");

        assert_eq!(bench.state_of(delivery).await, "PICKED_UP");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_fact_about_what_was_called_off_is_for_a_person_to_look_at(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.an_assigned_delivery().await;
        bench.fact(courier, delivery, "deliver", DOOR).await.is(200);
        bench.cancels_delivery().await.is(200);
        assert_eq!(bench.incidents().await, ["delivery-ended"], "the fact that waited");

        bench.fact(courier, delivery, "pickup", STORE).await.is_problem(409, "delivery-ended");

        assert_eq!(bench.incidents().await, ["delivery-ended", "delivery-ended"]);
        assert_eq!(bench.state_of(delivery).await, "CANCELLED");
    }
}
