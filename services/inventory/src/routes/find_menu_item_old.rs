//! `GET /menu/{item_id}`, as it has always been.

use axum::extract::State;
use inventory_contract::http::FlatItem;
use service_kit::{Answer, Caller, Path, Problem, Query};

use super::{
    find_menu::{CACHED, InStore},
    wire,
};
use crate::{App, domain::ItemNamed};

/// Shows an item of a menu.
#[utoipa::path(
    get, path = "/menu/{item_id}", operation_id = "find_menu_item_old", tag = "old paths",
    params(("item_id" = String, Path, description = "Its id or its slug"), InStore),
    responses((status = 200, body = FlatItem), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller,
    Path(name): Path<String>,
    Query(place): Query<InStore>,
) -> Result<Answer<FlatItem>, Problem> {
    let (menu, item) = app.find_menu_item(&place.named(), &ItemNamed::parse(&name)).await?;
    Ok(Answer::ok(wire::flat_item(&menu, &item)).cached(CACHED))
}
