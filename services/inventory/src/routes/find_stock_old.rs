//! `GET /inventory/{item_id}`, as it has always been.

use axum::extract::State;
use inventory_contract::http::StockLevel;
use service_kit::{Answer, Caller, Path, Problem, Query};

use super::{find_menu::InStore, wire};
use crate::{App, domain::ItemNamed};

/// Shows how much there is of an item.
#[utoipa::path(
    get, path = "/inventory/{item_id}", operation_id = "find_stock_old", tag = "old paths",
    params(("item_id" = String, Path, description = "Its id or its slug"), InStore),
    responses((status = 200, body = StockLevel), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller,
    Path(name): Path<String>,
    Query(place): Query<InStore>,
) -> Result<Answer<StockLevel>, Problem> {
    let level = app.find_stock(&place.named(), &ItemNamed::parse(&name)).await?;
    Ok(Answer::ok(wire::stock_level(&level)))
}
