//! `GET /v1/deliveries/{delivery_id}`

use axum::extract::State;
use common::types::DeliveryId;
use service_kit::{Answer, Caller, Path, Problem};

use super::{Deliverers, limited_to, wire};
use crate::App;

/// Finds a delivery: one of the caller's, or any for a dispatcher.
#[utoipa::path(
    get, path = "/v1/deliveries/{delivery_id}", operation_id = "find_delivery", tag = "deliveries",
    params(("delivery_id" = DeliveryId, Path)),
    responses((status = 200, body = wire::Delivery), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller<Deliverers>,
    Path(id): Path<DeliveryId>,
) -> Result<Answer<wire::Delivery>, Problem> {
    let delivery = app.find_delivery(id, limited_to(caller.principal())).await?;
    Ok(Answer::ok(wire::Delivery::from(&delivery)).etag(delivery.version()))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_delivery_is_shown_to_its_courier_and_to_dispatchers(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.an_assigned_delivery().await;
        let path = format!("/v1/deliveries/{delivery}");

        bench.as_courier(courier).get(&path).send().await.is(200);
        bench.as_dispatcher().get(&path).send().await.is(200);

        let other = bench.as_courier(Bench::courier_id(9)).get(&path).send().await;
        other.is_problem(404, "no-such-delivery");
    }
}
