//! `GET /v1/internal/orders/{order_id}/standing`

use axum::extract::State;
use common::types::OrderId;
use orders_contract::repair::Standing;
use service_kit::{Answer, Caller, Path, Problem, Services};

use crate::App;

/// Says whether an order still needs what is held for it; asked by sweepers, never while a request is served.
#[utoipa::path(
    get, path = "/v1/internal/orders/{order_id}/standing", operation_id = "find_order_standing", tag = "internal",
    params(("order_id" = OrderId, Path)),
    responses((status = 200, body = Standing), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    _caller: Caller<Services>,
    Path(id): Path<OrderId>,
) -> Result<Answer<Standing>, Problem> {
    let state = app.find_standing(id).await?;
    let holds_stock = state.holds_stock();
    Ok(Answer::ok(Standing { order_id: id, state: state.name().to_owned(), holds_stock }))
}
