//! `GET /v1/orders/{order_id}/track`

use std::time::Duration;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, StatusCode,
        header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use common::types::{Class, OrderId, Principal};
use fleet_contract::http::{Delivery, TrackedPosition};
use futures::{Stream, StreamExt, stream};
use orders_contract::http::Order;
use serde::Serialize;
use service_kit::{Answer, CallError, Path, Problem};
use utoipa::ToSchema;

use super::table;
use crate::{
    App,
    track::{Blocks, data, merged},
};

const EVENTS: &str = "text/event-stream";
/// Between two tries to hear where the courier is.
const POSITIONS_AGAIN: Duration = Duration::from_secs(3);

/// How long a snapshot waits for the first position of a stream that tells it at once.
const FIRST_POSITION: Duration = Duration::from_millis(if cfg!(test) { 60_000 } else { 200 });

/// Where an order is, at one moment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Tracking {
    /// The order.
    order: Order,
    /// State of its delivery in the words of `docs/STATES.md`; null where there is none, or nobody knows.
    delivery_state: Option<String>,
    /// Where its courier was last seen; null where there is none, or nobody knows.
    position: Option<TrackedPosition>,
}

/// Follows an order. With `Accept: text/event-stream` a stream: `state` with `id` (replayed after
/// `Last-Event-ID`) and `position` (never replayed), to the end of the order. Without it, one snapshot.
#[utoipa::path(
    get, path = "/v1/orders/{order_id}/track", operation_id = "track_order", tag = "orders",
    params(("order_id" = OrderId, Path), ("last-event-id" = Option<i64>, Header)),
    responses(
        (status = 200, content((Tracking = "application/json"), (String = "text/event-stream"))),
        Problem,
    ),
)]
pub(super) async fn handle(
    State(app): State<App>,
    Path(order): Path<OrderId>,
    request: Request,
) -> Response {
    let (parts, _body) = request.into_parts();
    let Some(route) = table::find(parts.uri.path()) else {
        return Problem::new(Class::Missing, "no-such-page").into_response();
    };
    let visitor = match app.enter(route, &parts).await {
        Ok(visitor) => visitor,
        Err(refusal) => return refusal,
    };
    let principal = visitor.principal();
    let answer = if wants_events(&parts.headers) {
        follow(&app, principal, order, last_event(&parts.headers)).await
    } else {
        look(&app, principal, order).await.map(|tracking| Answer::ok(tracking).into_response())
    };
    let mut response = answer.into_response();
    visitor.pace.tell(response.headers_mut());
    response
}

async fn look(app: &App, principal: &Principal, order: OrderId) -> Result<Tracking, Problem> {
    let of_order =
        app.neighbours().orders.get(format!("/v1/orders/{order}")).on_behalf_of(principal);
    let of_order = of_order.send::<Order>().await.map_err(refused)?;
    // The order is the caller's to see; from here on we ask for ourselves.
    let delivery = app.neighbours().fleet.get(format!("/v1/internal/deliveries/by-order/{order}"));
    let (delivery, position) = tokio::join!(delivery.send::<Delivery>(), last_position(app, order));
    let delivery_state = known(delivery).map(|delivery| delivery.state);
    Ok(Tracking { order: of_order, delivery_state, position })
}

/// The last known position is the first that fleet's stream tells.
async fn last_position(app: &App, order: OrderId) -> Option<TrackedPosition> {
    let stream =
        app.neighbours().fleet.get(format!("/v1/internal/streams/orders/{order}")).stream();
    let mut blocks = Blocks::of(known(stream.await)?);
    #[expect(clippy::disallowed_methods, reason = "a stream is listened to for a moment")]
    let block = tokio::time::timeout(FIRST_POSITION, blocks.next()).await;
    data(&block.ok()??)
}

/// A part that is missing is no reason to say nothing.
fn known<T>(answer: Result<T, CallError>) -> Option<T> {
    answer
        .inspect_err(|error| tracing::debug!(error = %error, "a part of the tracking is missing"))
        .ok()
}

async fn follow(
    app: &App,
    principal: &Principal,
    order: OrderId,
    after: Option<String>,
) -> Result<Response, Problem> {
    let path = format!("/v1/internal/streams/orders/{order}");
    let call = app.neighbours().orders.get(path.as_str()).on_behalf_of(principal);
    let call = after.into_iter().fold(call, |call, after| call.header("last-event-id", &after));
    // Whose order it is, orders decides: for somebody else's it answers 404.
    let steps = Blocks::of(call.stream().await.map_err(refused)?);
    let steps = stream::unfold(steps, async |mut steps| Some((steps.next().await?, steps)));

    let body = Body::from_stream(merged(steps, positions(app.clone(), path)));
    Ok(([(CONTENT_TYPE, EVENTS), (CACHE_CONTROL, "no-store")], body).into_response())
}

/// Positions, for as long as somebody listens. A fleet that knows nothing yet, or is away, is asked again.
fn positions(app: App, path: String) -> impl Stream<Item = Bytes> + Send + 'static {
    let tries = stream::unfold((app, path), async |(app, path)| {
        let opened = app.neighbours().fleet.get(path.as_str()).stream().await;
        Some((opened.ok(), (app, path)))
    });
    tries.flat_map(|opened| {
        let blocks = stream::unfold(opened.map(Blocks::of), async |blocks| {
            let mut blocks = blocks?;
            Some((blocks.next().await?, Some(blocks)))
        });
        let pause = stream::once(tokio::time::sleep(POSITIONS_AGAIN));
        blocks.map(Some).chain(pause.map(|()| None)).filter_map(std::future::ready)
    })
}

fn refused(error: CallError) -> Problem {
    match error {
        CallError::Refused { status, .. } if status == StatusCode::NOT_FOUND => {
            Problem::new(Class::Missing, "no-such-order").saying("there is no such order")
        }
        CallError::Refused { status, .. } if status == StatusCode::FORBIDDEN => {
            Problem::new(Class::Forbidden, "role-not-allowed")
        }
        // Nothing was to be done but look: nothing has happened.
        error => Problem::new(Class::Unavailable, "upstream-unavailable").caused_by(error),
    }
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepts.flat_map(|value| value.split(',')).any(|kind| kind.trim().starts_with(EVENTS))
}

fn last_event(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("last-event-id")?.to_str().ok()?;
    id.parse::<i64>().ok().map(|id| id.to_string())
}
