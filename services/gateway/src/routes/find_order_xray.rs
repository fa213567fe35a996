//! `GET /v1/ops/orders/{order_id}/xray`

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use common::types::{Class, OrderId};
use futures::future::join_all;
use serde::Serialize;
use service_kit::{
    Answer, CallError, Client, Operators, Path, Problem,
    xray::{Xray, XrayEntry},
};
use utoipa::ToSchema;

use super::table;
use crate::App;

/// All that is known of one order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderXray {
    /// The order.
    order_id: OrderId,
    /// What happened beside what: saga, kitchen, stock, money, courier, messages.
    lanes: Vec<OrderXrayLane>,
}

/// One of the things that happen beside each other.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderXrayLane {
    /// Such as `stock`.
    name: String,
    /// The service that tells it.
    service: &'static str,
    /// What happened, the oldest first.
    entries: Vec<XrayEntry>,
    /// Why the lane is empty where its service said nothing, in the words of `docs/problems`.
    #[serde(skip_serializing_if = "Option::is_none")]
    silent: Option<String>,
}

/// Shows all that every service knows of an order, side by side. A service that says nothing is an empty
/// lane that says so.
#[utoipa::path(
    get, path = "/v1/ops/orders/{order_id}/xray", operation_id = "find_order_xray", tag = "ops",
    params(("order_id" = OrderId, Path)),
    responses((status = 200, body = OrderXray), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    Path(order): Path<OrderId>,
    request: Request,
) -> Response {
    let (parts, _body) = request.into_parts();
    let visitor = match app.enter(&table::OPS, &parts).await {
        Ok(visitor) => visitor,
        Err(refusal) => return refusal,
    };
    let answer = match visitor.must_be::<Operators>() {
        Ok(()) => look(&app, order).await.map(Answer::ok),
        Err(problem) => Err(problem),
    };
    let mut response = answer.into_response();
    visitor.pace.tell(response.headers_mut());
    response
}

async fn look(app: &App, order: OrderId) -> Result<OrderXray, Problem> {
    let asked = app.neighbours().all().map(|(service, client)| lanes_of(service, client, order));
    let lanes: Vec<OrderXrayLane> = join_all(asked).await.into_iter().flatten().collect();
    let nobody = lanes.iter().all(|lane| lane.entries.is_empty() && lane.silent.is_none());
    if nobody {
        return Err(Problem::new(Class::Missing, "no-such-order").saying("there is no such order"));
    }
    Ok(OrderXray { order_id: order, lanes })
}

async fn lanes_of(service: &'static str, client: &Client, order: OrderId) -> Vec<OrderXrayLane> {
    let told = client.get(format!("/v1/internal/xray/{order}")).send::<Xray>().await;
    match told {
        Ok(told) => told
            .lanes
            .into_iter()
            .map(|lane| {
                let (name, entries) = (lane.name, lane.entries);
                OrderXrayLane { name, service, entries, silent: None }
            })
            .collect(),
        Err(error) => silent(service, error),
    }
}

/// Where an order is not known, nothing was left out.
fn silent(service: &'static str, error: CallError) -> Vec<OrderXrayLane> {
    let code = super::why(error);
    tracing::debug!(service, code, "a lane is silent");
    let silent = (code != "no-such-order").then_some(code);
    let lane = |name: &&str| OrderXrayLane {
        name: (*name).to_owned(),
        service,
        entries: Vec::new(),
        silent: silent.clone(),
    };
    lanes_told_by(service).iter().map(lane).collect()
}

/// What a service would have told.
fn lanes_told_by(service: &str) -> &'static [&'static str] {
    match service {
        "orders" => &["saga", "kitchen"],
        "inventory" => &["stock"],
        "payment" => &["money"],
        "fleet" => &["courier"],
        _ => &["messages"],
    }
}
