//! `GET /v1/internal/streams/orders/{order_id}`

use std::time::Duration;

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use common::types::OrderId;
use futures::StreamExt;
use service_kit::{Caller, Path, Problem};

use super::wire;
use crate::App;

const HEARTBEAT: Duration = Duration::from_secs(15);

/// Streams where the courier of an order is, from assignment to delivery (`event: position`, without
/// `id`): the last known position first, then at most one each second. For the customer of the order, its
/// store, dispatchers and our services; to others the order is not there.
#[utoipa::path(
    get, path = "/v1/internal/streams/orders/{order_id}",
    operation_id = "stream_order_position", tag = "internal",
    params(("order_id" = OrderId, Path)),
    responses(
        (status = 200, content_type = "text/event-stream", body = wire::TrackedPosition), Problem,
    ),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Path(order): Path<OrderId>,
) -> Result<Response, Problem> {
    let fixes = app.follow_order(caller.principal(), order).await?;
    let events = fixes
        .map(move |fix| Event::default().event("position").json_data(wire::tracked(order, &fix)));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response())
}

#[cfg(test)]
mod live {
    use common::types::CustomerId;
    use sqlx::PgPool;

    use crate::bench::{Bench, DOOR, STORE, Watched};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_customer_sees_the_courier_move_until_the_goods_are_there(db: PgPool) {
        let bench = Bench::new(db);
        let (delivery, courier) = bench.a_collected_delivery().await;
        let vehicle = Bench::vehicle_id(1);
        bench.reports(vehicle, 1, STORE).await;

        let mut watched = bench.watches(bench.as_the_customer()).await;

        assert_eq!(watched.next().await, Watched::At(STORE), "the last known one, at once");
        bench.seconds_pass(60);
        bench.reports(vehicle, 2, DOOR).await;
        assert_eq!(watched.next().await, Watched::At(DOOR));
        bench.fact(courier, delivery, "deliver", DOOR).await.is(200);
        assert_eq!(watched.next().await, Watched::End);
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn nobody_else_learns_that_the_order_exists(db: PgPool) {
        let bench = Bench::new(db);
        bench.an_assigned_delivery().await;
        let path = format!("/v1/internal/streams/orders/{}", Bench::order_id(1));

        let stranger = CustomerId::from_uuid(Bench::order_id(99).as_uuid());
        let answer = bench.service.as_customer(stranger).get(&path).send().await;
        answer.is_problem(404, "no-such-delivery");
        let stranger = bench.as_courier(Bench::courier_id(9)).get(&path).send().await;
        stranger.is_problem(404, "no-such-delivery");
        bench.service.as_nobody().get(&path).send().await.is_problem(401, "no-token");
    }

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn a_stream_ends_when_the_process_stops(db: PgPool) {
        let bench = Bench::new(db);
        bench.an_assigned_delivery().await;
        let mut watched = bench.watches(bench.as_dispatcher()).await;

        bench.stop.cancel();

        assert_eq!(watched.next().await, Watched::End);
    }
}
