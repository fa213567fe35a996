//! `GET /v1/users/me`

use axum::extract::State;
use identity_contract::http::User;
use service_kit::{Answer, Caller, Problem};

use super::wire;
use crate::App;

/// The caller's own account.
#[utoipa::path(
    get, path = "/v1/users/me", operation_id = "find_me", tag = "users",
    responses((status = 200, body = User), Problem),
)]
pub(super) async fn handle(
    State(app): State<App>,
    caller: Caller,
) -> Result<Answer<User>, Problem> {
    let principal = caller.principal();
    let account = app.find_user(principal, principal.user()).await?;
    Ok(Answer::ok(wire::user(&account)))
}

#[cfg(test)]
mod live {
    use sqlx::PgPool;

    use crate::bench::Bench;

    #[sqlx::test(migrator = "crate::MIGRATIONS")]
    async fn everybody_sees_themselves_without_their_hash(db: PgPool) {
        let bench = Bench::new(db);
        let anna = bench.a_customer("anna@example.com").await;

        let answer = bench.as_customer(anna).get("/v1/users/me").send().await;

        assert_eq!(answer.status, 200, "{}", answer.json);
        let fields: Vec<&String> = answer.json.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["user_id", "email", "name", "roles", "stores"]);
        bench.get("/v1/users/me").await.is_problem(401, "no-token");
    }
}
