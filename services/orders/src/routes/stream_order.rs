//! `GET /v1/internal/streams/orders/{order_id}`

use std::convert::Infallible;

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use common::types::OrderId;
use futures::{Stream, StreamExt, stream};
use service_kit::{Caller, Path, Problem};

use super::owner;
use crate::{App, app::Tracking, wire};

/// Tells an order's steps as server-sent events, from the one after `Last-Event-ID`, until it has ended.
#[utoipa::path(
    get, path = "/v1/internal/streams/orders/{order_id}", operation_id = "stream_order", tag = "internal",
    params(("order_id" = OrderId, Path), ("Last-Event-ID" = Option<i64>, Header, description = "Number of the last step seen")),
    responses(
        (status = 200, content_type = "text/event-stream", description = "`event: state`, `id:` the step's number, `data:` a TrackedState"),
        Problem,
    ),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<OrderId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let seen = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let after = seen.and_then(|text| text.parse().ok()).unwrap_or(0);
    let tracking = app.track_order(owner::of(caller.principal()), id, after).await?;
    Ok(Sse::new(steps(tracking)).keep_alive(KeepAlive::default()).into_response())
}

/// The steps of an order, as they are taken. A read that fails is tried again: a client that was sent away
/// would only come back at once.
fn steps(tracking: Tracking) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(Some(tracking), |tracking| async {
        let mut tracking = tracking?;
        loop {
            let news = tracking.news().await.unwrap_or_default();
            if news.is_empty() && tracking.order().state.ended() {
                return None;
            }
            if news.is_empty() {
                tracking.maybe_news().await;
                continue;
            }
            let ended = news.last().is_some_and(|step| step.to.ended());
            let events: Vec<_> = news
                .iter()
                .filter_map(|step| event(&wire::tracked(tracking.order(), step)))
                .collect();
            return Some((stream::iter(events), (!ended).then_some(tracking)));
        }
    })
    .flatten()
}

fn event(step: &orders_contract::http::TrackedState) -> Option<Result<Event, Infallible>> {
    let data = serde_json::to_string(step).ok()?;
    Some(Ok(Event::default().event("state").id(step.seq.to_string()).data(data)))
}

#[cfg(test)]
mod live {
    use axum::body::to_bytes;
    use serde_json::json;
    use sqlx::PgPool;

    use crate::bench::{ANNA, BEN, Bench};

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn the_stream_tells_each_step_once_from_where_it_was_left_and_ends(db: PgPool) {
        let bench = Bench::new(db).await;
        let id = bench.a_confirmed_order().await;
        let path = format!("/v1/internal/streams/orders/{id}");
        let anna = bench.service.as_customer(ANNA);
        let stream = anna.get(&path).header("last-event-id", "4").open().await;

        let cancel = format!("/v1/orders/{id}/cancellation");
        let body = json!({"reason": "customer_changed_mind"});
        anna.post(&cancel, body).key("a-key-to-cancel-with").send().await.is(202);
        let text = to_bytes(stream.into_body(), 65_536).await.unwrap();

        let text = String::from_utf8(text.to_vec()).unwrap();
        let states: Vec<&str> = ["CONFIRMED", "CANCELLING", "CANCELLED"]
            .into_iter()
            .filter(|state| text.matches(&format!("\"state\":\"{state}\"")).count() == 1)
            .collect();
        assert_eq!(states, ["CONFIRMED", "CANCELLING", "CANCELLED"], "{text}");
        assert!(text.contains("id: 5") && !text.contains("id: 4"), "{text}");
        bench.service.as_customer(BEN).get(&path).send().await.is_problem(404, "no-such-order");
    }
}
