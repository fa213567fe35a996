//! `GET /users/{user_id}`

use axum::extract::State;
use common::types::UserId;
use identity_contract::http::User;
use service_kit::{Answer, Caller, Path, Problem};

use super::wire;
use crate::App;

/// An account, at the path of the platform's user check.
#[utoipa::path(
    get, path = "/users/{user_id}", operation_id = "find_user_by_old_path", tag = "users",
    params(("user_id" = UserId, Path)), responses((status = 200, body = User), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Result<Answer<User>, Problem> {
    let account = app.find_user(caller.principal(), id).await?;
    Ok(Answer::ok(wire::user(&account)))
}
