//! `GET /v1/home`

use axum::{
    extract::{Request, State},
    http::header::CACHE_CONTROL,
    response::{IntoResponse, Response},
};
use common::types::{Class, Principal};
use inventory_contract::http::Menu;
use orders_contract::http::{ActiveOrder, ActiveOrders};
use serde::{Deserialize, Serialize};
use service_kit::{Answer, CallError, Problem, Query};
use utoipa::{IntoParams, ToSchema};

use super::table;
use crate::App;

/// A slug is no longer.
const NAME_MAX: usize = 64;

/// Which store.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct InStore {
    /// Its id or its slug; without it, the first store that is open.
    store_id: Option<String>,
}

/// What a page begins with. What could not be had is null and named.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Home {
    /// The store's menu, with what there is of each item.
    menu: Option<Menu>,
    /// The caller's orders under way, oldest first; none for somebody who has not signed in.
    active_orders: Option<Vec<ActiveOrder>>,
    /// The caller's points.
    points: Option<i64>,
    /// The parts that are missing.
    missing: Vec<Missing>,
}

/// A part that could not be had.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Missing {
    /// `menu`, `active_orders` or `points`.
    part: &'static str,
    /// Why, in the words of `docs/problems`.
    code: String,
}

/// Shows what a customer sees first: menu and levels, orders under way, points. A part that is missing is
/// named, and the others are there.
#[utoipa::path(
    get, path = "/v1/home", operation_id = "find_home", tag = "home", params(InStore),
    responses((status = 200, body = Home), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    Query(place): Query<InStore>,
    request: Request,
) -> Response {
    let (parts, _body) = request.into_parts();
    let visitor = match app.enter(&table::HOME, &parts).await {
        Ok(visitor) => visitor,
        Err(refusal) => return refusal,
    };
    let mut response = match place.query() {
        Ok(query) => Answer::ok(look(&app, visitor.principal(), &query).await).into_response(),
        Err(problem) => problem.into_response(),
    };
    response.headers_mut().insert(CACHE_CONTROL, super::PRIVATE);
    visitor.pace.tell(response.headers_mut());
    response
}

impl InStore {
    /// The question to inventory. A name is an id or a slug, so nothing in it needs an escape.
    fn query(&self) -> Result<String, Problem> {
        let Some(name) = &self.store_id else { return Ok(String::new()) };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(plain) {
            let problem = Problem::new(Class::Malformed, "invalid-query");
            return Err(problem.pointing("?store_id", "this is neither an id nor a slug"));
        }
        Ok(format!("?store_id={name}"))
    }
}

async fn look(app: &App, principal: &Principal, query: &str) -> Home {
    let (inventory, orders) = (&app.neighbours().inventory, &app.neighbours().orders);
    let menu = inventory.get(format!("/v1/menu{query}")).on_behalf_of(principal);
    let active = async {
        if principal.id.is_nil() {
            return Ok(ActiveOrders { orders: Vec::new(), source: String::new() });
        }
        let mine = orders.get("/v1/orders/active?customer=me").on_behalf_of(principal);
        mine.send::<ActiveOrders>().await
    };
    let (menu, active) = tokio::join!(menu.send::<Menu>(), active);

    let mut missing = Vec::new();
    let menu = known("menu", menu, &mut missing);
    let active_orders = known("active_orders", active, &mut missing).map(|active| active.orders);
    // No service keeps points yet.
    missing.push(Missing { part: "points", code: "no-such-page".to_owned() });
    Home { menu, active_orders, points: None, missing }
}

fn known<T>(
    part: &'static str,
    answer: Result<T, CallError>,
    missing: &mut Vec<Missing>,
) -> Option<T> {
    match answer {
        Ok(found) => Some(found),
        Err(error) => {
            tracing::debug!(part, error = %error, "a part of the first page is missing");
            let code = super::why(error);
            missing.push(Missing { part, code });
            None
        }
    }
}
